// SPDX-License-Identifier: Apache-2.0
#include "router/failover/wishes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::failover {
namespace {

using ::testing::HasSubstr;

constexpr SteadyTime kStart{std::chrono::hours(1)};
const api::Move kWish{.gateway = "prod", .to = "r2"};

struct Asked {
  Wishes wishes;
  std::optional<api::Answer> answer;

  [[nodiscard]] Requests::Done keep() {
    return [this](api::Answer given) {
      EXPECT_FALSE(answer) << "answered twice";
      answer = std::move(given);
    };
  }
};

ha::State with_role(ha::Role role) {
  auto state = ha::start(
      {.router = "r1", .gateways = {{.name = "prod", .routers = {"r1", "r2"}}}, .timers = {}}, {},
      kStart);
  state.gateways[0].role = role;
  return state;
}

ha::Changed failed() {
  return {.gateway = "prod",
          .from = ha::Role::Drain,
          .to = ha::Role::Active,
          .why = ha::Why::HandoverFailed,
          .epoch = {}};
}

TEST(Wishes, AMoveIsAnsweredWhenTheGatewayIsGone) {
  Asked asked;
  asked.wishes.add_move(kWish, kStart, asked.keep());
  asked.wishes.look(with_role(ha::Role::Drain), kStart);
  EXPECT_FALSE(asked.answer);
  auto state = with_role(ha::Role::Relay);
  asked.wishes.look(state, kStart);
  EXPECT_FALSE(asked.answer) << "whose it is now is not known yet";
  state.gateways[0].record.record = ha::Record{.term = 2, .owner = "r2"};
  asked.wishes.look(state, kStart + std::chrono::milliseconds(80));
  ASSERT_TRUE(asked.answer);
  EXPECT_TRUE(asked.answer->done);
  EXPECT_EQ(asked.answer->text, "gateway `prod` is router r2's now; it took 80 ms");
}

TEST(Wishes, AGatewayThatSomebodyElseTookHasNotMoved) {
  Asked asked;
  asked.wishes.add_move(kWish, kStart, asked.keep());
  auto state = with_role(ha::Role::Relay);
  state.gateways[0].record.record = ha::Record{.term = 2, .owner = "r3"};
  asked.wishes.look(state, kStart);
  ASSERT_TRUE(asked.answer);
  EXPECT_FALSE(asked.answer->done);
}

TEST(Wishes, AHandoverThatFailsIsAskedForOnceMore) {
  Asked asked;
  asked.wishes.add_move(kWish, kStart, asked.keep());
  EXPECT_EQ(asked.wishes.changed(failed()), kWish);
  EXPECT_FALSE(asked.answer);
  EXPECT_EQ(asked.wishes.changed(failed()), std::nullopt);
  ASSERT_TRUE(asked.answer);
  EXPECT_FALSE(asked.answer->done);
}

TEST(Wishes, ARefusalSaysWhomToAsk) {
  Asked asked;
  asked.wishes.add_move(kWish, kStart, asked.keep());
  auto state = with_role(ha::Role::Standby);
  state.gateways[0].record.record = ha::Record{.term = 1, .owner = "r3"};
  asked.wishes.refused(
      {.gateway = "prod", .to = "r2", .because = ha::MoveRefused::Because::NotOwner}, state);
  ASSERT_TRUE(asked.answer);
  EXPECT_THAT(asked.answer->problems.at(0).hint, HasSubstr("on router r3"));
}

TEST(Wishes, ADrainIsAnsweredWhenNothingIsOwned) {
  Asked asked;
  asked.wishes.add_drain(kStart, asked.keep());
  asked.wishes.look(with_role(ha::Role::Active), kStart);
  EXPECT_FALSE(asked.answer);
  asked.wishes.look(with_role(ha::Role::Fenced), kStart);
  ASSERT_TRUE(asked.answer);
  EXPECT_TRUE(asked.answer->done);
}

TEST(Wishes, NobodyWaitsForLongerThanTheControlSocketDoes) {
  Asked asked;
  asked.wishes.add_drain(kStart, asked.keep());
  asked.wishes.look(with_role(ha::Role::Active), kStart + kAnswerWithin);
  ASSERT_TRUE(asked.answer);
  EXPECT_FALSE(asked.answer->done);
  EXPECT_THAT(asked.answer->text, HasSubstr("`prod`"));
}

}  // namespace
}  // namespace cw::failover
