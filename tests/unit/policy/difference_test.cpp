// SPDX-License-Identifier: Apache-2.0
#include "policy/difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::policy {
namespace {

using testing::IsEmpty;

constexpr WallTime kNow{std::chrono::hours(24)};

Selector selector(SelectorKind kind, std::string name) {
  return {.kind = kind, .name = std::move(name), .prefix = {}};
}

Selector place(std::string_view text) {
  return {.kind = SelectorKind::Prefix, .name = {}, .prefix = *net::Prefix::parse(text)};
}

Rule rule(std::vector<Selector> from, std::vector<Selector> to,
          const std::vector<std::string_view>& services) {
  Rule made{.name = "r", .from = std::move(from), .to = std::move(to), .services = {}};
  for (const auto& service : services) {
    made.services.push_back(*Service::parse(service));
  }
  return made;
}

World world(std::vector<Rule> rules) {
  return {.sites = {{.name = "prod", .routes = {*net::Prefix::parse("10.0.0.0/16")}}},
          .peers = {{.name = "alice",
                     .user = "",
                     .groups = {"dba"},
                     .sites = {"prod"},
                     .address = *net::Ip::parse("100.83.0.5"),
                     .entrances = {{"prod", "r1"}}},
                    {.name = "bob",
                     .user = "",
                     .groups = {"dba"},
                     .sites = {"prod"},
                     .address = *net::Ip::parse("100.83.0.6"),
                     .entrances = {{"prod", "r1"}}}},
          .policy = Policy{.groups = {}, .hosts = {}, .rules = std::move(rules), .tests = {}}};
}

std::string said(const World& before, const World& after) {
  return to_text(difference(before, after, kNow));
}

const auto kDba = selector(SelectorKind::Group, "dba");
const auto kAlice = selector(SelectorKind::Peer, "alice");

TEST(Difference, NamesEverybodyForWhomTheSameChangesOnce) {
  EXPECT_EQ(said(world({}), world({rule({kDba}, {place("10.0.1.5/32")}, {"tcp/5432", "icmp"})})),
            "alice, bob\n"
            "  + tcp/5432 on 10.0.1.5 at prod\n"
            "  + icmp on 10.0.1.5 at prod\n");
}

TEST(Difference, TellsLossesAndOnlyThePortsThatChange) {
  EXPECT_EQ(said(world({rule({kDba}, {place("10.0.1.5/32")}, {"tcp/80-90"})}),
                 world({rule({kAlice}, {place("10.0.1.5/32")}, {"tcp/80-85", "tcp/88-99"})})),
            "alice\n"
            "  + tcp/91-99 on 10.0.1.5 at prod\n"
            "  - tcp/86-87 on 10.0.1.5 at prod\n"
            "bob\n"
            "  - tcp/80-90 on 10.0.1.5 at prod\n");
}

TEST(Difference, IsNoneWhereTheSameIsWrittenInAnotherWay) {
  const auto one = world({rule({kDba}, {place("10.0.0.0/16")}, {"tcp/1-10"})});
  const auto other =
      world({rule({kAlice, selector(SelectorKind::Peer, "bob")},
                  {place("10.0.0.0/17"), place("10.0.128.0/17")}, {"tcp/1-5", "tcp/6-10"}),
             rule({kAlice}, {place("10.0.1.5/32")}, {"tcp/7"})});
  EXPECT_THAT(difference(one, other, kNow), IsEmpty());
}

TEST(Difference, SaysNothingAgainOfWhatLiesInAWiderPlace) {
  EXPECT_EQ(said(world({rule({kAlice}, {place("10.0.1.5/32")}, {"tcp/22"})}),
                 world({rule({kAlice}, {place("10.0.0.0/16")}, {"tcp/80"}),
                        rule({kAlice}, {place("10.0.1.5/32")}, {"tcp/22"})})),
            "alice\n  + tcp/80 on 10.0.0.0/16 at prod\n");
}

TEST(Difference, TellsAFirstPolicyAndAnExpiredRule) {
  auto none = world({});
  none.policy.reset();
  auto old = rule({kAlice}, {place("10.0.1.5/32")}, {"any"});
  old.expires = kNow;
  EXPECT_EQ(said(none, world({old})), "alice, bob\n  - any on 10.0.0.0/16 at prod\n");
}

TEST(Difference, TellsWhatSitesAndPeersMayOpenToPeers) {
  EXPECT_EQ(said(world({}), world({rule({selector(SelectorKind::Site, "prod"), kAlice},
                                        {selector(SelectorKind::Peer, "bob")}, {"icmp"})})),
            "alice, site:prod\n  + icmp on peer:bob\n");
}

TEST(Difference, TellsNothingOfWhatNoRouterLetsPass) {
  const auto with_rule = [](std::vector<Entrance> entrances) {
    auto made = world({rule({selector(SelectorKind::Site, "prod"), kAlice},
                            {selector(SelectorKind::Peer, "bob")}, {"icmp"})});
    made.peers[1].entrances = std::move(entrances);
    return made;
  };
  EXPECT_EQ(said(world({}), with_rule({{"prod", "r2"}})), "site:prod\n  + icmp on peer:bob\n");
  EXPECT_EQ(said(world({}), with_rule({})), "");
}

TEST(Difference, TellsNothingOfTheRoutersOwnAddress) {
  const auto own = [](World made) {
    made.sites[0].routers = {{.router = "r1", .address = *net::Ip::parse("10.0.0.1")}};
    return made;
  };
  EXPECT_EQ(
      said(own(world({})),
           own(world({rule({kAlice}, {place("10.0.0.1/32"), place("10.0.0.2/32")}, {"tcp/22"})}))),
      "alice\n  + tcp/22 on 10.0.0.2 at prod\n");
}

TEST(Difference, TakesAHostThatIsNamedAnyForNoPeer) {
  auto after = world({rule({Selector{}}, {selector(SelectorKind::Host, "any")}, {"icmp"})});
  after.policy->hosts = {{.name = "any", .prefix = *net::Prefix::parse("10.0.1.5/32"), .site = {}}};
  EXPECT_EQ(said(world({}), after), "alice, bob\n  + icmp on 10.0.1.5 at prod\n");
}

TEST(Difference, TellsOfAPeerThatIsGone) {
  const auto before = world({rule({kDba}, {place("10.0.1.5/32")}, {"udp"})});
  auto after = before;
  after.peers.pop_back();
  EXPECT_EQ(said(before, after), "bob\n  - udp on 10.0.1.5 at prod\n");
}

}  // namespace
}  // namespace cw::policy
