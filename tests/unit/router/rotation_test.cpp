// SPDX-License-Identifier: Apache-2.0
#include "router/plan/rotation.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "router/plan/desired.h"
#include "tests/support/networks.h"

namespace cw::router {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

Snapshot replacing(unsigned peers) {
  auto all = test::snapshot(1, peers);
  test::replace_first_gateway(all);
  return all;
}

netlink::WgDevice device(const char* name, std::vector<std::optional<int>> handshakes) {
  netlink::WgDevice made{.name = name};
  for (unsigned i = 0; i < handshakes.size(); ++i) {
    netlink::WgPeer peer{.key = test::public_key(1000 + i)};
    if (handshakes[i]) {
      peer.last_handshake = netlink::HandshakeTime(std::chrono::seconds(*handshakes[i]));
    }
    made.peers.push_back(std::move(peer));
  }
  std::ranges::sort(made.peers, {}, &netlink::WgPeer::key);
  return made;
}

std::vector<std::string> destinations(const DesiredState& state, const std::string& device) {
  std::vector<std::string> found;
  for (const auto& route : state.routes) {
    if (route.device == device) {
      found.push_back(route.destination.to_text());
    }
  }
  return found;
}

TEST(Rotation, APeerIsWhereItShookHandsLast) {
  const std::vector<Replacement> both = {{.before = "cw-prod", .after = "cw-prod-2"}};
  const auto found = moved(both, {device("cw-prod", {10, 20, 30, std::nullopt}),
                                  device("cw-prod-2", {11, 19, std::nullopt, 1})});
  EXPECT_THAT(found, UnorderedElementsAre(test::public_key(1000), test::public_key(1003)));
}

TEST(Rotation, NobodyHasMovedToADeviceThatIsNotThere) {
  const std::vector<Replacement> both = {{.before = "cw-prod", .after = "cw-prod-2"}};
  EXPECT_THAT(moved(both, {device("cw-prod", {10})}), IsEmpty());
  EXPECT_THAT(moved({}, {device("cw-prod-2", {10})}), IsEmpty());
}

TEST(Rotation, IsOfTheGatewaysThatThisRouterServes) {
  auto all = replacing(0);
  EXPECT_THAT(replacements(all.netmap, all.host),
              ElementsAre(Replacement{.before = "cw-prod", .after = "cw-prod-2"}));
  all.host.router = "r2";
  EXPECT_THAT(replacements(all.netmap, all.host), IsEmpty());
}

TEST(Rotation, BothDevicesHaveAllPeersAndOneHasTheBlock) {
  const auto state = *desired(replacing(3));
  ASSERT_EQ(state.devices.size(), 2U);
  EXPECT_EQ(state.devices[0].peers, state.devices[1].peers);
  EXPECT_NE(state.devices[0].listen_port, state.devices[1].listen_port);
  EXPECT_THAT(destinations(state, "cw-prod"),
              ElementsAre("100.100.0.0/16", "240.36.0.0/16", "fd12:3456:789a::6464:0/112"));
  EXPECT_THAT(destinations(state, "cw-prod-2"), IsEmpty());
}

TEST(Rotation, APeerThatHasMovedHasRoutesOfItsOwn) {
  auto all = replacing(3);
  all.moved = {all.netmap.peers[1].public_key};
  const auto state = *desired(all);
  EXPECT_THAT(destinations(state, "cw-prod-2"),
              ElementsAre("100.100.0.17/32", "240.36.0.17/32", "fd12:3456:789a::6464:11/128"));
  for (const auto& route : state.routes) {
    EXPECT_EQ(route.preferred_source, route.destination.is_v4()
                                          ? *net::Ip::parse("100.100.0.1")
                                          : *net::Ip::parse("fd12:3456:789a::6464:1"));
  }
}

// A block in the text twice would be refused by nft, and a peer twice would be a conflict.
TEST(Rotation, TheFirewallHasEachBlockAndEachPeerOnce) {
  const auto state = *desired(replacing(3));
  EXPECT_EQ(state.filter.peers.size(), 3U);
  EXPECT_EQ(state.firewall->structure.find("{ 100.100.0.0/16, 100.100.0.0/16"), std::string::npos);
  EXPECT_NE(state.firewall->structure.find("iifname \"cw-prod-2\" ip saddr !="), std::string::npos);
}

TEST(Rotation, WhoHasMovedMattersNoMoreWhenTheOldGatewayIsGone) {
  auto all = replacing(2);
  all.moved = {all.netmap.peers[0].public_key};
  auto& gateways = all.netmap.sites[0].gateways;
  gateways.erase(gateways.begin());
  gateways[0].replaces.reset();
  const auto state = *desired(all);
  EXPECT_THAT(destinations(state, "cw-prod-2"),
              ElementsAre("100.100.0.0/16", "240.36.0.0/16", "fd12:3456:789a::6464:0/112"));
}

TEST(Rotation, WhatReplacesAGatewayThatIsLeftOutIsLeftOutToo) {
  auto all = replacing(2);
  all.overlaps = {{.gateway = "prod",
                   .ours = *net::Prefix::parse("100.100.0.0/16"),
                   .theirs = {.prefix = *net::Prefix::parse("100.100.1.0/24"), .device = "eth0"},
                   .in_force = false}};
  EXPECT_THAT(desired(all)->devices, IsEmpty());
}

}  // namespace
}  // namespace cw::router
