// SPDX-License-Identifier: Apache-2.0
#include "network/name.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/printable.h"
#include "network/limits.h"

namespace cw::network {

namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

Result<std::string> parse(std::string_view text, std::string_view what, std::string_view marks,
                          std::size_t longest) {
  const auto fits = [&](char c) {
    return is_letter_or_digit(c) || marks.find(c) != std::string_view::npos;
  };
  std::string spaced;
  for (const char mark : marks) {
    spaced += {' ', mark};
  }
  if (text.empty() || text.size() > longest || !std::ranges::all_of(text, fits)) {
    return Error::invalid(
        fmt::format("'{}' is not a {}: 1 to {} of a-z 0-9{}", text, what, longest, spaced));
  }
  if (!is_letter_or_digit(text.front()) || !is_letter_or_digit(text.back())) {
    return Error::invalid(
        fmt::format("'{}' is not a {}: it must begin and end with a letter or digit", text, what));
  }
  return std::string(text);
}

}  // namespace

Result<std::string> parse_name(std::string_view text) {
  return parse(text, "name", "-_.", kLongestName);
}

Result<std::string> parse_gateway_name(std::string_view text) {
  return parse(text, "gateway name", "-", kLongestGatewayName);
}

Result<std::string> parse_user(std::string_view text) {
  if (text.empty() || text.size() > kLongestUser || printable(text) != text) {
    return Error::invalid(
        fmt::format("a user is 1 to {} bytes of text without control characters", kLongestUser));
  }
  return std::string(text);
}

Result<std::string> parse_interface(std::string_view text) {
  const auto fits = [](char c) { return c > ' ' && c < 0x7f && c != '/' && c != ':'; };
  if (text.empty() || text.size() > kLongestInterface || text == "." || text == ".." ||
      !std::ranges::all_of(text, fits)) {
    return Error::invalid(fmt::format("'{}' is not the name of a network interface", text));
  }
  return std::string(text);
}

}  // namespace cw::network
