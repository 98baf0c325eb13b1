// SPDX-License-Identifier: Apache-2.0
#include "router/failover/story.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::failover {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;

constexpr WallTime kNoon{std::chrono::hours(12)};

ha::State at(std::chrono::milliseconds when) {
  const SteadyTime now{std::chrono::hours(1) + when};
  auto state = ha::start(
      {.router = "r2", .gateways = {{.name = "prod", .routers = {"r1", "r2"}}}, .timers = {}}, {},
      SteadyTime(std::chrono::hours(1)));
  state.stepped = now;
  state.gateways[0].record.record = ha::Record{.term = 4, .owner = "r1"};
  state.gateways[0].siblings[0].known = true;
  return state;
}

ha::Changed change(ha::Role from, ha::Role to, ha::Why why) {
  return {.gateway = "prod", .from = from, .to = to, .why = why, .epoch = {.term = 5}};
}

TEST(Story, AClaimSaysWhatMadeIt) {
  Story story;
  EXPECT_EQ(story.tell(change(ha::Role::Standby, ha::Role::Claim, ha::Why::OwnerSilent),
                       at(std::chrono::milliseconds(700))),
            "gateway `prod`: standby -> claim, owner silent (epoch 5); owner r1 was heard 700 ms "
            "ago, its record changed 700 ms ago");
}

TEST(Story, EachStepSaysHowLongItTook) {
  Story story;
  (void)story.tell(change(ha::Role::Standby, ha::Role::Claim, ha::Why::OwnerSilent),
                   at(std::chrono::milliseconds(700)));
  EXPECT_THAT(story.tell(change(ha::Role::Claim, ha::Role::Move, ha::Why::Won),
                         at(std::chrono::milliseconds(712))),
              HasSubstr("the arbiter took 12 ms"));
  EXPECT_THAT(story.tell(change(ha::Role::Move, ha::Role::Active, ha::Why::Arrived),
                         at(std::chrono::milliseconds(742))),
              HasSubstr("the address took 30 ms"));
}

TEST(Story, OwnersAreKeptWithTheLatestFirst) {
  Story story;
  auto state = at(std::chrono::milliseconds(0));
  story.look(state, kNoon);
  story.look(state, kNoon);
  state.gateways[0].record.record = ha::Record{.term = 5, .owner = "r2"};
  state.gateways[0].claim_why = ha::Why::OwnerSilent;
  story.look(state, kNoon + std::chrono::seconds(9));
  EXPECT_THAT(story.takeovers("prod"),
              ElementsAre(Field(&api::Takeover::owner, "r2"), Field(&api::Takeover::owner, "r1")));
  EXPECT_EQ(story.takeovers("prod").front().why, "owner silent");
}

TEST(Story, WhoGaveAGatewayAwayKeepsWhy) {
  Story story;
  auto state = at(std::chrono::milliseconds(0));
  state.gateways[0].record.record->owner = "r2";
  state.gateways[0].claim_why = ha::Why::NoOwner;
  story.look(state, kNoon);
  EXPECT_THAT(story.tell(change(ha::Role::Active, ha::Role::Drain, ha::Why::Unhealthy), state),
              HasSubstr("active -> drain, unhealthy (epoch 5); a sibling does better"));
  state.gateways[0].record.record = ha::Record{.term = 5, .owner = "r1"};
  story.look(state, kNoon);
  state.gateways[0].record.record = ha::Record{.term = 6, .owner = "r3"};
  story.look(state, kNoon);
  EXPECT_THAT(story.takeovers("prod"), ElementsAre(Field(&api::Takeover::why, "recorded"),
                                                   Field(&api::Takeover::why, "unhealthy"),
                                                   Field(&api::Takeover::why, "no owner")));
  EXPECT_EQ(story.changes("prod"), (std::map<std::string, std::uint64_t>{
                                       {"no owner", 1}, {"recorded", 1}, {"unhealthy", 1}}));
}

// The sibling's claim goes through a moment after this router has given up waiting for it.
TEST(Story, AHandoverThatFailedIsWhyForAWhile) {
  for (const auto& [later, why] : {std::pair(std::chrono::milliseconds(1200), "unhealthy"),
                                   std::pair(std::chrono::milliseconds(60'000), "recorded")}) {
    Story story;
    auto state = at(std::chrono::milliseconds(0));
    state.gateways[0].record.record->owner = "r2";
    story.look(state, kNoon);
    (void)story.tell(change(ha::Role::Active, ha::Role::Drain, ha::Why::Unhealthy), state);
    (void)story.tell(change(ha::Role::Drain, ha::Role::Active, ha::Why::HandoverFailed), state);
    state.stepped += later;
    state.gateways[0].record.record = ha::Record{.term = 5, .owner = "r1"};
    story.look(state, kNoon);
    EXPECT_EQ(story.takeovers("prod").front().why, why);
  }
}

TEST(Story, AnotherSuccessorIsNoTakeover) {
  Story story;
  auto state = at(std::chrono::milliseconds(0));
  story.look(state, kNoon);
  state.gateways[0].record.record->term = 5;
  story.look(state, kNoon);
  EXPECT_EQ(story.takeovers("prod").size(), 1U);
}

}  // namespace
}  // namespace cw::failover
