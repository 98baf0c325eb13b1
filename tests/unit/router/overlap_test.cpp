// SPDX-License-Identifier: Apache-2.0
#include "router/plan/overlap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/networks.h"

namespace cw::router {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

net::Prefix prefix(const char* text) {
  return *net::Prefix::parse(text);
}

netlink::HostPrefix route(const char* text) {
  return {.prefix = prefix(text), .device = "eth0", .route = true};
}

std::vector<Overlap> with(const std::vector<netlink::HostPrefix>& theirs,
                          const std::vector<net::Prefix>& in_force = {}) {
  const auto snapshot = test::snapshot(2, 0);
  return overlaps(gateway_prefixes(snapshot.netmap, snapshot.host), theirs, in_force);
}

TEST(GatewayPrefixes, AreWhatIsRoutedIntoTheTunnelsOfThisRouter) {
  auto snapshot = test::snapshot(2, 0);
  snapshot.netmap.sites[0].gateways[1].routers = {"r2"};
  EXPECT_THAT(gateway_prefixes(snapshot.netmap, snapshot.host),
              ElementsAre(GatewayPrefix{"prod", prefix("100.100.0.0/17")},
                          GatewayPrefix{"prod", snapshot.netmap.sites[0].gateways[0].block.image()},
                          GatewayPrefix{"prod", prefix("fd12:3456:789a::6464:0/113")}));
  snapshot.host.ipv6 = false;
  EXPECT_THAT(gateway_prefixes(snapshot.netmap, snapshot.host), SizeIs(2));
  snapshot.host.site = "elsewhere";
  EXPECT_THAT(gateway_prefixes(snapshot.netmap, snapshot.host), IsEmpty());
}

TEST(Overlaps, AreFoundInBothDirectionsAndBothFamilies) {
  EXPECT_THAT(with({route("100.64.0.0/10")}), SizeIs(2));
  EXPECT_THAT(with({route("100.100.3.0/24")}), SizeIs(1));
  EXPECT_THAT(with({route("fd12:3456:789a::/64")}), SizeIs(2));
  EXPECT_THAT(with({route("10.0.0.0/16"), route("100.101.0.0/16")}), IsEmpty());
}

TEST(Overlaps, LeaveOutTheirGatewayAlone) {
  const auto found = with({route("100.100.3.0/24")});
  EXPECT_TRUE(is_left_out("prod", found));
  EXPECT_FALSE(is_left_out("spare", found));
}

TEST(Overlaps, LeaveOutNoGatewayThatWasThereFirst) {
  const auto found = with({route("100.100.3.0/24")}, {prefix("100.100.0.0/17")});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_TRUE(found[0].in_force);
  EXPECT_FALSE(is_left_out("prod", found));
}

}  // namespace
}  // namespace cw::router
