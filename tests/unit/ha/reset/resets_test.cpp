// SPDX-License-Identifier: Apache-2.0
#include "ha/reset/resets.h"

#include <gtest/gtest.h>

namespace cw::ha::reset {
namespace {

constexpr Time kStart{std::chrono::hours(1)};

netlink::Tuple client(std::uint32_t number) {
  return {.source = net::Ip::v4(0x64530000U + number / 60000),
          .destination = net::Ip::v4(0x0a000105),
          .source_port = static_cast<std::uint16_t>(number % 60000),
          .destination_port = 5432};
}

std::vector<netlink::Tuple> clients(std::uint32_t count) {
  std::vector<netlink::Tuple> all;
  for (std::uint32_t i = 0; i < count; ++i) {
    all.push_back(client(count - i));  // not sorted: the order given counts
  }
  return all;
}

Segment answer(const netlink::Tuple& tuple) {
  return {.tuple = tuple, .sequence = 1, .acknowledged = 77, .ack = true};
}

Resets of(const std::vector<netlink::Tuple>& all) {
  Resets resets(kStart);
  for (const auto& each : all) {
    resets.add(each);
  }
  return resets;
}

// Steps when due until `end`; what was sent, and when.
std::vector<std::pair<Duration, Packet>> run(Resets& resets, Time end) {
  std::vector<std::pair<Duration, Packet>> sent;
  for (auto due = resets.due(); due && *due <= end; due = resets.due()) {
    for (auto& packet : resets.step(*due)) {
      sent.emplace_back(std::chrono::duration_cast<Duration>(*due - kStart), std::move(packet));
    }
  }
  return sent;
}

TEST(Resets, ProvokeAtOnceAndAnswerWhatComesBack) {
  auto resets = of({client(1)});
  EXPECT_EQ(resets.step(kStart), (std::vector<Packet>{provocation(client(1))}));
  const auto at = kStart + Duration(40);
  EXPECT_EQ(resets.heard(answer(client(1)), at), reset_of(answer(client(1))));
  EXPECT_EQ(resets.told(), 1U);
  EXPECT_EQ(resets.took(), Duration(40));
}

TEST(Resets, AnswerNothingElse) {
  auto resets = of({client(1)});
  EXPECT_FALSE(resets.heard(answer(client(2)), kStart));
  auto other = answer(client(1));
  other.tuple.destination_port = 5433;
  EXPECT_FALSE(resets.heard(other, kStart));
  auto without = answer(client(1));
  without.ack = false;
  EXPECT_FALSE(resets.heard(without, kStart));
}

TEST(Resets, AClientThatSpeaksFirstNeedsNoProvocation) {
  auto resets = of({client(1)});
  EXPECT_TRUE(resets.heard(answer(client(1)), kStart));
  EXPECT_TRUE(resets.step(kStart).empty());
}

TEST(Resets, AProvocationThatWasLostIsRepeated) {
  auto resets = of({client(1)});
  const auto sent = run(resets, kStart + Duration(1000));
  ASSERT_EQ(sent.size(), 5U);
  EXPECT_EQ(sent[1].first, kFast);
}

TEST(Resets, ASilentClientIsGivenUp) {
  auto resets = of({client(1)});
  const auto sent = run(resets, kStart + Duration(3'600'000));
  EXPECT_LT(sent.size(), 30U);
  EXPECT_LE(sent.back().first, kPatience);
  EXPECT_FALSE(resets.due());
  EXPECT_FALSE(resets.heard(answer(client(1)), kStart + kPatience + Duration(1)));
}

TEST(Resets, AResetThatWasLostIsRepeatedUntilTheClientKnows) {
  auto resets = of({client(1)});
  (void)resets.step(kStart);
  (void)resets.heard(answer(client(1)), kStart + Duration(40));
  const auto again = kStart + Duration(40) + kLookAgain;
  EXPECT_EQ(resets.due(), again);
  EXPECT_EQ(resets.step(again).size(), 1U);
  EXPECT_TRUE(resets.heard(answer(client(1)), again));
  EXPECT_EQ(resets.told(), 1U);
  auto closed = answer(client(1));
  closed.ack = false;
  closed.rst = true;
  EXPECT_FALSE(resets.heard(closed, again));
  EXPECT_FALSE(resets.due());
}

TEST(Resets, AClientThatSaysNothingAfterwardsIsBelieved) {
  auto resets = of({client(1)});
  (void)resets.step(kStart);
  (void)resets.heard(answer(client(1)), kStart);
  EXPECT_EQ(run(resets, kStart + kPatience).size(), kMostLooks);
  EXPECT_FALSE(resets.due());
}

TEST(Resets, AClientThatNeverBelievesIsLeftAlone) {
  auto resets = of({client(1)});
  unsigned resets_sent = 0;
  for (unsigned i = 0; i < 10 * kMostResets; ++i) {
    resets_sent += resets.heard(answer(client(1)), kStart) ? 1U : 0U;
  }
  EXPECT_EQ(resets_sent, kMostResets);
  EXPECT_FALSE(resets.due());
}

// The ports may be taken again as soon as they are free.
TEST(Resets, ANewConnectionOfTheSamePortsIsLeftAlone) {
  auto resets = of({client(1)});
  (void)resets.step(kStart);
  (void)resets.heard(answer(client(1)), kStart);
  auto anew = answer(client(1));
  anew.ack = false;
  anew.syn = true;
  EXPECT_FALSE(resets.heard(anew, kStart + Duration(10)));
  EXPECT_FALSE(resets.heard(answer(client(1)), kStart + Duration(50)));
  EXPECT_FALSE(resets.due());
}

TEST(Resets, ArePacedInTheOrderGiven) {
  constexpr std::uint32_t kMany = 5000;
  const auto all = clients(kMany);
  auto resets = of(all);
  const auto sent = run(resets, kStart + Duration(kMany));
  ASSERT_GE(sent.size(), kMany);
  for (std::uint32_t i = 0; i < 1000; ++i) {
    EXPECT_EQ(sent[i].second, provocation(all[i]));
    EXPECT_EQ(sent[i].first, i / kMostPerStep * kStep);
  }
}

TEST(Resets, WhoMattersMostComesFirstWheneverItIsAdded) {
  Resets resets(kStart);
  resets.add(client(1), 7);
  resets.add(client(2), 3);
  resets.add(client(3), 3);
  resets.add(client(3), 0);  // it is known
  EXPECT_EQ(resets.total(), 3U);
  EXPECT_EQ(resets.step(kStart),
            (std::vector<Packet>{provocation(client(2)), provocation(client(3)),
                                 provocation(client(1))}));
  resets.add(client(4), 9);
  resets.add(client(5), 8);
  const auto next = kStart + kStep;
  EXPECT_EQ(resets.due(), next);
  EXPECT_EQ(resets.step(next),
            (std::vector<Packet>{provocation(client(5)), provocation(client(4))}));
}

TEST(Resets, AStepIsBoundedWhateverIsDue) {
  constexpr std::uint32_t kMany = 10'000;
  auto resets = of(clients(kMany));
  const auto over = kStart + kPatience + Duration(1);
  std::size_t steps = 0;
  for (; resets.due(); ++steps) {
    EXPECT_LE(*resets.due(), over) << "the others are due at once";
    EXPECT_LE(resets.step(over).size(), kMostPerStep);
  }
  EXPECT_EQ(steps, kMany / kMostForgotten);
}

// Thousands within a second.
TEST(Resets, FiveThousandAreProvokedWithinASecond) {
  constexpr std::uint32_t kMany = 5000;
  auto resets = of(clients(kMany));
  const auto sent = run(resets, kStart + Duration(1000));
  ASSERT_GE(sent.size(), kMany);
  EXPECT_LT(sent[kMany - 1].first, Duration(1000));
}

TEST(Resets, OfNothingAreNothing) {
  auto resets = of({});
  EXPECT_FALSE(resets.due());
  EXPECT_TRUE(resets.step(kStart).empty());
}

}  // namespace
}  // namespace cw::ha::reset
