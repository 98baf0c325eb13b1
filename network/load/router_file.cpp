// SPDX-License-Identifier: Apache-2.0
#include "network/load/router_file.h"

#include "base/file.h"
#include "network/limits.h"

namespace cw::network {

tl::expected<RouterConfig, Diagnostics> read_router_file(const std::string& path) {
  const auto text = read_file(path, kLargestFile);
  if (!text) {
    const bool missing = text.error().kind == ErrorKind::NotFound;
    return tl::unexpected(Diagnostics{
        {.message = text.error().to_text(),
         .place = {.file = path, .span = {}},
         .hint = missing ? "see causeway-router(5) for what it contains"
                         : "it must be a small text file that the agent's user may read"}});
  }
  return parse_router_config(*text, path);
}

}  // namespace cw::network
