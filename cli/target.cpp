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

Result<> Target::put(std::string_view suffix, const std::string& content,
                     const Replaces& replaces) const {
  const auto to = at(suffix);
  const auto put = fetch::put(
      {.to = to, .content = content, .replaces = replaces.version, .only_new = replaces.nothing},
      trust_);
  if (!put) {
    return Error(put.error()).with_context("writing " + to.text);
  }
  if (!fetch::is_remote(to)) {
    return {};
  }
  const auto there = CW_TRY(get(suffix));
  if (!there || there->content != content) {
    return Error::invalid(fmt::format(
        "{} was sent and the server said that all is well, but it gives {}: is it where files can "
        "be put, does a cache answer for it, or did somebody else publish just now?",
        to.text, there ? "something else" : "nothing"));
  }
  return {};
}

bool Target::tells_apart(const fetch::Version& version) const {
  return !fetch::is_remote(location_) || fetch::is_strong(version);
}

}  // namespace cw::cli
