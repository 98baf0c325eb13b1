// SPDX-License-Identifier: Apache-2.0
#include "network/json_depth.h"

#include <fmt/format.h>

#include "network/toml_bounds.h"

namespace cw::network {

Result<> check_depth(std::string_view json) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t at = 0; at < json.size(); ++at) {
    const char c = json[at];
    if (in_string) {
      at += c == '\\' ? 1U : 0U;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kDeepestNesting) {
        return Error::invalid(
            fmt::format("it is nested more than {} levels deep", kDeepestNesting));
      }
    } else if (c == ']' || c == '}') {
      depth -= depth > 0 ? 1U : 0U;
    }
  }
  return {};
}

}  // namespace cw::network
