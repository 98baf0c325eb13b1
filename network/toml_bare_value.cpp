// SPDX-License-Identifier: Apache-2.0
#include "network/toml_bare_value.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>

#include <fmt/format.h>

namespace cw::network {

namespace {

bool all_of_class(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

bool is_number(std::string_view token) {
  if (token.starts_with("0x") || token.starts_with("0o") || token.starts_with("0b")) {
    return token.size() > 2 && all_of_class(token.substr(2), "0123456789abcdefABCDEF_");
  }
  if (token.starts_with('+') || token.starts_with('-')) {
    token.remove_prefix(1);
  }
  if (token == "inf" || token == "nan") {
    return true;
  }
  return !token.empty() && std::isdigit(static_cast<unsigned char>(token.front())) != 0 &&
         std::ranges::count(token, '.') <= 1 && all_of_class(token, "0123456789_.eE+-");
}

// RFC 3339 by its shape: digits and separators where they belong.
bool looks_like_time(std::string_view token) {
  return token.size() >= 8 && (token[2] == ':' || (token.size() >= 10 && token[4] == '-')) &&
         all_of_class(token, "0123456789-+:.TtZz ");
}

// The number in two characters of `token`, or -1.
int two_digits(std::string_view token, std::size_t at) {
  const auto digits = token.substr(std::min(at, token.size()), 2);
  return digits.size() == 2 && all_of_class(digits, "0123456789")
             ? (digits[0] - '0') * 10 + (digits[1] - '0')
             : -1;
}

bool is_time(std::string_view token) {
  const bool dated = token[4] == '-';
  if (dated) {
    using namespace std::chrono;
    const year_month_day date(year(two_digits(token, 0) * 100 + two_digits(token, 2)),
                              month(static_cast<unsigned>(two_digits(token, 5))),
                              day(static_cast<unsigned>(two_digits(token, 8))));
    if (!date.ok() || token.size() == 10) {
      return date.ok();
    }
  }
  const std::size_t at = dated ? 11 : 0;
  const auto within = [&](std::size_t place, int most) {
    const int value = two_digits(token, at + place);
    return value >= 0 && value <= most;
  };
  return within(0, 23) && within(3, 59) && within(6, 60);
}

bool is_yes_or_no(std::string_view token) {
  constexpr std::array<std::string_view, 6> kWords = {"true", "false", "yes", "no", "on", "off"};
  std::string lower(token);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::find(kWords, lower) != kWords.end();
}

std::optional<WrongValue> wrong_number(std::string_view token) {
  const auto digits = token.substr(token.starts_with('-') || token.starts_with('+') ? 1 : 0);
  if (digits.size() > 1 && digits[0] == '0' && all_of_class(digits, "0123456789_")) {
    return WrongValue{.message = "a number cannot begin with 0",
                      .hint = "remove the zeros, or put quotes around it"};
  }
  if (token.find("__") != std::string_view::npos || token.ends_with('_') || token.ends_with('.')) {
    return WrongValue{.message = "this number is not complete", .hint = {}};
  }
  return std::nullopt;
}

}  // namespace

std::optional<WrongValue> wrong_bare_value(std::string_view token) {
  if (token == "true" || token == "false") {
    return std::nullopt;
  }
  if (looks_like_time(token)) {
    return is_time(token) ? std::nullopt
                          : std::optional<WrongValue>({.message = "there is no such date or time",
                                                       .hint = "write it as 2027-01-31T18:00:00Z"});
  }
  if (is_number(token)) {
    return wrong_number(token);
  }
  if (is_yes_or_no(token)) {
    return WrongValue{.message = fmt::format("`{}` is not a value", token),
                      .hint = "write true or false"};
  }
  return WrongValue{.message = "text must stand in quotes",
                    .hint = fmt::format("write \"{}\"", token)};
}

}  // namespace cw::network
