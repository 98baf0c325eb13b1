// SPDX-License-Identifier: Apache-2.0
#include "router/failover/setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::failover {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

net::Ip ip(std::string_view text) {
  return *net::Ip::parse(text);
}

net::PublicKey key_of(std::uint8_t seed) {
  net::KeyBytes bytes{};
  bytes.fill(seed);
  return net::PublicKey(bytes);
}

network::RouterConfig config() {
  network::RouterConfig config{.name = "r1", .site = "s"};
  config.keys.push_back({.gateway = "prod", .outer = {ip("10.0.0.20")}});
  config.failover = network::FailoverConfig{.interface = "eth0", .port = 7920};
  return config;
}

const std::map<std::string, net::PublicKey> kHalves{{"prod", key_of(1)}};

api::Assignment assignment() {
  return {.router = "r1",
          .network = "fd5e-3a1c-9b04",
          .site = 3,
          .serial = 7,
          .routers = {{.name = "r1", .address = ip("10.0.0.10")},
                      {.name = "r2", .address = ip("10.0.0.11")},
                      {.name = "r3", .address = {}}},
          .gateways = {{.name = "prod",
                        .device = "cw-prod",
                        .public_key = key_of(1),
                        .listen_port = 51820,
                        .blocks = {*net::Prefix::parse("100.83.0.0/16")},
                        .egress = {ip("10.0.0.30")},
                        .routers = {"r1", "r2", "r3"}}}};
}

TEST(Setup, GoesByBothRouterTomlAndTheNetwork) {
  const auto setup = setup_of(config(), kHalves, assignment());
  ASSERT_TRUE(setup) << setup.error().to_text();
  EXPECT_EQ(setup->core.router, "r1");
  ASSERT_EQ(setup->core.gateways.size(), 1U);
  EXPECT_THAT(setup->core.gateways[0].routers, ElementsAre("r1", "r2", "r3"));
  EXPECT_EQ(setup->site, (ha::etcd::Site{.network = "fd5e-3a1c-9b04", .number = 3}));
  EXPECT_EQ(setup->serial, 7U);
  ASSERT_EQ(setup->gates.size(), 1U);
  EXPECT_THAT(setup->gates[0].addresses, ElementsAre(ip("10.0.0.20")));
}

TEST(Setup, WhatMovesOnTheLanIsTheClientsAddressAndTheSites) {
  const auto setup = setup_of(config(), kHalves, assignment());
  ASSERT_TRUE(setup);
  ASSERT_EQ(setup->lan.gateways.size(), 1U);
  EXPECT_EQ(setup->lan.interface, "eth0");
  EXPECT_THAT(setup->lan.gateways[0].addresses, ElementsAre(ip("10.0.0.20"), ip("10.0.0.30")));
}

TEST(Setup, WhatMovesWithAGatewaySaysWhichConnectionsGoOn) {
  const auto setup = setup_of(config(), kHalves, assignment());
  ASSERT_TRUE(setup);
  const auto& replicated = setup->replicated.at("prod");
  EXPECT_EQ(replicated.moving.blocks, assignment().gateways[0].blocks);
  EXPECT_THAT(replicated.moving.addresses, ElementsAre(ip("10.0.0.20"), ip("10.0.0.30")));
  EXPECT_FALSE(replicated.go_on);  // none of its blocks' do
  auto floating = assignment();
  floating.gateways[0].replicated = floating.gateways[0].blocks;
  EXPECT_TRUE(setup_of(config(), kHalves, floating)->replicated.at("prod").go_on);
}

TEST(Setup, TargetsAreTriedWhereAnythingIsShared) {
  auto with = assignment();
  with.health = {*net::SocketAddress::parse("10.0.1.5:5432")};
  EXPECT_EQ(setup_of(config(), kHalves, with)->targets, with.health);
  with.gateways.clear();
  EXPECT_TRUE(setup_of(config(), kHalves, with)->targets.empty());
}

TEST(Setup, HeartbeatsGoToSiblingsWithAnAddress) {
  const auto setup = setup_of(config(), kHalves, assignment());
  ASSERT_TRUE(setup);
  EXPECT_THAT(setup->siblings, ElementsAre(Pair("r2", net::SocketAddress{ip("10.0.0.11"), 7920})));
}

std::string refusal(const network::RouterConfig& config, const api::Assignment& assignment) {
  const auto setup = setup_of(config, kHalves, assignment);
  return setup ? "" : setup.error().to_text();
}

TEST(Setup, RefusesAGatewayWithoutAnAddressThatCouldMove) {
  auto without = config();
  without.keys[0].outer.clear();
  EXPECT_THAT(refusal(without, assignment()), HasSubstr("write `outer = "));
}

TEST(Setup, RefusesAKeyThatIsNotTheNetworks) {
  auto other = assignment();
  other.gateways[0].public_key = key_of(2);
  EXPECT_THAT(refusal(config(), other), HasSubstr("another one than the network's"));
}

TEST(Setup, RefusesAGatewayForWhichItHasNoKey) {
  auto without = config();
  without.keys.clear();
  EXPECT_THAT(refusal(without, assignment()), HasSubstr("no key for gateway `prod`"));
}

TEST(Setup, RefusesAnAddressThatWouldMoveWithTwoGateways) {
  auto same = assignment();
  same.gateways[0].egress = {ip("10.0.0.20")};
  EXPECT_THAT(refusal(config(), same), HasSubstr("moves with gateway `prod`"));
}

TEST(Setup, RefusesTheWordOfAnotherRoutersAgent) {
  auto other = assignment();
  other.router = "r9";
  EXPECT_THAT(refusal(config(), other), HasSubstr("restart causewayd"));
}

}  // namespace
}  // namespace cw::failover
