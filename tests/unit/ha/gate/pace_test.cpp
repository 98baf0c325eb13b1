// SPDX-License-Identifier: Apache-2.0
#include "ha/gate/pace.h"

#include <algorithm>
#include <deque>
#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ha/gate/handshakes.h"
#include "ha/timers.h"

namespace cw::ha::gate {
namespace {

using namespace std::chrono_literals;
using netlink::HandshakeTime;
using netlink::WgDevice;

const Time kNow{1h};
const HandshakeTime kWall{std::chrono::hours(400'000)};

net::PublicKey key(std::uint32_t number) {
  net::KeyBytes bytes{};
  bytes[0] = static_cast<std::uint8_t>(number >> 8U);
  bytes[1] = static_cast<std::uint8_t>(number);
  return net::PublicKey(bytes);
}

WgDevice device(std::uint32_t count) {
  WgDevice made{.name = "cw-gw"};
  for (std::uint32_t i = 0; i < count; ++i) {
    made.peers.push_back({.key = key(i), .allowed_ips = {net::Prefix::host(net::Ip::v4(i))}});
  }
  return made;
}

std::vector<Kick> kicks(std::uint32_t count) {
  std::vector<Kick> all;
  for (std::uint32_t i = 0; i < count; ++i) {
    all.push_back({.key = key(i), .endpoint = {.ip = net::Ip::v4(i), .port = 51820}});
  }
  return all;
}

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

TEST(Pace, NoAnswerIsAwaitedLongerThanTheKernelDoes) {
  auto pace = tried_at_the_start(2);
  auto there = device(2);
  there.peers[0].last_handshake = kWall + 4s;
  learn(pace, there);
  EXPECT_EQ(awaited(pace, &there, kNow + kMostAnswerTime), 0U);
}

// A gate that opens to peers behind one queue, each of whose handshakes takes the processor `cost`.
class Queue {
 public:
  Queue(std::uint32_t peers, std::chrono::microseconds cost, Duration round_trip)
      : cost_(cost), round_trip_(round_trip), there_(device(peers)), kicks_(kicks(peers)) {}

  // Until all have a session: how long it took. The beat is the loop's: due batches, and rekicks.
  Duration run() {
    Gate gate;
    open(gate, kicks_, nullptr, kNow, kWall);
    const Timers timers;
    auto now = kNow;
    for (; sessions_ < kicks_.size() && now < kNow + 60s; now += 5ms) {
      answer(now);
      if (now > kNow && (now - kNow) % timers.rekick == Duration::zero() &&
          (now - kNow) / timers.rekick <= timers.rekicks) {
        kick_again(gate, kicks_, there_, now);
      }
      take(next_batch(gate, needs_device(gate) ? &there_ : nullptr, now), now);
    }
    return std::chrono::duration_cast<Duration>(now - kNow);
  }

  std::size_t longest = 0;  // that have waited at once
  std::size_t begun = 0;

 private:
  struct Waiting {
    net::PublicKey key;
    Time from;
    std::size_t begun;  // as the how-manieth: one that was made again has lost those before
  };

  void take(const std::vector<netlink::WgPeerChange>& changes, Time now) {
    for (const auto& change : changes) {
      if (change.keepalive_seconds.value_or(0) != 0) {
        latest_[change.key] = ++begun;
        waiting_.push_back({.key = change.key, .from = now + round_trip_, .begun = begun});
      }
    }
  }

  void answer(Time now) {
    const auto there =
        std::ranges::count_if(waiting_, [now](const Waiting& each) { return each.from <= now; });
    longest = std::max(longest, static_cast<std::size_t>(there));
    while (!waiting_.empty() && std::max(free_, waiting_.front().from) + cost_ <= now) {
      const auto first = waiting_.front();
      waiting_.pop_front();
      free_ = std::max(free_, first.from) + cost_;
      if (latest_[first.key] == first.begun) {
        auto& peer = *std::ranges::find(there_.peers, first.key, &netlink::WgPeer::key);
        peer.last_handshake = kWall + (free_ - kNow);
        ++sessions_;
      }
    }
  }

  std::chrono::microseconds cost_;
  Duration round_trip_;
  WgDevice there_;
  std::vector<Kick> kicks_;
  std::deque<Waiting> waiting_;
  std::map<net::PublicKey, std::size_t> latest_;
  Time free_{};
  std::size_t sessions_ = 0;
};

TEST(Pace, AThousandPeersOfAQuickProcessorHaveTheirSessionsAtOnce) {
  Queue queue(1000, 200us, 40ms);
  EXPECT_LE(queue.run(), 400ms);
  EXPECT_EQ(queue.begun, 1000U);
}

// A throttled one: it is busy for as long as they take, and nobody is asked twice.
TEST(Pace, AThousandPeersOfASlowProcessorAreNeverTooManyAtOnceNorAskedTwice) {
  Queue queue(1000, 5ms, 40ms);
  EXPECT_LE(queue.run(), 1000 * 5ms + 300ms);
  EXPECT_EQ(queue.begun, 1000U);
  EXPECT_LT(queue.longest, 512U);
}

}  // namespace
}  // namespace cw::ha::gate
