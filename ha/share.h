// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ha/values.h"

// Who takes which gateway. Every survivor computes this for itself, from heartbeats; where they
// differ the arbiter decides, so it needs to be fair and mostly equal, not exact. Pure.
namespace cw::ha {

struct Candidate {
  std::string router;
  Fitness fitness = Fitness::Fit;
  std::uint32_t owned = 0;
  int missed = 0;  // targets out of its reach

  friend bool operator==(const Candidate&, const Candidate&) = default;
};

// Best first: the fittest, then who misses the fewest targets, then who owns the fewest, then by a
// hash of both names (rendezvous), so that equals do not all take the first router of the alphabet.
// Unfit ones are left out.
[[nodiscard]] std::vector<std::string> rank(std::string_view gateway,
                                            std::vector<Candidate> candidates);

}  // namespace cw::ha
