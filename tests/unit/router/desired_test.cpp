// SPDX-License-Identifier: Apache-2.0
#include "router/plan/desired.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "firewall/ruleset/revoked.h"
#include "router/model/ownership.h"
#include "tests/support/networks.h"

namespace cw::router {
namespace {

using std::chrono::seconds;
using test::snapshot;
using testing::HasSubstr;

TEST(Desired, HasADevicePerGatewayWithThePeersOfItsBlock) {
  const auto state = *desired(snapshot(2, 5));
  ASSERT_EQ(state.devices.size(), 2U);
  EXPECT_EQ(state.devices[0].name, "cw-prod");
  EXPECT_EQ(state.devices[0].peers.size(), 3U);
  EXPECT_EQ(state.devices[1].name, "cw-spare");
  EXPECT_EQ(state.devices[1].peers.size(), 2U);
}

TEST(Desired, ProhibitsEachDeviceWithoutTheJudgedMark) {
  const auto state = *desired(snapshot(2, 0));
  for (const auto& device : state.devices) {
    for (const auto family : {net::Family::V4, net::Family::V6}) {
      const netlink::Rule closed{.family = family,
                                 .priority = kPriorityClosed,
                                 .iif = device.name,
                                 .action = netlink::RuleAction::Prohibit};
      EXPECT_THAT(state.rules, testing::Contains(closed));
    }
  }
}

TEST(Desired, ProhibitsEveryBlockForPacketsThatFoundNoRouteToIt) {
  const auto state = *desired(snapshot(2, 0));
  for (const auto& route : state.routes) {
    const netlink::Rule unjudged{.family = route.destination.family(),
                                 .priority = kPriorityUnjudged,
                                 .destination = route.destination,
                                 .action = netlink::RuleAction::Prohibit};
    EXPECT_THAT(state.rules, testing::Contains(unjudged));
  }
}

TEST(Desired, ServesNobodyWhoIsDisabledExpiredOrOfAnotherSite) {
  auto all = snapshot(1, 4);
  all.netmap.peers[0].enabled = false;
  all.netmap.peers[1].expires = all.now;
  all.netmap.peers[2].sites = {"staging"};
  const auto state = *desired(all);
  ASSERT_EQ(state.devices[0].peers.size(), 1U);
  EXPECT_EQ(state.devices[0].peers[0].name, "p0003");
}

TEST(Desired, TranslatesOnEachDeviceToTheRoutesOfTheSite) {
  const auto all = snapshot(2, 0);
  const auto state = *desired(all);
  ASSERT_EQ(state.translators.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto& gateway = all.netmap.sites[0].gateways[i];
    const auto& translator = state.translators[i];
    EXPECT_EQ(translator.device, device_name(gateway.name));
    EXPECT_EQ(translator.parameters.site, all.netmap.sites[0].id);
    EXPECT_EQ(translator.parameters.routes, all.netmap.sites[0].routes);
    EXPECT_EQ(translator.parameters.block, gateway.block);
    EXPECT_EQ(translator.parameters.gateway, gateway.address);
    EXPECT_EQ(translator.parameters.mtu, state.devices[i].mtu);
    EXPECT_EQ(translator.digest, *via6::digest(translator.parameters));
  }
}

TEST(Desired, TranslatesNothingWithoutIpv6OrIpv4Routes) {
  auto without_ipv6 = snapshot(1, 1);
  without_ipv6.host.ipv6 = false;
  auto without_routes = snapshot(1, 1);
  std::erase_if(without_routes.netmap.sites[0].routes, &net::Prefix::is_v4);
  for (const auto& each : {without_ipv6, without_routes}) {
    EXPECT_THAT(desired(each)->translators, testing::IsEmpty());
  }
}

TEST(Desired, TranslatesTheAliasesOfItsSiteAndOfNoOther) {
  auto all = snapshot(1, 1);
  const net::Alias ours{.route = *net::Prefix::parse("10.0.0.0/16"),
                        .alias = *net::Prefix::parse("100.80.0.0/16")};
  all.netmap.sites[0].aliases = {ours};
  auto other = all.netmap.sites[0];
  other.name = "other";
  other.routers.clear();
  other.gateways.clear();
  other.aliases[0].alias = *net::Prefix::parse("100.81.0.0/16");
  all.netmap.sites.push_back(other);
  EXPECT_THAT(desired(all)->filter.aliases, testing::ElementsAre(ours));
}

TEST(Desired, SaysWhenTheNextPeerExpires) {
  auto all = snapshot(1, 3);
  all.netmap.peers[0].expires = all.now - seconds(10);
  all.netmap.peers[1].expires = all.now + seconds(20);
  all.netmap.peers[2].expires = all.now + seconds(10);
  EXPECT_EQ(desired(all)->next_change, all.now + seconds(10));
  all.now += seconds(10);
  EXPECT_EQ(desired(all)->next_change, all.now + seconds(10));
  EXPECT_EQ(desired(all)->devices[0].peers.size(), 1U);
}

TEST(Desired, ResumesOnlyPeersWhoseSessionCanBeAlive) {
  auto all = snapshot(1, 2);
  const net::SocketAddress endpoint{*net::Ip::parse("203.0.113.2"), 40000};
  all.last_seen[all.netmap.peers[0].public_key] = {endpoint, all.now - seconds(180), "cw-prod"};
  all.last_seen[all.netmap.peers[1].public_key] = {endpoint, all.now - seconds(181), "cw-prod"};
  std::vector<std::string> resumed;
  const auto state = *desired(all);
  for (const auto& peer : state.devices[0].peers) {
    if (peer.resume) {
      resumed.push_back(peer.name);
    }
  }
  EXPECT_THAT(resumed, testing::ElementsAre("p0000"));
}

TEST(Desired, KeepsTheDefaultRouteFromRouterAdvertisementsBeforeForwarding) {
  auto all = snapshot(1, 0);
  all.host.ra_devices = {"eth0"};
  const auto state = *desired(all);
  const auto place_of = [&](const std::string& key) {
    return std::ranges::find(state.sysctls, key, &WantedSysctl::key);
  };
  const auto accept = place_of("net/ipv6/conf/eth0/accept_ra");
  ASSERT_NE(accept, state.sysctls.end());
  EXPECT_EQ(accept->value, "2");
  EXPECT_LT(accept, place_of("net/ipv6/conf/all/forwarding"));
}

TEST(Desired, WantsNoIpv6OnAHostWithoutIt) {
  auto all = snapshot(1, 1);
  all.host.ipv6 = false;
  const auto state = *desired(all);
  EXPECT_EQ(state.addresses.size(), 1U);
  EXPECT_EQ(state.devices[0].peers[0].allowed_ips.size(), 1U);
  for (const auto& rule : state.rules) {
    EXPECT_EQ(rule.family, net::Family::V4);
  }
}

TEST(Desired, WantsNothingWhereTheRouterServesNoGateway) {
  auto all = snapshot(1, 3);
  all.netmap.sites[0].gateways[0].routers = {"r2"};
  EXPECT_EQ(*desired(all), DesiredState{});
}

TEST(Desired, RefusesAKeyThatIsNotTheGateways) {
  auto all = snapshot(1, 0);
  all.host.keys["prod"] = test::public_key(99);
  EXPECT_THAT(desired(all).error().message, HasSubstr("one of them is the wrong one"));
}

TEST(Desired, HasTheEgressOfEachGateway) {
  auto all = snapshot(2, 0);
  auto& gateways = all.netmap.sites[0].gateways;
  gateways[0].egress = {.mode = network::EgressMode::Floating,
                        .address = net::Ip::parse("10.0.0.20").value(),
                        .address_ipv6 = net::Ip::parse("2001:db8:1::20").value()};
  gateways[1].egress.mode = network::EgressMode::Routed;
  const auto tunnels = desired(all)->filter.tunnels;
  ASSERT_EQ(tunnels.size(), 2U);
  EXPECT_EQ(tunnels[0].egress, (firewall::Egress{.mode = firewall::EgressMode::Floating,
                                                 .address = gateways[0].egress.address,
                                                 .address_ipv6 = gateways[0].egress.address_ipv6}));
  EXPECT_EQ(tunnels[1].egress, (firewall::Egress{.mode = firewall::EgressMode::Routed}));
}

TEST(Desired, JudgesAllConnectionsAgainWhereTheEgressIsAnother) {
  auto all = snapshot(1, 2);
  const auto before = *desired(all);
  all.netmap.sites[0].gateways[0].egress.mode = network::EgressMode::Routed;
  const auto after = *desired(all, &before);
  EXPECT_EQ(firewall::revoked(before.filter, after.filter),
            std::vector<firewall::Openings>{firewall::Openings{}});
  EXPECT_NE(before.firewall->digest.structure, after.firewall->digest.structure);
  EXPECT_EQ(before.firewall->digest.contents, after.firewall->digest.contents);
}

TEST(Desired, RefusesAGatewayWithoutAKeyAndARouterThatIsUnknown) {
  auto no_key = snapshot(1, 0);
  no_key.host.keys.clear();
  EXPECT_THAT(desired(no_key).error().message, HasSubstr("add a [[key]]"));
  auto no_router = snapshot(1, 0);
  no_router.host.router = "r9";
  EXPECT_THAT(desired(no_router).error().message, HasSubstr("[[router]]"));
  auto no_site = snapshot(1, 0);
  no_site.host.site = "nowhere";
  EXPECT_THAT(desired(no_site).error().message, HasSubstr("no site 'nowhere'"));
}

}  // namespace
}  // namespace cw::router
