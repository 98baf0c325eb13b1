// SPDX-License-Identifier: Apache-2.0
#include "cli/target.h"

#include <fmt/format.h>

#include "fetch/store/store.h"

namespace cw::cli {

Result<Target> Target::open(std::string_view text, std::string ca_file) {
  auto location = CW_TRY(fetch::parse_location(text));
  return Target(std::move(location), {.ca_file = std::move(ca_file)});
}

fetch::Location Target::at(std::string_view suffix) const {
  return suffix.empty() ? location_ : fetch::beside(location_, suffix);
}

Result<std::optional<fetch::Answer>> Target::get(std::string_view suffix) const {
  const auto from = at(suffix);
  auto answer = fetch::get({.from = from, .known = {}, .limits = fetch::kNetmapLimits}, trust_);
  if (!answer) {
    if (answer.error().kind == ErrorKind::NotFound) {
      return std::optional<fetch::Answer>();
    }
    return std::move(answer.error()).with_context("reading " + from.text);
  }
  return std::optional(std::move(*answer));
}

Result<> Target::put(std::string_view suffix, std::string content, fetch::Version replaces) const {
  const auto to = at(suffix);
  const auto put = fetch::put(
      {.to = to, .content = std::move(content), .replaces = std::move(replaces)}, trust_);
  if (!put) {
    return Error(put.error()).with_context("writing " + to.text);
  }
  return {};
}

}  // namespace cw::cli
