// SPDX-License-Identifier: Apache-2.0
#include "router/plan/peers.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/support/networks.h"

namespace cw::router {
namespace {

using netlink::PeerVerb;
using netlink::WgPeer;

net::Prefix ip(const char* text) {
  return net::Prefix::host(*net::Ip::parse(text));
}

// Two peers in the order of their keys, whichever that is.
struct TwoPeers {
  TwoPeers() {
    std::vector<net::PublicKey> keys = {test::public_key(1), test::public_key(2)};
    std::ranges::sort(keys);
    desired = {{.key = keys[0], .name = "alice", .allowed_ips = {ip("100.64.0.5")}},
               {.key = keys[1], .name = "bob", .allowed_ips = {ip("100.64.0.6")}}};
    for (const auto& peer : desired) {
      kernel.push_back({.key = peer.key, .allowed_ips = peer.allowed_ips});
    }
  }

  std::vector<DevicePeer> desired;
  std::vector<WgPeer> kernel;
};

TEST(DiffPeers, LeavesEndpointsAndSessionsAlone) {
  TwoPeers peers;
  peers.kernel[0].endpoint = net::SocketAddress{*net::Ip::parse("203.0.113.2"), 40000};
  peers.kernel[0].last_handshake = netlink::HandshakeTime(std::chrono::seconds(1));
  peers.desired[0].resume = net::SocketAddress{*net::Ip::parse("203.0.113.9"), 1};
  const auto difference = diff_peers(peers.desired, peers.kernel);
  EXPECT_TRUE(difference.set.empty());
  EXPECT_TRUE(difference.resume.empty());
}

TEST(DiffPeers, UpdatesButNeverCreatesAPeerThatIsThere) {
  TwoPeers peers;
  peers.kernel[0].allowed_ips.clear();
  const auto difference = diff_peers(peers.desired, peers.kernel);
  ASSERT_EQ(difference.set.size(), 1U);
  EXPECT_EQ(difference.set[0].change.verb, PeerVerb::Update);
  EXPECT_FALSE(difference.set[0].change.replace_allowed_ips);
}

TEST(DiffPeers, MovesAnAddressByGivingItToItsNewPeer) {
  TwoPeers peers;
  std::swap(peers.desired[0].allowed_ips, peers.desired[1].allowed_ips);
  const auto difference = diff_peers(peers.desired, peers.kernel);
  ASSERT_EQ(difference.set.size(), 2U);
  for (const auto& peer : difference.set) {
    EXPECT_FALSE(peer.change.replace_allowed_ips);
    EXPECT_EQ(peer.change.allowed_ips.size(), 1U);
  }
}

TEST(DiffPeers, ReplacesTheListOnlyToDropAnAddressNobodyElseGets) {
  TwoPeers peers;
  peers.kernel[1].allowed_ips.push_back(ip("100.64.0.9"));
  const auto difference = diff_peers(peers.desired, peers.kernel);
  ASSERT_EQ(difference.set.size(), 1U);
  EXPECT_TRUE(difference.set[0].change.replace_allowed_ips);
  EXPECT_EQ(difference.set[0].change.allowed_ips, peers.desired[1].allowed_ips);
}

TEST(DiffPeers, TakesAwayForeignPresharedKeysAndKeepalives) {
  TwoPeers peers;
  peers.kernel[0].has_preshared_key = true;
  peers.kernel[1].keepalive_seconds = 25;
  const auto difference = diff_peers(peers.desired, peers.kernel);
  ASSERT_EQ(difference.set.size(), 2U);
  EXPECT_TRUE(difference.set[0].change.clear_preshared_key);
  EXPECT_EQ(difference.set[1].change.keepalive_seconds, 0);
}

TEST(DiffPeers, MakesAPeerWhereItWasLastSeenAndStartsItsHandshake) {
  TwoPeers peers;
  peers.kernel.clear();
  peers.desired[1].resume = net::SocketAddress{*net::Ip::parse("203.0.113.2"), 40000};
  const auto difference = diff_peers(peers.desired, peers.kernel);
  ASSERT_EQ(difference.set.size(), 2U);
  EXPECT_FALSE(difference.set[0].change.endpoint);
  EXPECT_EQ(difference.set[1].change.endpoint, peers.desired[1].resume);
  EXPECT_EQ(difference.resume, std::vector{peers.desired[1].key});
}

TEST(DiffPeers, RemovesWhoIsNotInTheNetwork) {
  TwoPeers peers;
  const auto gone = peers.desired.front().key;
  peers.desired.erase(peers.desired.begin());
  const auto difference = diff_peers(peers.desired, peers.kernel);
  ASSERT_EQ(difference.remove.size(), 1U);
  EXPECT_EQ(difference.remove[0].change.key, gone);
  EXPECT_EQ(difference.remove[0].change.verb, PeerVerb::Remove);
}

}  // namespace
}  // namespace cw::router
