// SPDX-License-Identifier: Apache-2.0
#include "ha/gate/pace.h"

#include <algorithm>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ha/gate/handshakes.h"
#include "ha/timers.h"
#include "tests/unit/ha/gate/peers.h"

namespace cw::ha::gate {
namespace {

using namespace std::chrono_literals;
using netlink::WgDevice;

Pace tried_at_the_start(std::uint32_t count) {
  Pace pace{.opened_at = kNow, .opened = kWall};
  for (std::uint32_t i = 0; i < count; ++i) {
    pace.tried[key(i)] = {.last = kNow, .times = 1};
  }
  return pace;
}

TEST(Pace, WhoHasAnsweredIsNotAwaited) {
  const auto pace = tried_at_the_start(3);
  auto there = device(3);
  there.peers[1].last_handshake = kWall + 40ms;
  there.peers[2].last_handshake = kWall - 1s;  // with whoever had the address
  EXPECT_EQ(awaited(pace, &there, kNow + 50ms), 2U);
  EXPECT_EQ(awaited(pace, nullptr, kNow + 50ms), 3U);
}

TEST(Pace, NobodyIsAwaitedForLongWhereNobodyAnswers) {
  const auto pace = tried_at_the_start(3);
  const auto there = device(3);
  EXPECT_EQ(awaited(pace, &there, kNow + kLeastAnswerTime - 1ms), 3U);
  EXPECT_EQ(awaited(pace, &there, kNow + kLeastAnswerTime), 0U);
  EXPECT_TRUE(is_early(pace, key(0), kNow + kPatience - 1ms));
  EXPECT_FALSE(is_early(pace, key(0), kNow + kPatience));
}

TEST(Pace, WhereOneAnswersLateOthersMayTakeTwiceAsLong) {
  auto pace = tried_at_the_start(3);
  auto there = device(3);
  there.peers[0].last_handshake = kWall + 400ms;
  learn(pace, there);
  EXPECT_EQ(pace.slowest, 400ms);
  EXPECT_EQ(awaited(pace, &there, kNow + 799ms), 2U);
  EXPECT_EQ(awaited(pace, &there, kNow + 800ms), 0U);
  EXPECT_TRUE(is_early(pace, key(1), kNow + 799ms));
  EXPECT_FALSE(is_early(pace, key(1), kNow + 800ms));
}

// Who was tried twice is tried again after twice kPatience, or after what the slowest answer says.
TEST(Pace, OneThatIsFarAwayDoesNotPutOffTheOthersFurtherTries) {
  auto pace = tried_at_the_start(2);
  auto there = device(2);
  there.peers[0].last_handshake = kWall + 300ms;
  learn(pace, there);
  pace.tried[key(1)] = {.last = kNow + 250ms, .times = 2};
  EXPECT_TRUE(is_early(pace, key(1), kNow + 250ms + 599ms));
  EXPECT_FALSE(is_early(pace, key(1), kNow + 250ms + 600ms));
}

TEST(Pace, WhatTheKernelTriedAgainByItselfIsNoAnswer) {
  auto pace = tried_at_the_start(1);
  auto there = device(1);
  there.peers[0].last_handshake = kWall + kMostAnswerTime;
  learn(pace, there);
  EXPECT_EQ(pace.slowest, 0ms);
  EXPECT_EQ(pace.answers, 0U);
}

TEST(Pace, TwoAreBegunForEachThatIsAnswered) {
  auto pace = tried_at_the_start(kFirstAwaited);
  auto there = device(kFirstAwaited);
  EXPECT_EQ(room(pace, &there, kNow + 50ms), 0U);
  there.peers[0].last_handshake = kWall + 40ms;
  learn(pace, there);
  EXPECT_EQ(room(pace, &there, kNow + 50ms), 2U);
  EXPECT_EQ(room(pace, &there, kNow + kLeastAnswerTime), kFirstAwaited + 1);  // the others are lost
}

TEST(Pace, NeverAreSoManyAwaitedThatAResponderIsUnderLoad) {
  auto pace = tried_at_the_start(kMostAwaited);
  pace.answers = 10 * kMostAwaited;
  EXPECT_EQ(room(pace, nullptr, kNow), 0U);
  EXPECT_EQ(room(pace, nullptr, kNow + 1s), kMostAwaited);
}

TEST(Pace, NoAnswerIsAwaitedLongerThanTheKernelDoes) {
  auto pace = tried_at_the_start(2);
  auto there = device(2);
  there.peers[0].last_handshake = kWall + 4s;
  learn(pace, there);
  EXPECT_EQ(awaited(pace, &there, kNow + kMostAnswerTime), 0U);
}

// A gate that opens to peers, and the one processor that begins each handshake and takes its
// answer, in the order in which they come; `cost` for both.
class Queue {
 public:
  Queue(std::uint32_t peers, std::chrono::microseconds cost, Duration round_trip)
      : cost_(cost / 2), round_trip_(round_trip), there_(device(peers)), kicks_(kicks(peers)) {}

