// SPDX-License-Identifier: Apache-2.0
#include "base/group_file.h"

#include <charconv>

#include "base/file.h"

namespace cw {

namespace {

constexpr auto kGroupFile = "/etc/group";
constexpr std::size_t kLargestGroupFile = std::size_t{1} << 20U;

// What stands before the next colon, which goes too.
std::string_view take_field(std::string_view& line) {
  const auto end = line.find(':');
  const auto field = line.substr(0, end);
  line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  return field;
}

}  // namespace

// NAME:PASSWORD:GID:MEMBERS
std::optional<gid_t> group_in(std::string_view file, std::string_view name) {
  while (!file.empty()) {
    const auto end = file.find('\n');
    auto line = file.substr(0, end);
    file.remove_prefix(end == std::string_view::npos ? file.size() : end + 1);
    if (take_field(line) != name) {
      continue;
    }
    take_field(line);
    const auto digits = take_field(line);
    gid_t group = 0;
    const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), group);
    if (error == std::errc{} && rest == digits.data() + digits.size()) {
      return group;
    }
  }
  return std::nullopt;
}

std::optional<gid_t> agent_group() {
  const auto file = read_file(kGroupFile, kLargestGroupFile);
  return file ? group_in(*file, kAgentGroup) : std::nullopt;
}

}  // namespace cw
