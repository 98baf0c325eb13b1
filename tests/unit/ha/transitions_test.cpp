// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "ha/step.h"
#include "tests/unit/ha/story.h"

// Each transition as a person reads it, most of them next to a golden story.
namespace cw::ha {
namespace {

TEST(Transitions, AnOwnerFallsSilent) {
  Story story;
  story.passes(1000, {owner(), sibling()});
  story.passes(700, {sibling()});
  story.takes();
  story.moved();
  story.passes(2500, {sibling()});
  story.compare("owner_falls_silent");
}

TEST(Transitions, AClaimIsLost) {
  Story story;
  story.passes(1000, {owner(), sibling()});
  story.passes(650, {sibling()});
  story.record = {.version = 9, .record = Record{.term = 4, .owner = "r2", .successor = "r0"}};
  story.answer(ArbiterOutcome::Conflict, story.record);
  story.compare("claim_is_lost");
}

TEST(Transitions, AnOwnerThatRenewsIsNotTakenOver) {
  Story story;
  story.passes(1000, {owner(), sibling()});
  for (int i = 0; i < 10; ++i) {
    story.passes(200, {sibling()});
    ++story.record.version;
    ++story.record.record->renewal;
    story.happens(RecordChanged{.gateway = "g", .current = story.record});
  }
  EXPECT_EQ(story.gateway().role, Role::Standby);
}

TEST(Transitions, TheOwnerIsSuperseded) {
  Story story = active();
  story.passes(300, {sibling()});
  story.record = {.version = 90, .record = Record{.term = 5, .owner = "r1", .successor = "r0"}};
  story.happens(RecordChanged{.gateway = "g", .current = story.record});
  Beat taking = owner(5);
  taking.role = Role::Move;
  story.passes(300, {taking});
  story.passes(100, {owner(5)});
  story.compare("owner_is_superseded");
}

// It served it alone until the network gave it a sibling.
TEST(Transitions, AGatewayThatBecomesSharedWithItsGateOpenIsKnownToBeOpen) {
  Config config{
      .router = "r0", .gateways = {{.name = "g", .routers = {"r0", "r1"}}}, .timers = lan_timers()};
  const Time now{std::chrono::hours(1)};
  auto state = start(config, {}, now);
  config.gateways.push_back({.name = "h", .routers = {"r0", "r1"}});
  config.gateways.push_back({.name = "i", .routers = {"r0", "r1"}});
  const auto done = step(std::move(state), Configured{.config = config, .open = {"h"}}, now);
  ASSERT_EQ(done.state.gateways.size(), 3U);
  EXPECT_TRUE(done.state.gateways[1].gate);
  EXPECT_EQ(done.state.gateways[1].role, Role::Relay);
  EXPECT_FALSE(done.state.gateways[2].gate);
  EXPECT_EQ(done.state.gateways[2].role, Role::Standby);
}

// The kernel went on answering for the address while no process ran; another router took it.
TEST(Transitions, WhoComesBackAndIsOwnerNoMoreWithdrawsTheAddress) {
  Story story({"g"});
  story.happens(Tick{});
  story.answer(ArbiterOutcome::Done, story.record);
  story.passes(100, {owner()});
  story.compare("owner_comes_back_too_late");
  EXPECT_EQ(story.gateway().role, Role::Standby);
}

TEST(Transitions, WhoComesBackAndIsOwnerStillGoesOn) {
  Story story({"g"});
  story.record.record->owner = "r0";
  story.happens(Tick{});
  story.answer(ArbiterOutcome::Done, story.record);
  story.moved();
  EXPECT_EQ(story.gateway().role, Role::Active);
  EXPECT_TRUE(story.gateway().claimed);
}

// Clients may have shaken hands with whoever had it, a recorded successor who heard nobody, say.
TEST(Transitions, AnOwnerWhoseAddressWasElsewhereShakesHandsWithAllAgain) {
  Story story = active();
  story.passes(3000, {sibling()});
  story.where = FabricOutcome::Elsewhere;
  story.passes(1000, {sibling()});
  story.moved();
  EXPECT_EQ(story.gateway().kicks, lan_timers().rekicks);
  story.passes(600, {sibling()});
  story.compare("address_comes_back");
}

TEST(Transitions, AnOwnerLooksWhereItsAddressIsAsSoonAsASuccessorGivesWay) {
  Story story = active();
  Beat successor = owner(4);
  successor.epoch.provisional = true;
  story.passes(1250, {successor, sibling()});
  story.where = FabricOutcome::Elsewhere;
  story.passes(50, {successor, sibling()});
  EXPECT_FALSE(story.gateway().wants_move);  // the look of each second is not due
  successor.role = Role::Standby;
  story.passes(50, {successor, sibling()});
  EXPECT_TRUE(story.gateway().wants_move);
}

TEST(Transitions, TheOwnerHandsOver) {
  Story story = active();
  story.passes(300, {sibling()});
  story.happens(MoveGateway{.gateway = "g", .to = "r2"});
  Beat ready = sibling();
  ready.ready = story.gateway().handover->id;
  story.passes(100, {ready});
  story.passes(1200, {sibling()});  // it does not claim
  story.compare("owner_hands_over");
}

TEST(Transitions, ASiblingIsHandedTo) {
  Story story;
  story.passes(1000, {owner(), sibling()});
  Beat draining = owner();
  draining.role = Role::Drain;
  draining.handover = Handover{.id = 17, .to = "r0"};
  story.happens(Heard{.beat = draining, .ahead = {}});
  story.happens(Prepared{.gateway = "g", .handover = 17});
  draining.handover->go = true;
  story.happens(Heard{.beat = draining, .ahead = {}});
  story.takes();
  story.compare("sibling_is_handed_to");
}

TEST(Transitions, TheSuccessorActsWithoutTheArbiter) {
  Story story;
  story.passes(1000, {owner(), sibling()});
  story.passes(5300, {sibling()}, false);
  story.moved();
  story.passes(400, {sibling()});  // the arbiter is back
  story.compare("successor_acts");
  EXPECT_EQ(story.gateway().epoch, (Epoch{.term = 4}));
}

constexpr TargetsTried kLost{{.of_standby = 0b11, .of_owner = 0b11}};

// Heard for long enough that an owner may step down for its health.
void serves_a_while(Story& story, const Beat& sibling) {
  story.passes(10'500, {sibling});
  ASSERT_EQ(story.gateway().role, Role::Active);
}

TEST(Health, AnOwnerThatLostATargetHandsOverToASiblingThatReachesIt) {
  Story story = active();
  serves_a_while(story, sibling());
  story.happens(kLost);
  story.passes(200, {sibling()});
  story.compare("owner_loses_a_target");
  EXPECT_EQ(story.gateway().role, Role::Drain);
  EXPECT_EQ(story.gateway().why, Why::Unhealthy);
}

TEST(Health, AStandbysMeasureMovesNothing) {
  Story story = active();
  serves_a_while(story, sibling());
  story.happens(TargetsTried{{.of_standby = 0b11}});
  story.passes(2000, {sibling()});
  EXPECT_EQ(story.gateway().role, Role::Active);
}

TEST(Health, WhatIsDownForAllMovesNothing) {
  Story story = active();
  Beat poor = sibling();
  poor.fitness = Fitness::Poor;
  poor.out_of_reach = 0b11;
  serves_a_while(story, poor);
  story.happens(kLost);
  story.passes(60'000, {poor});
  EXPECT_EQ(story.gateway().role, Role::Active);
  poor.out_of_reach = 0b100;  // as seen from there, another one, but only one
  story.passes(100, {poor});
  EXPECT_EQ(story.gateway().role, Role::Drain);
}

// As long as nobody keeps any clock, that is no reason against whoever reaches the targets.
TEST(Health, ASiblingWhosePoorClockIsAllThatIsWrongIsBetter) {
  Story story = active();
  Beat poor = sibling();
  poor.fitness = Fitness::Poor;
  serves_a_while(story, poor);
  story.happens(ClockChecked{.synchronised = false});
  story.passes(1000, {poor});
  EXPECT_EQ(story.gateway().role, Role::Active);
  story.happens(kLost);
  story.passes(100, {poor});
  EXPECT_EQ(story.gateway().role, Role::Drain);
}

TEST(Health, NothingMovesSoonerThanTenSecondsAfterTheLastMove) {
  Story story = active();
  story.happens(kLost);
  story.passes(9'500, {sibling()});
  EXPECT_EQ(story.gateway().role, Role::Active);
  story.passes(1000, {sibling()});
  EXPECT_EQ(story.gateway().role, Role::Drain);
}

TEST(Health, AHandoverThatFailsIsTriedAgainLater) {
  Story story = active();
  serves_a_while(story, sibling());
  story.happens(kLost);
  story.passes(6000, {sibling()});  // it never says that it is ready
  EXPECT_EQ(story.gateway().role, Role::Active);
  EXPECT_EQ(story.gateway().why, Why::HandoverFailed);
  story.passes(8500, {sibling()});
  EXPECT_EQ(story.gateway().role, Role::Active);
  story.passes(2000, {sibling()});
  EXPECT_EQ(story.gateway().role, Role::Drain);
}

TEST(Health, AnOwnerWhoseDataPathIsBrokenGivesItToWhoeverServes) {
  Story story = active();
  Beat poor = sibling();
  poor.fitness = Fitness::Poor;
  poor.out_of_reach = 1;
  serves_a_while(story, poor);
  story.happens(Checked{.gateway = "g", .fitness = Fitness::Unfit});
  story.passes(100, {poor});
  EXPECT_EQ(story.gateway().role, Role::Drain);
}

TEST(Health, WhatAStandbyMissesIsInItsHeartbeats) {
  State state =
      start({.router = "r0", .gateways = {{.name = "g", .routers = {"r0", "r1"}}}}, {}, {});
  state.out_of_reach = {.of_standby = 0b110, .of_owner = 0b100};
  EXPECT_EQ(out_of_reach(state, state.gateways[0]), 0b110);
  EXPECT_EQ(fitness_of(state, state.gateways[0]), Fitness::Poor);
  state.gateways[0].role = Role::Active;
  EXPECT_EQ(out_of_reach(state, state.gateways[0]), 0b100);
}

TEST(Transitions, AnOlderNetmapFencesEvenInTheMiddleOfAMove) {
  Story story;
  story.passes(1000, {owner(), sibling()});
  story.passes(700, {sibling()});
  story.takes();
  story.record.record->serial = 6;
  ++story.record.version;
  story.happens(RecordChanged{.gateway = "g", .current = story.record});
  Beat newer = sibling();
  newer.serial = 6;
  story.happens(Heard{.beat = newer, .ahead = {}});
  story.compare("older_netmap_fences");
  EXPECT_EQ(story.gateway().role, Role::Fenced);
}

TEST(Transitions, TheEndOfARouterSaysGoodbyeWhereNobodyIsReady) {
  Story story = active();
  story.passes(1000, {});
  story.happens(LeaveSite{});
  story.passes(1000, {});
  EXPECT_TRUE(story.gateway().gate) << "it is served on";
  story.compare("leaves_alone");
}

TEST(Transitions, TheEndOfARouterLeavesNoGateOpenThatAnotherOwns) {
  Story story = active();
  story.passes(1000, {});
  story.happens(LeaveSite{});
  story.passes(300, {});
  story.record = {.version = 90, .record = Record{.term = 5, .owner = "r2", .successor = "r0"}};
  story.happens(RecordChanged{.gateway = "g", .current = story.record});
  EXPECT_EQ(story.gateway().role, Role::Relay);
  EXPECT_TRUE(story.gateway().gate);
  story.passes(300, {});  // which does not serve yet
  EXPECT_FALSE(story.gateway().gate);
}

// A process that was stopped, or killed, while the next owner took over.
TEST(Transitions, WhatWasLeftOpenIsGivenUpToWhoeverServesNow) {
  Story story({"g"});
  EXPECT_EQ(story.gateway().role, Role::Relay);
  story.passes(500, {owner(), sibling()});
  EXPECT_FALSE(story.gateway().gate);
  story.compare("left_open_is_given_up");
}

}  // namespace
}  // namespace cw::ha
