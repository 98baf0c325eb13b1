// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "ha/turn.h"
#include "tests/unit/ha/story.h"

// Who may own a gateway, and who stands back: for an older netmap, a clock that is behind, or a
// hold.
namespace cw::ha {
namespace {

// r0 has serial 5. The owner, which dies, was active with 6.
Story behind() {
  Story story;
  story.record.record->serial = 6;
  Beat newer = owner();
  newer.serial = 6;
  story.passes(1000, {newer, sibling()});
  return story;
}

bool has_claimed(const Story& story) {
  return story.gateway().role == Role::Claim;
}

TEST(OlderNetmap, StandsBackWhileTheSourceOfTheNewerOneAnswers) {
  Story story = behind();
  story.happens(NetmapChanged{.serial = 5, .offered = 6});
  story.passes(20'000, {sibling()});
  EXPECT_EQ(story.gateway().role, Role::Fenced);
  story.happens(NetmapChanged{.serial = 6, .offered = 6});  // it was taken
  story.passes(700, {sibling()});
  EXPECT_TRUE(has_claimed(story));
}

TEST(OlderNetmap, GoesOnOnceNoSourceAnswers) {
  Story story = behind();
  story.happens(NetmapChanged{.serial = 5, .offered = 6});
  story.passes(20'000, {sibling()});
  EXPECT_EQ(story.gateway().role, Role::Fenced);
  story.happens(NetmapChanged{.serial = 5, .offered = 0});  // it is down
  story.passes(700, {sibling()});
  EXPECT_TRUE(has_claimed(story));
}

TEST(OlderNetmap, StandsBackWhileASiblingHasTheNewerOne) {
  Story story = behind();
  Beat newer = sibling();
  newer.serial = 6;
  newer.fitness = Fitness::Unfit;  // else it would take over itself
  story.passes(20'000, {newer});
  EXPECT_EQ(story.gateway().role, Role::Fenced);
  story.passes(2000, {});  // it is gone, too
  EXPECT_TRUE(has_claimed(story));
}

TEST(OlderNetmap, IsNoMatterWhereNoOwnerHadANewerOne) {
  Story story;
  story.happens(NetmapChanged{.serial = 5, .offered = 6});
  story.passes(1000, {owner(), sibling()});
  story.passes(700, {sibling()});
  EXPECT_TRUE(has_claimed(story));
}

TEST(Fitness, OfARouterBehindItsSiblingsClockIsPoorWhileThatOneIsThere) {
  Story story;
  story.ahead = Duration{-100};
  story.passes(1000, {owner(), sibling()});
  EXPECT_EQ(story.fitness(), Fitness::Fit);
  story.ahead = Duration{-101};
  story.passes(100, {sibling()});
  EXPECT_EQ(story.fitness(), Fitness::Poor);
  story.passes(2000, {});
  EXPECT_EQ(story.fitness(), Fitness::Fit) << "nobody is better who is not there";
}

TEST(Fitness, OfAnUnfitSiblingsClockSaysNothingOfOurs) {
  Story story;
  story.ahead = Duration{-2000};
  Beat unfit = sibling();
  unfit.fitness = Fitness::Unfit;
  story.passes(1000, {unfit});
  EXPECT_EQ(story.fitness(), Fitness::Fit);
}

TEST(Hold, DoublesAndHasAnEnd) {
  const Timers timers = lan_timers();
  EXPECT_EQ(hold_of(timers, 0), Duration{0});
  EXPECT_EQ(hold_of(timers, 1), timers.hold);
  EXPECT_EQ(hold_of(timers, 3), 4 * timers.hold);
  EXPECT_EQ(hold_of(timers, 4'000'000'000), timers.hold_most);
}

}  // namespace
}  // namespace cw::ha
