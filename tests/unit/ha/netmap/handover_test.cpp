// SPDX-License-Identifier: Apache-2.0
// Both ends of a handover, and a network between them that loses, doubles and reorders.
#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "ha/netmap/receiving.h"
#include "ha/netmap/sending.h"

namespace cw::ha::netmap {
namespace {

constexpr std::uint64_t kOlder = 5;
constexpr std::uint64_t kNewer = 6;

Bundle bundle(std::size_t size, std::uint64_t serial = kNewer) {
  std::mt19937_64 random(serial);
  std::string bytes(size, '\0');
  std::ranges::generate(bytes, [&] { return static_cast<char>(random()); });
  return {.id = id_of(serial, bytes), .bytes = std::move(bytes)};
}

Time at(std::int64_t ms) {
  return Time(Duration(ms));
}

// One sender, one receiver, a step of a millisecond at a time.
class Between {
 public:
  explicit Between(std::uint32_t lost_percent = 0) : lost_(lost_percent) {}

  // Until the receiver has one, or `longest` ms have gone by.
  bool run(const Bundle* offered, std::int64_t longest = 60'000) {
    for (const auto end = now_ + longest; now_ < end && !whole; ++now_) {
      tick(offered);
    }
    return whole.has_value();
  }

  void tick(const Bundle* offered) {
    auto turn = sending.step(offered, at(now_));
    most_at_once = std::max(most_at_once, turn.payloads.size());
    bytes_sent += turn.payloads.size() * kPieceBytes;
    if (lost_ > 0) {
      std::ranges::shuffle(turn.payloads, random_);
    }
    for (const auto& payload : turn.payloads) {
      ++letters;
      for (auto copies = arrives() ? 1 + (lost_ > 0 && arrives() ? 1 : 0) : 0; copies > 0;
           --copies) {
        deliver(payload);
      }
    }
  }

  Sending sending;
  Receiving receiving;
  std::optional<std::uint64_t> serial = kOlder;  // the receiver's
  std::optional<Bundle> whole;
  std::size_t most_at_once = 0;
  std::size_t bytes_sent = 0;
  std::size_t letters = 0;

  [[nodiscard]] std::int64_t now() const { return now_; }

 private:
  bool arrives() { return random_() % 100 >= lost_; }

  void deliver(const Payload& payload) {
    const auto said = read(payload);
    ASSERT_TRUE(said);
    auto heard = receiving.hear("router-a", *said, serial, at(now_));
    if (heard.whole) {
      ASSERT_FALSE(whole) << "twice";
      whole = std::move(heard.whole);
    }
    if (heard.answer && arrives()) {
      const auto answer = read(*heard.answer);
      ASSERT_TRUE(answer);
      sending.hear(*answer, at(now_));
    }
  }

