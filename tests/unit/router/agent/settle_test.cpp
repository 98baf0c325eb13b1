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

TEST(Settle, AReadingOnRequestCoversWhatWasPending) {
  Settle settle;
  settle.changed(kStart);
  settle.forget();
  EXPECT_FALSE(settle.due());
}

}  // namespace
}  // namespace cw::agent
