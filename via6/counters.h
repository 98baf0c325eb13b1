// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "via6/program/parameters.h"

// What became of the packets that were for a translator, counted by reason. Plain values; pure.
namespace cw::via6 {

inline constexpr std::size_t kOutcomes = CW_VIA6_OUTCOMES;

// For metrics: "no_route". `outcome` is one of cw_via6_outcome.
[[nodiscard]] std::string_view name(std::size_t outcome);

// For people: "to or from an address outside the site's routes".
[[nodiscard]] std::string_view meaning(std::size_t outcome);

// Packets (a GSO packet counts once) by outcome.
using Counts = std::array<std::uint64_t, kOutcomes>;

struct Counters {
  Counts from_tunnel{};
  Counts to_tunnel{};

  friend bool operator==(const Counters&, const Counters&) = default;
};

}  // namespace cw::via6
