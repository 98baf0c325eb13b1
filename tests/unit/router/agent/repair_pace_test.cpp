// SPDX-License-Identifier: Apache-2.0
#include "router/agent/repair_pace.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace cw::agent {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime kStart{1h};

// Repairs whatever the turn says, each as soon as it may; how many there were after a minute.
template <class Damage>
int repairs_in_a_minute(Damage damage) {
  RepairPace pace;
  int repairs = 0;
  for (auto now = kStart; now < kStart + 1min; now += pace.delay(now)) {
    pace.repaired({damage(repairs)}, now);
    ++repairs;
  }
  return repairs;
}

TEST(RepairPace, TheFirstIsAtOnce) {
  EXPECT_EQ(RepairPace().delay(kStart), kDebounce);
}

TEST(RepairPace, DifferentDamageIsRepairedAtOnceHoweverOften) {
  RepairPace pace;
  for (int i = 0; i < 20; ++i) {
    pace.repaired({fmt::format("rule {}", i)}, kStart + i * 1s);
    EXPECT_EQ(pace.delay(kStart + i * 1s), kDebounce) << i;
  }
}

TEST(RepairPace, WhatIsUndoneAgainAndAgainIsRepairedLaterEachTime) {
  EXPECT_LT(repairs_in_a_minute([](int) { return "rule"; }), 20);
}

TEST(RepairPace, TwoThingsInTurnAreOneFight) {
  EXPECT_LT(repairs_in_a_minute([](int i) { return fmt::format("rule {}", i % 2); }), 20);
}

TEST(RepairPace, SomethingElseEachTimeIsAFightInTheEnd) {
  EXPECT_LT(repairs_in_a_minute([](int i) { return fmt::format("route {}", i); }),
            20 + static_cast<int>(kMostRepairsKnown));
}

TEST(RepairPace, PeaceEndsIt) {
  RepairPace pace;
  for (int i = 0; i < 10; ++i) {
    pace.repaired({"rule"}, kStart);
  }
  EXPECT_EQ(pace.delay(kStart + kFightOver), kDebounceInAFight);
  EXPECT_EQ(pace.delay(kStart + kFightOver + 1ms), kDebounce);
}

}  // namespace
}  // namespace cw::agent
