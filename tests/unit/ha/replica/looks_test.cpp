// SPDX-License-Identifier: Apache-2.0
#include "ha/replica/looks.h"

#include <gtest/gtest.h>

namespace cw::ha::replica {
namespace {

constexpr Time kStart{std::chrono::hours(1)};
constexpr Duration kTakes{400};

TEST(Looks, TheFirstIsAtOnceAndItsPartsAreToo) {
  Looks looks(kStart, kLookEvery);
  EXPECT_LE(looks.due(), kStart);
  EXPECT_FALSE(looks.under_way());
  looks.begin(kStart);
  EXPECT_TRUE(looks.under_way());
  EXPECT_LE(looks.due(), kStart);
}

TEST(Looks, AnOwnerLooksEveryMinute) {
  Looks looks(kStart, kLookEvery);
  looks.begin(kStart);
  looks.done(kStart + kTakes);
  EXPECT_FALSE(looks.under_way());
  EXPECT_EQ(looks.due(), kStart + kTakes + kLookEvery);
}

TEST(Looks, AStandbyLooksOnce) {
  Looks looks(kStart);
  looks.begin(kStart);
  looks.done(kStart + kTakes);
  EXPECT_FALSE(looks.due());
}

TEST(Looks, AnInterruptedOneIsBegunAnewAtOnce) {
  Looks looks(kStart, kLookEvery);
  for (unsigned i = 1; i < kMostInterrupted; ++i) {
    looks.begin(kStart);
    EXPECT_FALSE(looks.interrupted(kStart + kTakes));
    EXPECT_EQ(looks.due(), kStart + kTakes);
    EXPECT_FALSE(looks.under_way());
  }
  looks.begin(kStart);
  EXPECT_TRUE(looks.interrupted(kStart + kTakes)) << "not without end";
  EXPECT_EQ(looks.due(), kStart + kTakes + kLookAgain);
  looks.begin(kStart + kLookAgain);
  EXPECT_FALSE(looks.interrupted(kStart + kLookAgain)) << "counted anew";
}

TEST(Looks, AFailedOneIsRepeatedSoon) {
  for (const auto every : {std::optional<Duration>(), std::optional(kLookEvery)}) {
    Looks looks(kStart, every);
    looks.begin(kStart);
    looks.failed(kStart + kTakes);
    EXPECT_FALSE(looks.under_way());
    EXPECT_EQ(looks.due(), kStart + kTakes + kLookAgain);
  }
}

TEST(Looks, WhereEventsAreLostALookFollowsAtOnce) {
  Looks looks(kStart, kLookEvery);
  looks.begin(kStart);
  looks.done(kStart + kTakes);
  const auto later = kStart + kLookEvery / 2;
  looks.lost(later);
  EXPECT_EQ(looks.due(), later);
}

TEST(Looks, WhereTheyAreLostDuringOneAnotherFollowsSoon) {
  Looks looks(kStart, kLookEvery);
  looks.begin(kStart);
  looks.lost(kStart + kTakes / 2);
  EXPECT_TRUE(looks.under_way());
  looks.done(kStart + kTakes);
  EXPECT_EQ(looks.due(), kStart + kLookAgain);
  looks.begin(kStart + kLookAgain);
  looks.done(kStart + kLookAgain);
  EXPECT_EQ(looks.due(), kStart + kLookAgain + kLookEvery) << "that one was whole";
}

TEST(Looks, EndlessLossMakesNoEndlessLook) {
  Looks looks(kStart, kLookEvery);
  auto now = kStart;
  int begun = 0;
  for (; now < kStart + 10 * kLookAgain; now += Duration(100)) {
    looks.lost(now);
    if (now >= looks.due() && !looks.under_way()) {
      looks.begin(now);
      ++begun;
    } else if (looks.under_way()) {
      looks.done(now);
    }
  }
  EXPECT_EQ(begun, 10);
}

TEST(Looks, ALookIsNotPutOffByALoss) {
  Looks looks(kStart, kLookEvery);
  looks.begin(kStart);
  looks.done(kStart);
  looks.lost(kStart + kLookAgain);
  looks.lost(kStart + kLookAgain + Duration(500));
  EXPECT_EQ(looks.due(), kStart + kLookAgain);
}

}  // namespace
}  // namespace cw::ha::replica
