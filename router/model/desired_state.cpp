// SPDX-License-Identifier: Apache-2.0
#include "router/model/desired_state.h"

#include <charconv>

namespace cw::router {

namespace {

std::optional<std::uint64_t> number_in(const std::string& text) {
  std::uint64_t number = 0;
  const auto* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  return error == std::errc{} && end == last ? std::optional(number) : std::nullopt;
}

}  // namespace

bool WantedSysctl::is_met_by(const std::string& there) const {
  if (there == value || bound == Bound::Exactly) {
    return there == value;
  }
  const auto has = number_in(there);
  const auto wants = number_in(value);
  return has && wants && (bound == Bound::AtLeast ? *has >= *wants : *has <= *wants);
}

}  // namespace cw::router