  std::uint32_t lost_;
  std::int64_t now_ = 1000;
  std::mt19937_64 random_{1};
};

TEST(NetmapHandover, BringsFilesOfAllSizes) {
  for (const std::size_t size :
       {std::size_t{1}, kPieceBytes - 1, kPieceBytes, kPieceBytes + 1, kWindow * kPieceBytes,
        kWindow * kPieceBytes + 1, std::size_t{1'000'000}}) {
    const auto file = bundle(size);
    Between between;
    ASSERT_TRUE(between.run(&file)) << size;
    EXPECT_EQ(between.whole->bytes, file.bytes);
    EXPECT_EQ(between.letters, pieces_of(size) + 1U) << "nothing is sent twice";
    EXPECT_LE(between.most_at_once, kWindow);
  }
}

// 10,000 peers.
TEST(NetmapHandover, TakesSecondsForMegabytes) {
  const auto file = bundle(3'000'000);
  Between between;
  const auto begun = between.now();
  ASSERT_TRUE(between.run(&file));
  EXPECT_LT(between.now() - begun, 5000);
}

TEST(NetmapHandover, SendsAgainWhatWasLost) {
  for (const std::uint32_t lost : {5U, 20U, 50U}) {
    const auto file = bundle(200'000);
    Between between(lost);
    ASSERT_TRUE(between.run(&file, 600'000)) << lost;
    EXPECT_EQ(between.whole->bytes, file.bytes);
  }
}

TEST(NetmapHandover, AsksSeldomWhereNobodyAnswers) {
  const auto file = bundle(10'000);
  Between between(100);
  EXPECT_FALSE(between.run(&file, 60'000));
  EXPECT_LT(between.letters, 40U);
}

TEST(NetmapHandover, EndsOnceTheSiblingHasIt) {
  const auto file = bundle(10'000);
  Between between;
  ASSERT_TRUE(between.run(&file));
  const auto letters = between.letters;
  between.serial = kNewer;
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(between.sending.step(nullptr, at(between.now() + i)).due);
  }
  EXPECT_EQ(between.letters, letters);
}

TEST(NetmapHandover, IsDroppedWhenANewerOneComes) {
  const auto file = bundle(100'000);
  const auto newer = bundle(50'000, kNewer + 1);
  Between between;
  EXPECT_FALSE(between.run(&file, 40));
  ASSERT_TRUE(between.receiving.progress(at(between.now())));
  ASSERT_TRUE(between.run(&newer));
  EXPECT_EQ(between.whole->id, newer.id);
  EXPECT_EQ(between.whole->bytes, newer.bytes);
}

TEST(NetmapHandover, BringsNoneThatIsNotNewerAndNoneWhereNoneIsTaken) {
  const auto file = bundle(10'000);
  for (const auto serial :
       {std::optional(kNewer), std::optional(kNewer + 1), std::optional<std::uint64_t>()}) {
    Between between;
    between.serial = serial;
    EXPECT_FALSE(between.run(&file, 30'000));
    EXPECT_EQ(between.letters, 1U) << "asked once";
  }
}

// A router whose agent could not take it is asked again, and says at once what it has already.
TEST(NetmapHandover, AWholeOneIsNotSentTwice) {
  const auto file = bundle(10'000);
  Between between;
  ASSERT_TRUE(between.run(&file));
  const auto letters = between.letters;
  between.whole.reset();
  EXPECT_FALSE(between.run(&file, 300'000));
  EXPECT_LE(between.letters - letters, 5U);
}

TEST(NetmapHandover, OneThatCouldNotBeKeptComesAgainWithTheNextOffer) {
  const auto file = bundle(10'000);
  Between between;
  ASSERT_TRUE(between.run(&file));
  between.whole.reset();
  between.receiving.not_kept();
  EXPECT_TRUE(between.run(&file, 2 * kOfferAgain.count()));
}

TEST(NetmapHandover, WhatIsHalfwayIsDroppedWhereItCameFromSomewhereElse) {
  const auto file = bundle(100'000);
  Between between;
  EXPECT_FALSE(between.run(&file, 40));
  between.receiving.in_force(kOlder);
  EXPECT_TRUE(between.receiving.progress(at(between.now())));
  between.receiving.in_force(kNewer);
  EXPECT_FALSE(between.receiving.progress(at(between.now())));
}

TEST(NetmapHandover, GoesOnWithAnotherSenderWhereTheFirstEnded) {
  const auto file = bundle(1'000'000);
  Between between;
  EXPECT_FALSE(between.run(&file, 600));
  const auto before = between.receiving.progress(at(between.now()));
  ASSERT_TRUE(before);
  EXPECT_GT(before->arrived, 300'000U);
  // Another sibling is not heard while the first one sends.
  const Said offer{.of = file.id, .what = Offer{.size = 1'000'000}};
  EXPECT_FALSE(between.receiving.hear("router-c", offer, kOlder, at(between.now())).answer);
  const auto later = at(between.now() + kSilence.count());
  const auto heard = between.receiving.hear("router-c", offer, kOlder, later);
  ASSERT_TRUE(heard.answer);
  EXPECT_EQ(std::get<Have>(read(*heard.answer)->what).next, before->arrived / kPieceBytes);
}

TEST(NetmapHandover, AnOlderOneDoesNotTakeThePlaceOfANewer) {
  const auto newer = bundle(100'000, kNewer + 1);
  Between between;
  EXPECT_FALSE(between.run(&newer, 40));
  const Said offer{.of = bundle(10, kNewer).id, .what = Offer{.size = 10}};
  EXPECT_FALSE(between.receiving.hear("router-c", offer, kOlder, at(between.now())).answer);
  EXPECT_TRUE(between.run(&newer));
}

TEST(NetmapHandover, ASenderThatSaysNonsenseBringsNothing) {
  Receiving receiving;
  const auto file = bundle(3 * kPieceBytes);
  const auto hear = [&](std::uint32_t index, std::string content) {
    return receiving.hear(
        "router-a",
        {.of = file.id, .what = Piece{.index = index, .ask = true, .content = std::move(content)}},
        kOlder, at(0));
  };
  EXPECT_FALSE(hear(0, "nobody offered that").answer);
  (void)receiving.hear("router-a", {.of = file.id, .what = Offer{.size = 3 * kPieceBytes}}, kOlder,
                       at(0));
  EXPECT_EQ(std::get<Have>(read(*hear(0, "too short").answer)->what), Have{});
  EXPECT_EQ(std::get<Have>(read(*hear(3, std::string(kPieceBytes, 'x')).answer)->what), Have{});
  EXPECT_EQ(std::get<Have>(read(*hear(60'000, std::string(kPieceBytes, 'x')).answer)->what),
            Have{});
  // All of it, and it is another file than was said.
  for (const std::uint32_t index : {0U, 1U, 2U}) {
    const auto heard = hear(index, std::string(kPieceBytes, 'x'));
    EXPECT_FALSE(heard.whole);
    EXPECT_EQ(std::holds_alternative<Enough>(read(*heard.answer)->what), index == 2);
  }
  EXPECT_FALSE(receiving.progress(at(0)));
}

}  // namespace
}  // namespace cw::ha::netmap
