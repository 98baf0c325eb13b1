// SPDX-License-Identifier: Apache-2.0
#include "network/guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::network {
namespace {

Netmap network_of(unsigned peers) {
  Netmap netmap;
  for (unsigned i = 0; i < peers; ++i) {
    net::KeyBytes key{};
    key[0] = static_cast<std::uint8_t>(i + 1);
    key[1] = static_cast<std::uint8_t>(i >> 8);
    netmap.peers.push_back({.name = "p" + std::to_string(i), .public_key = net::PublicKey(key)});
  }
  return netmap;
}

TEST(Guard, HoldsBackAChangeThatLocksOutMoreThanATenth) {
  const auto verdict = judge_unattended(network_of(100), network_of(89));
  EXPECT_FALSE(verdict.take);
  EXPECT_EQ(verdict.removal, (Removal{.removed = 11, .of = 100}));
  EXPECT_THAT(verdict.why, testing::HasSubstr("11 of 100 peers"));
  EXPECT_THAT(verdict.why, testing::HasSubstr("causeway reload"));
}

TEST(Guard, TakesATenthExactly) {
  EXPECT_TRUE(judge_unattended(network_of(100), network_of(90)).take);
}

TEST(Guard, LetsASmallNetworkLoseTwoPeersAndNotThree) {
  EXPECT_TRUE(judge_unattended(network_of(4), network_of(2)).take);
  EXPECT_FALSE(judge_unattended(network_of(4), network_of(1)).take);
}

TEST(Guard, CountsDisablingAsLockingOut) {
  auto candidate = network_of(10);
  for (int i = 0; i < 4; ++i) {
    candidate.peers[static_cast<std::size_t>(i)].enabled = false;
  }
  EXPECT_FALSE(judge_unattended(network_of(10), candidate).take);
  EXPECT_TRUE(judge_unattended(candidate, network_of(10)).take);
}

TEST(Guard, DoesNotCountRenamingAndMoving) {
  auto candidate = network_of(10);
  for (Peer& peer : candidate.peers) {
    peer.name = "new-" + peer.name;
    peer.address = net::Ip::v4(1);
  }
  EXPECT_EQ(removed_share(network_of(10), candidate).removed, 0U);
}

TEST(Guard, CountsNewKeysForAll) {
  auto candidate = network_of(10);
  for (Peer& peer : candidate.peers) {
    auto key = peer.public_key.bytes();
    key[31] = 1;
    peer.public_key = net::PublicKey(key);
  }
  EXPECT_FALSE(judge_unattended(network_of(10), candidate).take);
}

TEST(Guard, TakesTheFirstNetwork) {
  EXPECT_TRUE(judge_unattended(Netmap{}, network_of(10)).take);
}

}  // namespace
}  // namespace cw::network
