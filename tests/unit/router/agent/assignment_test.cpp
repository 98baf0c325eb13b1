// SPDX-License-Identifier: Apache-2.0
#include "router/agent/assignment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::agent {
namespace {

using ::testing::ElementsAre;

network::Netmap netmap() {
  network::Netmap netmap{.name = "acme",
                         .pool = *net::Prefix::parse("100.83.0.0/16"),
                         .ula = *net::Prefix::parse("fd5e:3a1c:9b04::/48")};
  network::Site site{.name = "prod", .id = {3}};
  for (const char* name : {"r1", "r2", "r3"}) {
    site.routers.push_back({.name = name, .address = *net::Ip::parse("10.0.0.10")});
  }
  site.gateways.push_back({.name = "a",
                           .listen_port = 51820,
                           .block = *net::Block::from(netmap.pool),
                           .routers = {"r1", "r2"}});
  site.gateways.push_back({.name = "b", .routers = {"r3"}});
  site.gateways.push_back({.name = "c", .routers = {"r1"}});  // its own
  site.health = {*net::SocketAddress::parse("10.0.1.5:5432")};
  netmap.sites.push_back(std::move(site));
  return netmap;
}

const router::Host kHost{.router = "r1", .site = "prod"};

TEST(Assignment, IsOfTheGatewaysThatThisRouterMayServe) {
  const auto network = netmap();
  const auto assignment = assignment_of(&network, kHost, 9);
  EXPECT_EQ(assignment.router, "r1");
  EXPECT_EQ(assignment.network, "fd5e-3a1c-9b04");
  EXPECT_EQ(assignment.site, 3);
  EXPECT_EQ(assignment.serial, 9U);
  ASSERT_EQ(assignment.gateways.size(), 1U);
  EXPECT_EQ(assignment.gateways[0].device, "cw-a");
  EXPECT_EQ(assignment.gateways[0].listen_port, 51820);
  EXPECT_THAT(assignment.gateways[0].routers, ElementsAre("r1", "r2"));
  EXPECT_EQ(assignment.gateways[0].blocks.size(), 3U);  // IPv4, its image, its twin
  EXPECT_EQ(assignment.health, network.sites[0].health);
  EXPECT_EQ(assignment.routers.size(), 2U);  // r3 serves another one
}

std::size_t replicated(const network::Egress& egress) {
  auto network = netmap();
  network.sites[0].gateways[0].egress = egress;
  return assignment_of(&network, kHost, 0).gateways.at(0).replicated.size();
}

TEST(Assignment, ConnectionsGoOnWhereTheSiteSeesAnAddressThatMovesAlong) {
  const auto v4 = *net::Ip::parse("10.0.0.30");
  const auto v6 = *net::Ip::parse("2001:db8:10::30");
  EXPECT_EQ(replicated({}), 0U);
  EXPECT_EQ(replicated({.mode = network::EgressMode::Floating, .address = v4}), 2U);
  EXPECT_EQ(replicated({.mode = network::EgressMode::Floating, .address = v4, .address_ipv6 = v6}),
            3U);
  EXPECT_EQ(replicated({.mode = network::EgressMode::Routed}), 3U);
}

TEST(Assignment, WithoutANetworkNothingIsShared) {
  const auto assignment = assignment_of(nullptr, kHost, 0);
  EXPECT_EQ(assignment.router, "r1");
  EXPECT_TRUE(assignment.gateways.empty());
}

TEST(Assignment, AGatewayIsSharedForNothingWithoutFailover) {
  const auto network = netmap();
  auto host = kHost;
  EXPECT_EQ(shared_for_nothing(&network, host), "a");
  host.failover = true;
  EXPECT_EQ(shared_for_nothing(&network, host), "");
  host = {.router = "r3", .site = "prod"};
  EXPECT_EQ(shared_for_nothing(&network, host), "");
}

}  // namespace
}  // namespace cw::agent