  // Until all have a session: how long it took. The beat is the loop's: due batches, and rekicks.
  Duration run() {
    Gate gate;
    open(gate, kicks_, nullptr, kNow, kWall);
    const Timers timers;
    auto now = kNow;
    for (; sessions_ < kicks_.size() && now < kNow + 60s; now += 5ms) {
      work(now);
      if (now > kNow && (now - kNow) % timers.rekick == Duration::zero() &&
          (now - kNow) / timers.rekick <= timers.rekicks) {
        kick_again(gate, kicks_, there_, now);
      }
      for (const auto& change : next_batch(gate, needs_device(gate) ? &there_ : nullptr, now)) {
        if (change.keepalive_seconds.value_or(0) != 0) {
          latest_[change.key] = ++begun;
          waiting_.emplace(now, Job{.key = change.key, .begun = begun});
        }
      }
    }
    return std::chrono::duration_cast<Duration>(now - kNow);
  }

  std::size_t longest = 0;  // answers that have waited at once
  std::size_t begun = 0;

 private:
  struct Job {
    net::PublicKey key;
    std::size_t begun = 0;  // as the how-manieth: one that was made again has lost those before
    bool answer = false;
  };

  void work(Time now) {
    const auto answers = std::count_if(waiting_.begin(), waiting_.upper_bound(now),
                                       [](const auto& each) { return each.second.answer; });
    longest = std::max(longest, static_cast<std::size_t>(answers));
    while (!waiting_.empty() && std::max(free_, waiting_.begin()->first) + cost_ <= now) {
      const auto first = waiting_.extract(waiting_.begin());
      free_ = std::max(free_, first.key()) + cost_;
      auto job = first.mapped();
      if (!job.answer) {
        job.answer = true;
        waiting_.emplace(free_ + round_trip_, job);
      } else if (latest_[job.key] == job.begun) {
        auto& peer = *std::ranges::find(there_.peers, job.key, &netlink::WgPeer::key);
        peer.last_handshake =
            kWall + std::chrono::duration_cast<std::chrono::nanoseconds>(free_ - kNow);
        ++sessions_;
      }
    }
  }

  std::chrono::microseconds cost_;
  Duration round_trip_;
  WgDevice there_;
  std::vector<Kick> kicks_;
  std::multimap<Time, Job> waiting_;
  std::map<net::PublicKey, std::size_t> latest_;
  Time free_{};
  std::size_t sessions_ = 0;
};

// A slow or throttled one is busy for as long as they take, and nobody is asked twice.
TEST(Pace, AThousandPeersTakeAsLongAsTheProcessorNeedsForThem) {
  for (const auto round_trip : {5ms, 40ms}) {
    for (const auto cost : {100us, 300us, 1000us, 3000us, 10000us}) {
      SCOPED_TRACE(testing::Message() << round_trip.count() << " ms, " << cost.count() << " us");
      Queue queue(1000, cost, round_trip);
      EXPECT_LE(queue.run(), 1000 * cost + 300ms);
      EXPECT_EQ(queue.begun, 1000U);
      EXPECT_LT(queue.longest, 512U);
    }
  }
}

// The first of them are tried again before anything is known of how far away they are.
TEST(Pace, AThousandPeersFarAwayTakeTwoSeconds) {
  Queue queue(1000, 100us, 300ms);
  EXPECT_LE(queue.run(), 2s);
  EXPECT_LE(queue.begun, 1000U + kFirstAwaited);
}

}  // namespace
}  // namespace cw::ha::gate
