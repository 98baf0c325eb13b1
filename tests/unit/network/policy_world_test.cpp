// SPDX-License-Identifier: Apache-2.0
#include "network/policy_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/network/directory_text.h"

namespace cw::network {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr WallTime kNow{std::chrono::hours(24)};

// The peer alice, at production by its gateway on router-a.
Netmap small() {
  return *compile(small_network()).netmap;
}

TEST(PolicyWorld, HasWhoIsLockedOutApartWithTheReason) {
  auto netmap = small();
  netmap.peers[0].expires = kNow + std::chrono::seconds(1);
  EXPECT_THAT(policy_world(netmap, kNow).peers, SizeIs(1));
  EXPECT_THAT(policy_world(netmap, kNow).locked_out, IsEmpty());
  netmap.peers[0].expires = kNow;
  auto world = policy_world(netmap, kNow);
  EXPECT_THAT(world.peers, IsEmpty());
  ASSERT_THAT(world.locked_out, SizeIs(1));
  EXPECT_EQ(world.locked_out[0].peer.name, "alice");
  EXPECT_EQ(world.locked_out[0].expired, kNow);
  netmap.peers[0].enabled = false;
  world = policy_world(netmap, kNow);
  EXPECT_THAT(world.peers, IsEmpty());
  ASSERT_THAT(world.locked_out, SizeIs(1));
  EXPECT_FALSE(world.locked_out[0].expired);
}

TEST(PolicyWorld, KnowsWhichRoutersLetAPeerInAndTheirAddresses) {
  auto netmap = small();
  auto& site = netmap.sites[0];
  const auto address = *net::Ip::parse("10.0.0.2");
  site.routers.push_back({.name = "router-b", .address = address});
  EXPECT_THAT(policy_world(netmap, kNow).peers[0].entrances,
              ElementsAre(policy::Entrance{"production", "router-a"}));
  EXPECT_THAT(policy_world(netmap, kNow).sites[0].routers,
              ElementsAre(policy::RouterAddress{"router-b", address}));
  site.gateways[0].routers = {"router-a", "router-b"};
  EXPECT_THAT(policy_world(netmap, kNow).peers[0].entrances,
              ElementsAre(policy::Entrance{"production", "router-a"},
                          policy::Entrance{"production", "router-b"}));
  site.gateways[0].block = *net::Block::from(*net::Prefix::parse("100.83.128.0/17"));
  EXPECT_THAT(policy_world(netmap, kNow).peers[0].entrances, IsEmpty());
}

}  // namespace
}  // namespace cw::network
