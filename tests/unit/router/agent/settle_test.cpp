// SPDX-License-Identifier: Apache-2.0
#include "router/agent/settle.h"

#include <gtest/gtest.h>

namespace cw::agent {
namespace {

using namespace std::chrono_literals;

const SteadyTime kStart{100s};

TEST(Settle, NothingIsDueWhenNothingChanged) {
  EXPECT_FALSE(Settle{}.due());
}

TEST(Settle, ReadsAfterASecondOfSilence) {
  Settle settle;
  settle.changed(kStart);
  EXPECT_EQ(settle.due(), kStart + 1s);
}

TEST(Settle, EachChangeStartsTheSilenceAnew) {
  Settle settle;
  settle.changed(kStart);
  settle.changed(kStart + 900ms);
  EXPECT_EQ(settle.due(), kStart + 1900ms);
}

TEST(Settle, TakesWhatTwoReadingsAgreeOn) {
  Settle settle;
  settle.changed(kStart);
  EXPECT_EQ(settle.read(true, kStart + 1s), Settle::Verdict::ReadAgain);
  EXPECT_EQ(settle.due(), kStart + 1s + kBetweenReadings);
  EXPECT_EQ(settle.read(false, kStart + 1100ms), Settle::Verdict::Take);
  EXPECT_FALSE(settle.due());
}

TEST(Settle, StartsOverWhenTwoReadingsDiffer) {
  Settle settle;
  settle.changed(kStart);
  (void)settle.read(true, kStart + 1s);
  EXPECT_EQ(settle.read(true, kStart + 1100ms), Settle::Verdict::ReadAgain);
  EXPECT_EQ(settle.due(), kStart + 2100ms);
  EXPECT_EQ(settle.read(false, kStart + 2100ms), Settle::Verdict::ReadAgain);
  EXPECT_EQ(settle.read(false, kStart + 2200ms), Settle::Verdict::Take);
}

TEST(Settle, AChangeBetweenTheReadingsStartsOver) {
  Settle settle;
  settle.changed(kStart);
  (void)settle.read(true, kStart + 1s);
  settle.changed(kStart + 1050ms);
  EXPECT_EQ(settle.due(), kStart + 2050ms);
  EXPECT_EQ(settle.read(false, kStart + 2050ms), Settle::Verdict::ReadAgain);
}

TEST(Settle, WritesWithoutEndAreReadAfterTenSeconds) {
  Settle settle;
  auto now = kStart;
  for (; now < kStart + kLongestSilence; now += 500ms) {
    settle.changed(now);
    EXPECT_LE(*settle.due(), kStart + kLongestSilence);
  }
  EXPECT_EQ(settle.due(), now);
  EXPECT_EQ(settle.read(true, now), Settle::Verdict::ReadAgain);
  settle.changed(now + 50ms);
  EXPECT_EQ(settle.due(), now + kBetweenReadings);
  EXPECT_EQ(settle.read(false, now + kBetweenReadings), Settle::Verdict::Take);
  EXPECT_FALSE(settle.due());
}

TEST(Settle, ReadingsThatDifferAfterTenSecondsStartOverAndDoNotSpin) {
  Settle settle;
  settle.changed(kStart);
  const auto late = kStart + kLongestSilence + 5s;
  (void)settle.read(true, late);
  (void)settle.read(true, late + kBetweenReadings);
  EXPECT_EQ(settle.due(), late + kBetweenReadings + kSilence);
}

TEST(Settle, AReadingOnRequestCoversWhatWasPending) {
  Settle settle;
  settle.changed(kStart);
  settle.forget();
  EXPECT_FALSE(settle.due());
}

}  // namespace
}  // namespace cw::agent
