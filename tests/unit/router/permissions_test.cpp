// SPDX-License-Identifier: Apache-2.0
#include "firewall/ruleset/permissions.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <netinet/in.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "firewall/ruleset/never.h"
#include "firewall/ruleset/revoked.h"
#include "net/block.h"
#include "network/policy_world.h"
#include "policy/evaluate.h"
#include "router/plan/desired.h"
#include "tests/support/networks.h"
#include "tests/unit/router/random_policy.h"

namespace cw::router {
namespace {

using policy::Party;
using testing::IsEmpty;
using testing::SizeIs;

std::uint8_t number_of(policy::Protocol protocol, const net::Ip& to) {
  switch (protocol) {
    case policy::Protocol::Tcp:
      return IPPROTO_TCP;
    case policy::Protocol::Udp:
      return IPPROTO_UDP;
    default:
      break;
  }
  constexpr std::uint8_t kIcmp = IPPROTO_ICMP;
  constexpr std::uint8_t kIcmpv6 = IPPROTO_ICMPV6;
  return to.is_v4() ? kIcmp : kIcmpv6;
}

firewall::Opening opening(const net::Ip& from, const net::Ip& to, const Service& service) {
  const bool has_port = service.protocol != policy::Protocol::Icmp;
  return {.from = from,
          .to = to,
          .protocol = number_of(service.protocol, to),
          .port = has_port ? service.first : std::uint16_t{0}};
}

// What the chains say of a first packet, which decides what is forgotten when rules change.
TEST(PermissionsLaws, SayWhatTheReferenceSaysOfEveryConnection) {
  EXPECT_TRUE(rc::check([] {
    auto snapshot = random_policy();
    if (*rc::gen::weightedElement<bool>({{4, false}, {1, true}})) {
      snapshot.netmap.policy.reset();
    }
    const firewall::Permissions permissions(desired(snapshot)->filter);
    const auto world = network::policy_world(snapshot.netmap, snapshot.now);
    const auto& site = world.sites[0];
    const auto twin = [&](const net::Ip& ip) { return net::ipv6_twin(snapshot.netmap.ula, ip); };
    for (const auto* text : {"icmp", "tcp/80", "tcp/81", "udp/80", "tcp/22"}) {
      const auto probe = service(text);
      const auto agrees = [&](const net::Ip& from, const net::Ip& to, const Party& a,
                              const Party& b) {
        RC_ASSERT(permissions.judge(opening(from, to, probe)));
        RC_ASSERT(
            permissions.allow(opening(from, to, probe)) ==
            policy::decide(world, {.from = a, .to = b, .service = probe}, snapshot.now).allowed);
      };
      for (const auto& peer : world.peers) {
        for (const auto* at : {"10.0.1.5", "10.0.2.1", "10.1.0.1", "169.254.169.254"}) {
          const auto to = *net::Ip::parse(at);
          agrees(peer.address, to, Party::of(peer), Party::at(site, to));
          agrees(net::translated_image(peer.address), to, Party::of(peer), Party::at(site, to));
          agrees(to, peer.address, Party::at(site, to), Party::of(peer));
        }
        const auto to = *net::Ip::parse("2001:db8:1::5");
        agrees(twin(peer.address), to, Party::of(peer), Party::at(site, to));
        for (const auto& other : world.peers) {
          agrees(peer.address, other.address, Party::of(peer), Party::of(other));
          agrees(twin(peer.address), twin(other.address), Party::of(peer), Party::of(other));
        }
      }
    }
  }));
}

const std::vector<std::vector<std::string>> kSomeSites = {
    {}, {"other"}, {"prod"}, {"other", "prod"}};

// Two sites, the first with gateways of two routers, and peers that may use some of it.
Snapshot at_two_sites() {
  auto snapshot = random_policy();
  auto& sites = snapshot.netmap.sites;
  const auto lower = *net::Block::from(*net::Prefix::parse("100.100.0.0/17"));
  const auto upper = *net::Block::from(*net::Prefix::parse("100.100.128.0/17"));
  auto second = sites[0].gateways[0];
  second.name = "second";
  second.routers = {"r2"};
  sites[0].gateways[0].block = lower;
  second.block = upper;
  auto other = sites[0];
  other.name = "other";
  other.routes = {*net::Prefix::parse("10.1.0.0/16")};
  other.routers = {{.name = "r3"}};
  other.gateways[0].name = "elsewhere";
  other.gateways[0].routers = {"r3"};
  if (*rc::gen::arbitrary<bool>()) {
    other.gateways[0].block = *net::Block::from(snapshot.netmap.pool);
  }
  sites[0].routers = {{.name = "r1"}, {.name = "r2"}};
  sites[0].gateways.push_back(std::move(second));
  sites.insert(sites.begin(), std::move(other));
  for (const auto* gateway : {"second", "elsewhere"}) {
    snapshot.host.keys.emplace(gateway, test::public_key(1));
  }
  for (auto& peer : snapshot.netmap.peers) {
    peer.sites = *rc::gen::elementOf(kSomeSites);
    if (*rc::gen::arbitrary<bool>()) {
      peer.address = net::Ip::v4(peer.address.low32() | 0x8000U);
    }
  }
  return snapshot;
}

// Nothing is said to be allowed that no router lets pass, and nothing is missed.
TEST(PermissionsLaws, LetPassAtSomeRouterWhatTheReferenceAllowsInTheWholeNetwork) {
  EXPECT_TRUE(rc::check([] {
    const auto snapshot = at_two_sites();
    const auto& netmap = snapshot.netmap;
    const auto world = network::policy_world(netmap, snapshot.now);
    std::vector<std::pair<std::string, firewall::Permissions>> routers;
    for (const auto& [router, site] : {std::pair("r1", "prod"), {"r2", "prod"}, {"r3", "other"}}) {
      auto here = snapshot;
      here.host.router = router;
      here.host.site = site;
      routers.emplace_back(site, desired(here)->filter);
    }
    for (const auto* text : {"icmp", "tcp/80", "udp/80"}) {
      const auto probe = service(text);
      const auto agrees = [&](const net::Ip& from, const net::Ip& to, const Party& a,
                              const Party& b, const policy::Site* at) {
        const bool passes = std::ranges::any_of(routers, [&](const auto& router) {
          return (at == nullptr || router.first == at->name) &&
                 router.second.judge(opening(from, to, probe)) &&
                 router.second.allow(opening(from, to, probe));
        });
        const auto said =
            policy::decide(world, {.from = a, .to = b, .service = probe}, snapshot.now);
        RC_ASSERT(passes == said.allowed);
      };
      for (const auto& peer : world.peers) {
        for (const auto& other : world.peers) {
          agrees(peer.address, other.address, Party::of(peer), Party::of(other), nullptr);
        }
        for (const auto& site : world.sites) {
          const auto place = site.routes.front().address();
          agrees(peer.address, place, Party::of(peer), Party::at(site, place), &site);
          agrees(place, peer.address, Party::at(site, place), Party::of(peer), &site);
        }
      }
    }
  }));
}

TEST(Permissions, ReachNothingThatIsNeverReachable) {
  auto snapshot = test::snapshot(1, 2);
  snapshot.netmap.sites[0].routes = {*net::Prefix::parse("0.0.0.0/0"), *net::Prefix::parse("::/0")};
  const firewall::Permissions permissions(desired(snapshot)->filter);
  const auto peer = snapshot.netmap.peers[0].address;
  const auto refused = [&](const net::Ip& from, const auto& never) {
    for (const auto text : never) {
      const auto prefix = net::Prefix::parse(text);
      ASSERT_TRUE(prefix) << text;
      EXPECT_FALSE(permissions.allow(opening(from, prefix->address(), service("tcp/80")))) << text;
      EXPECT_FALSE(permissions.allow(opening(from, prefix->last(), service("tcp/80")))) << text;
    }
  };
  EXPECT_TRUE(permissions.allow(opening(peer, *net::Ip::parse("192.0.2.1"), service("tcp/80"))));
  refused(peer, firewall::kNeverIpv4);
  refused(net::ipv6_twin(snapshot.netmap.ula, peer), firewall::kNeverIpv6);
}

TEST(Permissions, OfSomebodyWhoIsNoPeerAreNone) {
  const auto snapshot = test::snapshot(1, 2);
  const firewall::Permissions permissions(desired(snapshot)->filter);
  auto gone =
      opening(*net::Ip::parse("100.100.200.1"), *net::Ip::parse("10.0.1.5"), service("tcp/80"));
  EXPECT_TRUE(permissions.judge(gone));
  EXPECT_FALSE(permissions.allow(gone));
}

TEST(Permissions, AreNotAskedForWhatOtherTrafficThereIs) {
  const auto snapshot = test::snapshot(1, 2);
  const auto& gateway = snapshot.netmap.sites[0].gateways[0];
  const auto peer = snapshot.netmap.peers[0].address;
  const firewall::Permissions permissions(desired(snapshot)->filter);
  const auto judged = [&](const net::Ip& from, const net::Ip& to) {
    return permissions.judge(opening(from, to, service("tcp/80")));
  };
  EXPECT_FALSE(judged(*net::Ip::parse("10.0.1.5"), *net::Ip::parse("192.0.2.1")));
  EXPECT_FALSE(judged(gateway.address, peer));
  EXPECT_FALSE(judged(peer, gateway.address));
  EXPECT_FALSE(judged(net::ipv6_twin(snapshot.netmap.ula, gateway.address),
                      net::ipv6_twin(snapshot.netmap.ula, peer)));
}

bool is_among(const firewall::Opening& opening, const std::vector<firewall::Openings>& among) {
  return std::ranges::any_of(among, [&](const firewall::Openings& some) {
    return some.family.value_or(opening.to.family()) == opening.to.family() &&
           some.from.value_or(opening.from) == opening.from &&
           some.to.value_or(opening.to) == opening.to &&
           some.protocol.value_or(opening.protocol) == opening.protocol &&
           some.port.value_or(opening.port) == opening.port;
  });
}

// Rules and peers go, change and come, the policy itself, too.
Snapshot changed(Snapshot snapshot) {
  const auto fresh = random_policy();
  auto& policy = snapshot.netmap.policy;
  if (*rc::gen::weightedElement<bool>({{5, false}, {1, true}})) {
    policy.reset();
  }
  if (policy) {
    std::erase_if(policy->rules, [](const auto&) { return *rc::gen::arbitrary<bool>(); });
    for (const auto& rule : fresh.netmap.policy->rules) {
      if (*rc::gen::weightedElement<bool>({{2, false}, {1, true}})) {
        policy->rules.push_back(rule);
        policy->rules.back().name += "-new";
      }
    }
  }
  for (std::size_t i = 0; i < snapshot.netmap.peers.size(); ++i) {
    auto& peer = snapshot.netmap.peers[i];
    if (*rc::gen::weightedElement<bool>({{3, false}, {1, true}})) {
      peer.groups = fresh.netmap.peers[i].groups;
    }
    peer.enabled = *rc::gen::weightedElement<bool>({{5, true}, {1, false}});
  }
  if (*rc::gen::weightedElement<bool>({{5, false}, {1, true}})) {
    snapshot.netmap.sites[0].routes = {*net::Prefix::parse("10.0.1.0/24")};
  }
  return snapshot;
}

TEST(RevokedLaws, NameAllThatIsNoLongerAllowed) {
  EXPECT_TRUE(rc::check([] {
    auto old = random_policy();
    if (*rc::gen::weightedElement<bool>({{4, false}, {1, true}})) {
      old.netmap.policy.reset();
    }
    const auto before = desired(old)->filter;
    const auto after = desired(changed(old))->filter;
    const auto among = firewall::revoked(before, after);
    RC_ASSERT(among.size() <= firewall::kMostOpenings);
    const firewall::Permissions then(before);
    const firewall::Permissions now(after);
    std::vector<net::Ip> ends;
    for (const auto* text : {"10.0.1.5", "10.0.2.1", "2001:db8:1::5"}) {
      ends.push_back(*net::Ip::parse(text));
    }
    for (const auto& peer : old.netmap.peers) {
      ends.insert(ends.end(), {peer.address, net::translated_image(peer.address),
                               net::ipv6_twin(old.netmap.ula, peer.address)});
    }
    for (const auto* text : {"icmp", "tcp/80", "tcp/81", "udp/80", "tcp/22"}) {
      for (const auto& from : ends) {
        for (const auto& to : ends) {
          const auto one = opening(from, to, service(text));
          if (from.family() == to.family() && then.allow(one) && !now.allow(one)) {
            RC_ASSERT(is_among(one, among));
          }
        }
      }
    }
  }));
}

policy::Rule rule_of(std::string name, std::string_view to, std::string_view what) {
  return {.name = std::move(name),
          .from = {Selector{}},
          .to = {place(to)},
          .services = {service(what)}};
}

firewall::Filter with_rules(std::vector<policy::Rule> rules) {
  auto snapshot = test::snapshot(1, 50);
  snapshot.netmap.policy = policy::Policy{.groups = {}, .hosts = {}, .rules = std::move(rules)};
  return desired(snapshot)->filter;
}

TEST(Revoked, IsOneServiceOfOneHostForEverybodyWhoHadIt) {
  const auto kept = rule_of("kept", "10.0.1.5/32", "tcp/5432");
  const auto among = firewall::revoked(
      with_rules({kept, rule_of("gone", "10.0.1.5/32", "tcp/8080")}), with_rules({kept}));
  const firewall::Openings expected{.family = net::Family::V4,
                                    .from = {},
                                    .to = *net::Ip::parse("10.0.1.5"),
                                    .protocol = std::uint8_t{IPPROTO_TCP},
                                    .port = std::uint16_t{8080}};
  EXPECT_THAT(among, testing::ElementsAre(expected));
}

TEST(Revoked, IsNothingWhereOnlySomethingIsAdded) {
  const auto kept = rule_of("kept", "10.0.1.5/32", "tcp/5432");
  EXPECT_THAT(firewall::revoked(with_rules({kept}),
                                with_rules({rule_of("first", "10.0.1.6/32", "any"), kept})),
              IsEmpty());
}

TEST(Revoked, IsByAddressOfThePeerWhereThatSaysItShorter) {
  std::vector<policy::Rule> rules;
  for (int port = 1; port <= 100; ++port) {
    rules.push_back(
        rule_of("r" + std::to_string(port), "10.0.1.5/32", "tcp/" + std::to_string(port)));
    rules.back().from = {selector(SelectorKind::Peer, "p0002")};
  }
  const auto before = with_rules(std::move(rules));
  const auto among = firewall::revoked(before, with_rules({}));
  ASSERT_THAT(among, SizeIs(3));
  EXPECT_EQ(among[0],
            (firewall::Openings{.family = net::Family::V4, .from = before.peers[2].address}));
  EXPECT_EQ(among[1],
            (firewall::Openings{.family = net::Family::V4, .from = before.peers[2].image}));
  EXPECT_EQ(among[2], (firewall::Openings{.family = net::Family::V6}));
}

TEST(Revoked, IsLookedForAmongAllWhereThereAreTooManyPlaces) {
  std::vector<policy::Rule> rules;
  for (int port = 1; port <= 100; ++port) {
    rules.push_back(
        rule_of("r" + std::to_string(port), "10.0.1.5/32", "tcp/" + std::to_string(port)));
  }
  EXPECT_THAT(firewall::revoked(with_rules(std::move(rules)), with_rules({})),
              testing::ElementsAre(firewall::Openings{}));
}

// The first of two aliases stands for something else later, and the second stays.
TEST(Revoked, IsLookedForAmongAllOfIpv4WhereAnAliasGoes) {
  auto before = with_rules({rule_of("all", "10.0.0.0/8", "any")});
  const auto prefix = [](const char* text) { return *net::Prefix::parse(text); };
  before.aliases = {{.route = prefix("10.0.0.0/16"), .alias = prefix("100.80.0.0/16")},
                    {.route = prefix("10.0.1.0/24"), .alias = prefix("100.90.1.0/24")}};
  auto after = before;
  EXPECT_THAT(firewall::revoked(before, after), IsEmpty());
  after.aliases[0].route = prefix("10.1.0.0/16");
  EXPECT_THAT(firewall::revoked(before, after),
              testing::ElementsAre(firewall::Openings{.family = net::Family::V4}));
  const auto gone = firewall::aliases_gone(before, after);
  EXPECT_THAT(gone, testing::ElementsAre(before.aliases[0]));
  const auto allowed = [&](const char* asked, const std::vector<net::Alias>& aliases) {
    auto one = opening(after.peers[0].address, *net::Ip::parse("10.0.1.5"), service("tcp/80"));
    one.asked = *net::Ip::parse(asked);
    return firewall::Permissions(after, aliases).allow(one);
  };
  EXPECT_FALSE(allowed("100.80.1.5", gone));
  EXPECT_TRUE(allowed("10.0.1.5", gone)) << "by its own address";
  EXPECT_TRUE(allowed("100.90.1.5", gone)) << "by the alias that stays";
  EXPECT_TRUE(allowed("192.0.2.5", gone)) << "by another program's translation";
  EXPECT_TRUE(allowed("100.90.1.5", {before.aliases[1]})) << "by one that went and came back";
}

}  // namespace
}  // namespace cw::router
