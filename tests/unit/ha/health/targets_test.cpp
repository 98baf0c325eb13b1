// SPDX-License-Identifier: Apache-2.0
#include "ha/health/targets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::ha::health {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Time kStart{std::chrono::hours(1)};

// Tries a target every two seconds, '+' reaches it; the bits after each: '.' nothing, 's' a
// standby's alone, 'o' both.
std::string bits_of(std::string_view tries) {
  std::vector<Target> targets{Target("a")};
  std::string bits;
  Time now = kStart;
  for (const char each : tries) {
    targets[0].tried(each == '+' ? "" : "no answer", now += kTryEvery);
    const auto found = out_of_reach(targets);
    EXPECT_TRUE(found.of_owner == 0 || found.of_standby != 0);
    bits += found.of_owner != 0 ? 'o' : found.of_standby != 0 ? 's' : '.';
  }
  return bits;
}

TEST(Targets, AnOwnerLosesThemLaterAndHasThemBackSoonerThanAStandby) {
  EXPECT_EQ(bits_of("+-----++++++"),  //
            "..ssooosss..");
}

TEST(Targets, OneTryThatFailsIsNothing) {
  EXPECT_EQ(bits_of("+-+-+-+"), ".......");
}

TEST(Targets, WhoJustBeganPromisesNothingAndGivesNothingAway) {
  const std::vector<Target> targets{Target("a")};
  EXPECT_EQ(out_of_reach(targets), (OutOfReach{.of_standby = 1, .of_owner = 0}));
  EXPECT_TRUE(targets[0].reached()) << "people are told after a try";
  EXPECT_EQ(bits_of("+"), ".");
  EXPECT_EQ(bits_of("-+"), "ss");
}

TEST(Targets, BitsStandInTheOrderOfTheNetmap) {
  std::vector<Target> targets{Target("a"), Target("b"), Target("c")};
  targets[1].tried("", kStart);
  EXPECT_EQ(out_of_reach(targets).of_standby, 0b101);
  EXPECT_THAT(named(0b101, targets), ElementsAre("a", "c"));
  EXPECT_THAT(named(0xfff8, targets), IsEmpty()) << "of a netmap with more";
}

TEST(Targets, ThoseThatStayKeepWhatIsKnown) {
  std::vector<Target> targets{Target("a"), Target("b")};
  targets[1].tried("", kStart);
  targets = configured(std::move(targets), {"b", "c"});
  ASSERT_EQ(targets.size(), 2U);
  EXPECT_TRUE(targets[0].was_tried());
  EXPECT_EQ(out_of_reach(targets).of_standby, 0b10);
}

TEST(Targets, PeopleAreToldAtOnceAndThenOnceAMinute) {
  Target target("a");
  Time now = kStart;
  std::string told;
  const auto tries = [&](int times, const std::string& trouble) {
    for (int i = 0; i < times; ++i) {
      target.tried(trouble, now += kTryEvery);
      if (target.is_news(now)) {
        told += target.reached() ? "back " : "out ";
      }
    }
  };
  tries(3, "");
  EXPECT_EQ(told, "");
  tries(3, "refused");
  EXPECT_EQ(told, "out ");
  EXPECT_EQ(target.trouble(), "refused");
  tries(5, "");
  tries(3, "refused");
  tries(5, "");
  EXPECT_EQ(told, "out ") << "it comes and goes";
  tries(30, "");
  EXPECT_EQ(told, "out back ");
  EXPECT_EQ(target.trouble(), "");
}

}  // namespace
}  // namespace cw::ha::health
