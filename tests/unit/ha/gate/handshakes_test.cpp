// SPDX-License-Identifier: Apache-2.0
#include "ha/gate/handshakes.h"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "netlink/codec/wireguard_codec.h"
#include "tests/unit/ha/gate/peers.h"

namespace cw::ha::gate {
namespace {

using namespace std::chrono_literals;
using netlink::PeerVerb;
using netlink::WgPeerChange;
using testing::IsEmpty;
using testing::SizeIs;

// Of whom a handshake begins, in order; each has its keepalive set back behind it.
std::vector<net::PublicKey> begun(const std::vector<WgPeerChange>& changes) {
  std::vector<net::PublicKey> keys;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (changes[i].keepalive_seconds.value_or(0) != 0) {
      keys.push_back(changes[i].key);
      EXPECT_EQ(changes.at(i + 1).key, changes[i].key);
      EXPECT_EQ(changes.at(i + 1).verb, PeerVerb::Update);
      EXPECT_EQ(changes.at(i + 1).keepalive_seconds, 0);
    }
  }
  return keys;
}

std::size_t removed(const std::vector<WgPeerChange>& changes) {
  return static_cast<std::size_t>(
      std::ranges::count(changes, PeerVerb::Remove, &WgPeerChange::verb));
}

Gate closed_long_ago() {
  return Gate{};
}

TEST(Handshakes, OpeningBeginsOneWithEachKickWithoutMakingAPeer) {
  auto gate = closed_long_ago();
  EXPECT_FALSE(may_have_sessions(gate, kNow));
  open(gate, kicks(3), nullptr, kNow, kWall);
  EXPECT_TRUE(gate.open);
  EXPECT_FALSE(needs_device(gate));
  const auto changes = next_batch(gate, nullptr, kNow);
  EXPECT_THAT(begun(changes), testing::ElementsAre(key(0), key(1), key(2)));
  for (const auto& change : changes) {
    EXPECT_EQ(change.verb, PeerVerb::Update);
    EXPECT_THAT(change.allowed_ips, IsEmpty());
  }
  EXPECT_EQ(changes[0].endpoint, endpoint(0));
  EXPECT_FALSE(gate.next);
}

TEST(Handshakes, ComeInTheirOrderAndNeverTooManyAtOnce) {
  auto gate = closed_long_ago();
  open(gate, kicks(2000), nullptr, kNow, kWall);
  std::vector<std::pair<Time, std::size_t>> sent;  // nobody answers
  std::vector<net::PublicKey> all;
  for (auto now = kNow; gate.next; now = std::max(now, gate.next.value_or(now))) {
    const auto changes = next_batch(gate, nullptr, now);
    EXPECT_THAT(netlink::encode({.device = "cw-gw", .fwmark = 1, .peers = changes}, 30), SizeIs(1));
    const auto keys = begun(changes);
    sent.emplace_back(now, keys.size());
    all.insert(all.end(), keys.begin(), keys.end());
    EXPECT_THAT(next_batch(gate, nullptr, now + 1ms), IsEmpty());
  }
  EXPECT_EQ(sent.front(), std::pair(kNow, kFirstAwaited));
  ASSERT_THAT(all, SizeIs(2000));
  EXPECT_TRUE(std::ranges::is_sorted(all));
  for (const auto& [from, count] : sent) {
    std::size_t under_way = 0;
    for (const auto& [at, more] : sent) {
      under_way += at >= from && at < from + kLeastAnswerTime ? more : 0;
    }
    EXPECT_LE(under_way, kMostAwaited);
  }
}

TEST(Handshakes, APeerWithAnOldSessionIsMadeAgainAlsoIfNobodyAskedForIt) {
  auto gate = found(true, kNow - 1h, kWall - 1h);
  close(gate, kNow - 1min);
  ASSERT_TRUE(may_have_sessions(gate, kNow));
  auto there = device(4);
  there.peers[1].last_handshake = kWall - 100s;
  there.peers[2].last_handshake = kWall - 181s;  // dead
  there.peers[3].last_handshake = kWall - 70s;
  there.peers[3].endpoint = endpoint(9);
  open(gate, kicks(3), &there, kNow, kWall);
  ASSERT_TRUE(needs_device(gate));
  const auto changes = next_batch(gate, &there, kNow);
  EXPECT_THAT(begun(changes), testing::ElementsAre(key(0), key(1), key(2), key(3)));
  EXPECT_EQ(removed(changes), 2U);
  const auto again = std::ranges::find(changes, PeerVerb::Remove, &WgPeerChange::verb);
  EXPECT_EQ(again->key, key(1));
  EXPECT_EQ((again + 1)->verb, PeerVerb::Set);
  EXPECT_EQ((again + 1)->allowed_ips, there.peers[1].allowed_ips);
  EXPECT_EQ((again + 1)->endpoint, endpoint(1));
  EXPECT_FALSE(may_have_sessions(gate, kNow + 10min));
}

TEST(Handshakes, AGateThatIsFoundClosedMayHaveSessionsForAsLongAsTheyLive) {
  const auto gate = found(false, kNow, kWall);
  EXPECT_TRUE(may_have_sessions(gate, kNow + 179s));
  EXPECT_FALSE(may_have_sessions(gate, kNow + 180s));
}

TEST(Handshakes, AgainOnlyOfPeersWithoutASessionSinceTheOpening) {
  auto gate = closed_long_ago();
  open(gate, kicks(4), nullptr, kNow, kWall);
  EXPECT_THAT(next_batch(gate, nullptr, kNow), testing::Not(IsEmpty()));
  auto there = device(3);  // the fourth has been removed
  there.peers[0].last_handshake = kWall + 90ms;
  there.peers[1].last_handshake = kWall - 1s;
  kick_again(gate, kicks(4), there, kNow + 250ms);
  const auto changes = next_batch(gate, &there, kNow + 250ms);
  EXPECT_THAT(begun(changes), testing::ElementsAre(key(1), key(2)));
  EXPECT_EQ(removed(changes), 2U);
  for (const auto& change : changes) {
    EXPECT_NE(change.key, key(3));
  }
}

TEST(Handshakes, WhoIsAskedAgainComesBeforeThoseThatWait) {
  auto gate = closed_long_ago();
  open(gate, kicks(1000), nullptr, kNow, kWall);
  EXPECT_THAT(begun(next_batch(gate, nullptr, kNow)), SizeIs(kFirstAwaited));
  const auto there = device(1000);
  kick_again(gate, kicks(1000), there, kNow + 250ms);
  const auto again = begun(next_batch(gate, &there, kNow + 250ms));
  ASSERT_THAT(again, SizeIs(kFirstAwaited));
  EXPECT_EQ(again.front(), key(0));
  EXPECT_EQ(again.back(), key(kFirstAwaited - 1));
}

// At 0, 250, 750, 1750 ms: what is asked for every 250 ms.
TEST(Handshakes, AnAnswerFromFarAwayIsGivenTime) {
  auto gate = closed_long_ago();
  open(gate, kicks(1), nullptr, kNow, kWall);
  EXPECT_THAT(next_batch(gate, nullptr, kNow), testing::Not(IsEmpty()));
  const auto there = device(1);
  std::vector<Time> at;
  for (auto now = kNow + 250ms; now <= kNow + 2s; now += 250ms) {
    kick_again(gate, kicks(1), there, now);
    if (!next_batch(gate, &there, now).empty()) {
      at.push_back(now);
    }
  }
  EXPECT_THAT(at, testing::ElementsAre(kNow + 250ms, kNow + 750ms, kNow + 1750ms));
}

TEST(Handshakes, WhatIsMadeAgainFitsAMessageAndIsFew) {
  auto gate = closed_long_ago();
  open(gate, {}, nullptr, kNow, kWall);
  auto there = device(200);
  for (auto& peer : there.peers) {
    for (std::uint32_t i = 0; i < 30; ++i) {
      peer.allowed_ips.push_back(net::Prefix::host(net::Ip::parse("fd01::")->with_low32(i)));
    }
  }
  kick_again(gate, kicks(200), there, kNow);
  std::set<net::PublicKey> all;
  for (auto now = kNow; gate.next; now += kBatchEvery) {
    const auto changes = next_batch(gate, &there, now);
    EXPECT_LE(removed(changes), kMostRemade);
    EXPECT_THAT(netlink::encode({.device = "cw-gw", .peers = changes}, 30), SizeIs(testing::Le(1)));
    const auto keys = begun(changes);
    all.insert(keys.begin(), keys.end());
  }
  EXPECT_THAT(all, SizeIs(200));
}

TEST(Handshakes, APeerThatTakesTwoMessagesIsNotMadeAgain) {
  auto gate = closed_long_ago();
  open(gate, {}, nullptr, kNow, kWall);
  auto there = device(2);
  for (std::uint32_t i = 0; i < 2000; ++i) {
    there.peers[0].allowed_ips.push_back(net::Prefix::host(net::Ip::v4(0x0a000000 + i)));
  }
  kick_again(gate, kicks(2), there, kNow);
  EXPECT_THAT(begun(next_batch(gate, &there, kNow)), testing::ElementsAre(key(1)));
}

TEST(Handshakes, WhoStopsBeginsNothing) {
  auto gate = closed_long_ago();
  open(gate, kicks(1000), nullptr, kNow, kWall);
  EXPECT_THAT(next_batch(gate, nullptr, kNow), testing::Not(IsEmpty()));
  stop(gate);
  EXPECT_FALSE(gate.next);
  EXPECT_TRUE(gate.open);
  const auto there = device(1000);
  kick_again(gate, kicks(1000), there, kNow + 1s);
  EXPECT_THAT(next_batch(gate, &there, kNow + 1s), IsEmpty());
}

TEST(Handshakes, WhoGoesOnBeginsAnewWithAll) {
  auto gate = closed_long_ago();
  open(gate, kicks(2), nullptr, kNow, kWall);
  EXPECT_THAT(next_batch(gate, nullptr, kNow), testing::Not(IsEmpty()));
  auto there = device(2);
  there.peers[0].last_handshake = kWall + 1s;
  stop(gate);
  resume(gate, kicks(2), there, kNow + 10s, kWall + 10s);
  const auto changes = next_batch(gate, &there, kNow + 10s);
  EXPECT_THAT(begun(changes), testing::ElementsAre(key(0), key(1)));
  EXPECT_EQ(removed(changes), 2U);
}

TEST(Handshakes, ADeviceMadeAnewShakesHandsWithWhomItKnows) {
  auto gate = closed_long_ago();
  open(gate, {}, nullptr, kNow, kWall);
  auto there = device(3);
  there.peers[0].endpoint = endpoint(0);
  there.peers[2].endpoint = endpoint(2);
  reopen(gate, there, kNow + 5s, kWall + 5s);
  const auto changes = next_batch(gate, &there, kNow + 5s);
  EXPECT_THAT(begun(changes), testing::UnorderedElementsAre(key(0), key(2)));
  EXPECT_EQ(removed(changes), 2U);
}

TEST(Handshakes, KeepaliveOfAnybodyIsTakenAway) {
  auto there = device(3);
  there.peers[1].keepalive_seconds = 25;
  const auto changes = without_keepalive(there);
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0].key, key(1));
  EXPECT_EQ(changes[0].verb, PeerVerb::Update);
  EXPECT_EQ(changes[0].keepalive_seconds, 0);
}

}  // namespace
}  // namespace cw::ha::gate
