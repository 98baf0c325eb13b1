// SPDX-License-Identifier: Apache-2.0
#include "ha/replica/standby.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/ha/replica/random_connection.h"

namespace cw::ha::replica {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr Stream kStream{.term = 5, .start = 1};

netlink::Connection kept(std::uint16_t number, std::uint32_t look = 0) {
  return *worth_keeping(told(number, look), nullptr);
}

class StandbyTest : public testing::Test {
 protected:
  void hear(std::uint64_t sequence, decltype(Said::what) what, Stream stream = kStream) {
    ASSERT_TRUE(standby.heard(write({stream, sequence, std::move(what)}), now));
  }

  void meet() {
    hear(1, Begin{});
    hear(2, Changes{.there = {kept(1), kept(2)}});
    hear(3, End{});
  }

  Standby::Turn step(Duration after = Duration{0}) {
    now += after;
    return standby.step(now);
  }

  static std::vector<Want> wants(const Standby::Turn& turn) {
    std::vector<Want> all;
    for (const auto& payload : turn.say) {
      if (const auto said = *read(payload); std::holds_alternative<Want>(said.what)) {
        all.push_back(std::get<Want>(said.what));
      }
    }
    return all;
  }

  Time now{std::chrono::hours(1)};
  Standby standby{{}, now};
};

TEST_F(StandbyTest, AsksForAPictureUntilItHasOne) {
  EXPECT_THAT(wants(step()), testing::ElementsAre(Want{.whole = true}));
  EXPECT_THAT(wants(step(kAskWholeEvery / 2)), IsEmpty());
  EXPECT_THAT(wants(step(kAskWholeEvery)), SizeIs(1));
  meet();
  EXPECT_THAT(wants(step(kAskWholeEvery)), IsEmpty());
  EXPECT_TRUE(standby.complete());
}

TEST_F(StandbyTest, InjectsAtOnceWithTimeEnough) {
  meet();
  const auto turn = step();
  ASSERT_THAT(turn.inject, SizeIs(2));
  EXPECT_EQ(turn.inject[0].timeout, kLeastTimeout);
  EXPECT_THAT(step().inject, IsEmpty());
}

TEST_F(StandbyTest, RemindsTheKernelInTime) {
  meet();
  step();
  auto sooner = now;
  for (int i = 0; i < 60; ++i) {
    const auto turn = step(Duration{10'000});
    if (!turn.inject.empty()) {
      EXPECT_LT(now - sooner, std::chrono::seconds(kLeastTimeout));
      sooner = now;
    }
  }
  EXPECT_GT(sooner, now - std::chrono::seconds(kLeastTimeout));
}

TEST_F(StandbyTest, RemovesWhatTheOwnerRemoved) {
  meet();
  step();
  hear(4, Changes{.gone = {kept(1).id}});
  EXPECT_THAT(step().remove, testing::ElementsAre(kept(1).id));
}

TEST_F(StandbyTest, WhatComesTooEarlyWaits) {
  meet();
  hear(5, Changes{.there = {kept(1)}});
  EXPECT_FALSE(standby.complete());
  EXPECT_THAT(wants(step(Duration{10})), testing::ElementsAre(Want{.first = 4, .last = 4}));
  hear(4, Changes{.gone = {kept(1).id, kept(2).id}});
  EXPECT_THAT(standby.picture(), testing::ElementsAre(testing::Key(kept(1).id)));
  EXPECT_TRUE(standby.complete());
}

TEST_F(StandbyTest, ABeginMakesUpForWhatIsMissing) {
  meet();
  hear(10, Begin{});
  hear(11, Changes{.there = {kept(7)}});
  EXPECT_FALSE(standby.complete());
  EXPECT_THAT(standby.picture(), SizeIs(3));
  hear(12, End{});
  EXPECT_THAT(standby.picture(), testing::ElementsAre(testing::Key(kept(7).id)));
  EXPECT_TRUE(standby.complete());
}

TEST_F(StandbyTest, ATailShowsALossAndADifference) {
  meet();
  hear(4, Tail{});
  EXPECT_THAT(wants(step(Duration{10})), testing::ElementsAre(Want{.first = 4, .last = 4}));
  hear(4, Changes{});
  hear(4, Tail{.sum = standby.sum()});
  EXPECT_TRUE(standby.complete());
  hear(4, Tail{.sum = {.count = 2, .digest = 1}});
  EXPECT_FALSE(standby.complete());
  EXPECT_THAT(wants(step(Duration{10})), testing::ElementsAre(Want{.whole = true}));
}

TEST_F(StandbyTest, AnEndedTenureIsNotHeard) {
  meet();
  hear(1, Begin{}, {.term = 4, .start = 9});
  hear(2, End{}, {.term = 4, .start = 9});
  EXPECT_THAT(standby.picture(), SizeIs(2));
  hear(1, Begin{}, {.term = 6, .start = 1});
  EXPECT_THAT(standby.picture(), SizeIs(2));  // until the new one's picture is whole
  hear(2, End{}, {.term = 6, .start = 1});
  EXPECT_THAT(standby.picture(), IsEmpty());
}

TEST_F(StandbyTest, ALowerTenureIsBelievedAfterSilence) {
  meet();
  now += kStreamSilence + Duration{1};
  hear(1, Begin{}, {.term = 1, .start = 1});
  hear(2, End{}, {.term = 1, .start = 1});
  EXPECT_THAT(standby.picture(), IsEmpty());
}

TEST_F(StandbyTest, WhatTheKernelHadGoesWithTheFirstPicture) {
  Standby found(std::vector{told(1), told(9)}, now);
  EXPECT_THAT(found.step(now).inject, IsEmpty());
  ASSERT_TRUE(found.heard(write({kStream, 1, Begin{}}), now));
  ASSERT_TRUE(found.heard(write({kStream, 2, Changes{.there = {kept(1)}}}), now));
  ASSERT_TRUE(found.heard(write({kStream, 3, End{}}), now));
  const auto turn = found.step(now);
  EXPECT_THAT(turn.inject, IsEmpty());
  EXPECT_THAT(turn.remove, testing::ElementsAre(kept(9).id));
}

TEST_F(StandbyTest, WhileItLooksTheKernelIsGivenNothing) {
  standby.begin_look();
  meet();
  standby.looked(std::vector{told(1)}, now);
  EXPECT_THAT(step().inject, IsEmpty());
  EXPECT_GT(standby.due(), now) << "it does not wait busily";
  EXPECT_FALSE(standby.complete());
  standby.end_look(now);
  EXPECT_LE(standby.due(), now);
  EXPECT_TRUE(standby.complete());
  const auto turn = step();
  ASSERT_THAT(turn.inject, SizeIs(1)) << "the other one is there";
  EXPECT_EQ(turn.inject[0].id, kept(2).id);
  EXPECT_THAT(turn.remove, IsEmpty());
}

TEST_F(StandbyTest, WhatTheKernelHadAndTheOwnerDidNotTellGoes) {
  standby.begin_look();
  standby.looked(std::vector{told(8)}, now);  // before the owner's picture
  meet();
  standby.looked(std::vector{told(9)}, now);  // and behind it
  standby.end_look(now);
  EXPECT_THAT(step().remove, testing::UnorderedElementsAre(kept(8).id, kept(9).id));
  EXPECT_THAT(standby.picture(), SizeIs(2));
}

TEST_F(StandbyTest, OneThatTheKernelHasOtherwiseIsInjectedAgain) {
  standby.begin_look();
  meet();
  standby.looked(std::vector{told(1, 1)}, now);
  standby.end_look(now);
  EXPECT_THAT(step().inject, SizeIs(2));
}

TEST_F(StandbyTest, HandsOverWhatItHasInParts) {
  meet();
  const auto released = standby.release();
  ASSERT_THAT(released, SizeIs(2));
  EXPECT_EQ(released[0], kept(1));
  EXPECT_THAT(standby.release(), IsEmpty());
  std::vector<netlink::Connection> many;
  for (std::size_t i = 0; i < kMostReleased + 1; ++i) {
    many.push_back(told(static_cast<std::uint16_t>(i)));
  }
  Standby full(many, now);
  EXPECT_THAT(full.release(), SizeIs(kMostReleased));
  EXPECT_THAT(full.release(), SizeIs(1));
}

TEST_F(StandbyTest, OneThatLooksOtherwiseIsInjectedAgain) {
  meet();
  step();
  hear(4, Changes{.there = {kept(1, 1)}});
  EXPECT_THAT(step().inject, SizeIs(1));
  standby.inject_again(now);
  EXPECT_THAT(step().inject, SizeIs(2));
}

TEST_F(StandbyTest, AnOwnerSpeaksOtherwise) {
  EXPECT_FALSE(standby.heard(write({kStream, 1, Have{}}), now));
}

}  // namespace
}  // namespace cw::ha::replica
