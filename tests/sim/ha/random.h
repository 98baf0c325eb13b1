// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace cw::sim {

// splitmix64 (Steele, Lea, Flood 2014): the same numbers from the same seed with every compiler,
// and nothing to initialise, since there is one for each of ten thousand worlds.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }

  // From `low` to `high`, both included.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(high - low + 1));
  }

  std::size_t below(std::size_t end) { return next() % end; }

  bool in_thousand(std::uint32_t chance) { return next() % 1000 < chance; }

 private:
  std::uint64_t state_;
};

}  // namespace cw::sim
