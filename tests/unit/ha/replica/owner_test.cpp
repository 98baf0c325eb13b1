// SPDX-License-Identifier: Apache-2.0
#include "ha/replica/owner.h"

#include <linux/netfilter/nf_conntrack_tcp.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/ha/replica/random_connection.h"

namespace cw::ha::replica {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr Stream kStream{.term = 1, .start = 1};

class OwnerTest : public testing::Test {
 protected:
  std::vector<Said> step(Duration after = kGather) {
    now += after;
    std::vector<Said> said;
    for (const auto& payload : owner.step(now)) {
      EXPECT_LE(payload.size(), kMostPayload);
      said.push_back(*read(payload));
    }
    return said;
  }

  void hear(const Said& said) { ASSERT_TRUE(owner.heard("b", write(said), now)); }

  void add(std::uint16_t number) { owner.changed({.connection = told(number)}, now); }

  void remove(std::uint16_t number) {
    owner.changed({.gone = true, .connection = told(number)}, now);
  }

  Time now{std::chrono::hours(1)};
  Owner owner{kStream};
};

TEST_F(OwnerTest, BeforeTheFirstDumpNothingIsSaid) {
  add(1);
  hear({{}, 0, Want{.whole = true}});
  EXPECT_THAT(step(), IsEmpty());
}

TEST_F(OwnerTest, TheFirstPictureIsBetweenBeginAndEnd) {
  owner.dumped(std::vector{told(1), told(2)}, now);
  const auto said = step();
  ASSERT_THAT(said, SizeIs(3));
  EXPECT_TRUE(std::holds_alternative<Begin>(said[0].what));
  EXPECT_THAT(std::get<Changes>(said[1].what).there, SizeIs(2));
  EXPECT_TRUE(std::holds_alternative<End>(said[2].what));
  EXPECT_EQ(said[2].sequence, 3U);
}

TEST_F(OwnerTest, ChangesAreGathered) {
  owner.dumped({}, now);
  step();
  add(1);
  add(2);
  remove(1);
  add(3);
  EXPECT_LE(owner.due(), now + kGather);
  const auto said = step();
  ASSERT_THAT(said, SizeIs(1));
  const auto& changes = std::get<Changes>(said[0].what);
  EXPECT_THAT(changes.there, SizeIs(2));
  EXPECT_THAT(changes.gone, IsEmpty());  // nobody had heard of it
  remove(2);
  EXPECT_THAT(std::get<Changes>(step().at(0).what).gone, testing::ElementsAre(told(2).id));
}

TEST_F(OwnerTest, APayloadIsSaidAgainToWhoAsks) {
  owner.dumped(std::vector{told(1)}, now);
  const auto first = step();
  hear({kStream, 1, Want{.first = 2, .last = 3}});
  EXPECT_THAT(step(), testing::ElementsAre(first[1], first[2]));
}

TEST_F(OwnerTest, WhoComesLateGetsTheLastBeginAndAsksOn) {
  owner.dumped(std::vector{told(1)}, now);
  const auto first = step();
  hear({{}, 0, Want{.whole = true}});
  EXPECT_THAT(step(), testing::ElementsAre(first[0]));
}

TEST_F(OwnerTest, AfterTooMuchThereIsANewPicture) {
  owner.dumped({}, now);
  step();
  for (std::size_t i = 0; i < kRetained + 2; ++i) {
    add(static_cast<std::uint16_t>(i));
    step();
  }
  hear({kStream, 3, Want{.first = 4, .last = 5}});
  const auto said = step();
  ASSERT_FALSE(said.empty());
  EXPECT_TRUE(std::holds_alternative<Begin>(said.front().what));
  EXPECT_TRUE(std::holds_alternative<End>(said.back().what));
}

TEST_F(OwnerTest, InSilenceItSaysWhereItIs) {
  owner.dumped(std::vector{told(1)}, now);
  step();
  const auto said = step(kTailEvery);
  ASSERT_THAT(said, SizeIs(1));
  EXPECT_EQ(said[0], (Said{kStream, 3, Tail{.sum = owner.sum()}}));
}

TEST_F(OwnerTest, ADumpReplacesWhatWasKnown) {
  owner.dumped(std::vector{told(1), told(2)}, now);
  step();
  owner.dumped(std::vector{told(2), told(3)}, now);
  const auto changes = std::get<Changes>(step().at(0).what);
  EXPECT_THAT(changes.gone, testing::ElementsAre(told(1).id));
  EXPECT_THAT(changes.there, SizeIs(1));
}

TEST_F(OwnerTest, KnowsHowFarBehindASiblingIs) {
  EXPECT_EQ(owner.lag("b", now), std::nullopt);
  owner.dumped(std::vector{told(1)}, now);
  step();
  hear({kStream, 3, Have{}});
  EXPECT_EQ(owner.lag("b", now), Duration{0});
  add(2);
  step();
  now += Duration{70};
  EXPECT_EQ(owner.lag("b", now), Duration{70});
  hear({kStream, 4, Have{}});
  EXPECT_EQ(owner.lag("b", now), Duration{0});
}

TEST_F(OwnerTest, MoreThanItsLimitIsLeftOutAndCounted) {
  std::vector<netlink::Connection> many;
  for (std::uint32_t i = 0; i < kMostConnections + 5; ++i) {
    many.push_back(told(static_cast<std::uint16_t>(i % 50'000)));
    many.back().id.original.destination_port = static_cast<std::uint16_t>(i / 50'000);
  }
  owner.dumped(many, now);
  EXPECT_THAT(owner.picture(), SizeIs(kMostConnections));
  EXPECT_EQ(owner.left_out(), 5U);
  EXPECT_LE(step().size(), kMostPerStep);
}

TEST_F(OwnerTest, AStandbySpeaksOtherwise) {
  EXPECT_FALSE(owner.heard("b", write({kStream, 1, Begin{}}), now));
}

}  // namespace
}  // namespace cw::ha::replica
