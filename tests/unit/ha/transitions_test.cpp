// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "ha/step.h"
#include "ha/turn.h"
#include "tests/sim/ha/trace.h"

// Each transition as a person reads it: what happens to r0 of three routers that serve g, and what
// it does about it. Heartbeats and looks at the fabric without news are left out. UPDATE_GOLDEN=1
// rewrites the files and skips.
namespace cw::ha {
namespace {

class Story {
 public:
  Story() {
    Config config{.router = "r0",
                  .gateways = {{.name = "g", .routers = {"r0", "r1", "r2"}}},
                  .timers = lan_timers()};
    state_ = start(std::move(config), {}, now_);
    state_.serial = 5;
  }

  // In words where it is news.
  void happens(const Event& event) {
    if (!std::holds_alternative<Tick>(event)) {
      text_ += fmt_time() + "<- " + sim::describe(event) + "\n";
    }
    Step done = step(std::move(state_), event, now_);
    state_ = std::move(done.state);
    for (const Action& action : done.actions) {
      last_ =
          std::holds_alternative<ReadRecord>(action) ? std::get<ReadRecord>(action).request : last_;
      if (const auto* write = std::get_if<WriteRecord>(&action)) {
        last_ = write->request;
        written_ = write->record;
      }
      if (const auto* check = std::get_if<CheckAddress>(&action)) {
        checks_ = check->request;
        continue;
      }
      if (const auto* move = std::get_if<MoveAddress>(&action)) {
        moves_ = move->request;
      }
      const auto* beat = std::get_if<SendBeat>(&action);
      if (beat != nullptr && beat->beat.role == told_ && !beat->beat.goodbye) {
        continue;
      }
      told_ = beat != nullptr ? beat->beat.role : told_;
      text_ += fmt_time() + "-> " + sim::describe(action) + "\n";
    }
  }

  // In steps of 50 ms; the siblings named are heard meanwhile, the fabric says `where`, and the
  // arbiter answers reads and takes renewals if `arbiter`.
  void passes(int milliseconds, const std::vector<Beat>& heard, bool arbiter = true) {
    for (int i = 0; i < milliseconds; i += 50) {
      now_ += Duration{50};
      for (const Beat& beat : heard) {
        quietly(Heard{.beat = beat, .ahead = ahead});
      }
      happens(Tick{});
      quietly(FabricAnswer{.gateway = "g", .request = checks_, .outcome = where});
      if (arbiter) {
        answer_quietly();
      }
    }
  }

  void answer(ArbiterOutcome outcome, VersionedRecord current) {
    happens(ArbiterAnswer{
        .gateway = "g", .request = last_, .outcome = outcome, .current = std::move(current)});
  }

  void moved() {
    happens(FabricAnswer{.gateway = "g", .request = moves_, .outcome = FabricOutcome::Here});
    where = FabricOutcome::Here;
  }

  // The arbiter takes what was written last.
  void takes() {
    record = {.version = record.version + 1, .record = written_};
    answer(ArbiterOutcome::Done, record);
  }

  void compare(const std::string& name) const {
    const std::string path = CW_SOURCE_DIR "/tests/unit/ha/golden/" + name + ".txt";
    if (std::getenv("UPDATE_GOLDEN") != nullptr) {
      std::ofstream(path) << text_;
      GTEST_SKIP() << "wrote " << path;
    }
    const std::ifstream file(path);
    std::stringstream golden;
    golden << file.rdbuf();
    EXPECT_EQ(text_, golden.str());
  }

  [[nodiscard]] const Gateway& gateway() const { return state_.gateways[0]; }

  [[nodiscard]] Fitness fitness() const { return fitness_of(state_, gateway()); }

  VersionedRecord record{
      .version = 7, .record = Record{.term = 3, .owner = "r1", .successor = "r0", .serial = 5}};
  FabricOutcome where = FabricOutcome::Elsewhere;
  Duration ahead{0};  // of those that are heard

 private:
  void quietly(const Event& event) {
    const std::string kept = text_;
    const Role before = gateway().role;
    happens(event);
    if (gateway().role == before) {
      text_ = kept;
    }
  }

  void answer_quietly() {
    const auto& asking = state_.gateways[0].asking;
    if (!asking || asking->kind == Request::Kind::Claim) {
      return;
    }
    if (asking->kind == Request::Kind::Renew) {
      record = {.version = record.version + 1, .record = written_};
    }
    quietly(ArbiterAnswer{
        .gateway = "g", .request = asking->id, .outcome = ArbiterOutcome::Done, .current = record});
  }

  [[nodiscard]] std::string fmt_time() const {
    const auto since = std::chrono::duration_cast<Duration>(now_ - kBegin).count();
    const std::string digits = std::to_string(since);
    return std::string(digits.size() < 6 ? 6 - digits.size() : 0, ' ') + digits + " ";
  }

  static constexpr Time kBegin{std::chrono::hours{1}};
  Time now_ = kBegin;
  State state_;
  std::string text_;
  std::uint64_t last_ = 0;
  std::uint64_t checks_ = 0;
  std::uint64_t moves_ = 0;
  Record written_;
  std::optional<Role> told_;
};

Beat owner(std::uint64_t term = 3) {
  return {.gateway = "g",
          .router = "r1",
          .epoch = {.term = term},
          .role = Role::Active,
          .serial = 5,
          .owned = 1};
}

Beat sibling() {
  return {.gateway = "g", .router = "r2", .epoch = {.term = 3}, .serial = 5, .owned = 1};
}

// r0 as the owner, by a claim of what nobody owned.
Story active() {
  Story story;
  story.record = {};
  story.passes(600, {sibling()});
  story.takes();
  story.moved();
  return story;
}

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

TEST(Transitions, TheEndOfARouterSaysGoodbyeWhereNobodyIsReady) {
  Story story = active();
  story.passes(1000, {});
  story.happens(LeaveSite{});
  story.passes(1000, {});
  story.compare("leaves_alone");
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
