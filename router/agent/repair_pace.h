// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "router/agent/backoff.h"

// How soon after an announcement to put right what another program changed: at once, but for what
// it undoes again and again, which is a fight and done a little later each time. Pure.
namespace cw::agent {

// From another program's first change to ours being put right; it rarely makes only one.
inline constexpr std::chrono::milliseconds kDebounce{50};
// The most of it, when another program undoes our repairs at once, again and again.
inline constexpr std::chrono::milliseconds kDebounceInAFight{5000};
// Peace for this long ends a fight.
inline constexpr std::chrono::seconds kFightOver{10};
// So many different repairs in one fight: whatever comes next is more of it.
inline constexpr std::size_t kMostRepairsKnown = 64;

class RepairPace {
 public:
  // From the first announcement to the repair.
  [[nodiscard]] std::chrono::milliseconds delay(SteadyTime now) const {
    return now - last_ > kFightOver ? kDebounce : delay_;
  }

  // The steps of a repair. One with a step that this fight has not seen is no part of it yet.
  void repaired(const std::vector<std::string>& steps, SteadyTime now);

 private:
  Backoff backoff_{kDebounce, kDebounceInAFight};
  std::chrono::milliseconds delay_{kDebounce};
  std::set<std::string, std::less<>> known_;
  SteadyTime last_{};
};

}  // namespace cw::agent
