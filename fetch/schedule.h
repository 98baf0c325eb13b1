// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

// When to ask again. Pure: the randomness is an argument.
namespace cw::fetch {

// Routers that were started together do not ask together for ever: the next request is sooner than
// the interval by up to a fifth of it, and never later. `random` is any 64 random bits.
[[nodiscard]] constexpr std::chrono::milliseconds jittered(std::chrono::milliseconds interval,
                                                           std::uint64_t random) {
  constexpr std::int64_t kPart = 5;
  const auto most = interval.count() / kPart;
  if (most <= 0) {
    return interval;
  }
  return interval - std::chrono::milliseconds(
                        static_cast<std::int64_t>(random % static_cast<std::uint64_t>(most + 1)));
}

}  // namespace cw::fetch
