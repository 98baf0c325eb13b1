// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"

// When to read a network directory that changes under the agent's feet (`git pull`, rsync), and
// when to believe it: after a silence, twice, and only if both readings agree. Pure; the caller
// keeps the time and does the reading.
//
//   changed --silence--> first reading --pause--> second reading --same--> take it
//      ^                                               |
//      +------------------- different -----------------+
namespace cw::agent {

// A `git pull` touches its files within milliseconds of each other; a person saving two files by
// hand does not, and gets two reloads.
inline constexpr std::chrono::milliseconds kSilence{1000};
// Long enough for a writer that was between two files to go on.
inline constexpr std::chrono::milliseconds kBetweenReadings{100};

// A directory that is written to all the time is read after this all the same: both readings tell
// by themselves whether it holds still.
inline constexpr std::chrono::seconds kLongestSilence{10};

class Settle {
 public:
  enum class Verdict : std::uint8_t { ReadAgain, Take };

  // Something in the directory changed.
  void changed(SteadyTime now);

  // When the next reading is due; nothing while all is quiet.
  [[nodiscard]] std::optional<SteadyTime> due() const { return due_; }

  // The due reading was made; `differs` from the one before it.
  [[nodiscard]] Verdict read(bool differs, SteadyTime now);

  // A person asked for a reading and got it: what was pending is covered.
  void forget();

 private:
  std::optional<SteadyTime> due_;
  std::optional<SteadyTime> first_;  // change that no reading has covered
  bool read_once_ = false;
};

}  // namespace cw::agent
