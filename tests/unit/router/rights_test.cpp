// SPDX-License-Identifier: Apache-2.0
#include "router/plan/rights.h"

#include <algorithm>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "firewall/ruleset/tally.h"
#include "net/block.h"
#include "network/policy_world.h"
#include "policy/evaluate.h"
#include "router/plan/desired.h"
#include "tests/support/networks.h"
#include "tests/unit/router/random_policy.h"

namespace cw::router {
namespace {

using policy::Party;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

SiteRights rights_of(const Snapshot& snapshot) {
  std::vector<const network::Peer*> served;
  for (const auto& peer : snapshot.netmap.peers) {
    served.push_back(&peer);
  }
  return rights_at(snapshot.netmap, snapshot.netmap.sites[0], served, snapshot.now);
}

Snapshot with_policy(std::vector<policy::Rule> rules) {
  auto snapshot = test::snapshot(1, 4);
  snapshot.netmap.policy =
      policy::Policy{.groups = {{.name = "dba", .members = {"p0001", "p0002"}}},
                     .hosts = {},
                     .rules = std::move(rules)};
  return snapshot;
}

policy::Rule dba_postgres() {
  return {.name = "dba-postgres",
          .from = {selector(SelectorKind::Group, "dba")},
          .to = {place("10.0.1.5/32")},
          .services = {service("tcp/5432")}};
}

TEST(Rights, AreSharedByPeersForWhomTheSameSourcesCount) {
  const auto made = rights_of(with_policy({dba_postgres()}));
  ASSERT_THAT(made.rights, SizeIs(1));
  EXPECT_THAT(made.rights[0].grants,
              ElementsAre(firewall::Grant{.to = *net::Prefix::parse("10.0.1.5/32"),
                                          .protocol = firewall::Protocol::Tcp,
                                          .first = 5432,
                                          .last = 5432}));
  EXPECT_THAT(made.of_peer, ElementsAre(std::pair("p0001", made.rights[0].name),
                                        std::pair("p0002", made.rights[0].name)));
}

TEST(Rights, AreNobodysWithoutARule) {
  const auto made = rights_of(with_policy({}));
  EXPECT_THAT(made.rights, IsEmpty());
  EXPECT_THAT(made.of_peer, IsEmpty());
}

TEST(Rights, ReachNoFurtherThanTheSitesRoutes) {
  auto rule = dba_postgres();
  rule.to = {place("10.0.0.0/8"), place("192.0.2.0/24")};
  const auto made = rights_of(with_policy({rule}));
  ASSERT_THAT(made.rights[0].grants, SizeIs(1));
  EXPECT_EQ(made.rights[0].grants[0].to.to_text(), "10.0.0.0/16");
}

TEST(Rights, KeepTheirNameWhenOnlyWhatTheyAllowChanges) {
  auto wider = dba_postgres();
  wider.services.push_back(service("icmp"));
  EXPECT_EQ(rights_of(with_policy({dba_postgres()})).of_peer,
            rights_of(with_policy({wider})).of_peer);
}

TEST(Rights, EndWithTheRuleThatExpires) {
  auto rule = dba_postgres();
  auto snapshot = with_policy({rule});
  rule.expires = snapshot.now + std::chrono::hours(1);
  snapshot = with_policy({rule});
  EXPECT_EQ(rights_of(snapshot).next_change, rule.expires);
  EXPECT_EQ(desired(snapshot)->next_change, rule.expires);
  snapshot.now = *rule.expires;
  EXPECT_THAT(rights_of(snapshot).of_peer, IsEmpty());
}

bool allows(const std::vector<firewall::Grant>& grants, const net::Ip& to, const Service& service) {
  const auto protocol = service.protocol == policy::Protocol::Tcp   ? firewall::Protocol::Tcp
                        : service.protocol == policy::Protocol::Udp ? firewall::Protocol::Udp
                                                                    : firewall::Protocol::Icmp;
  return std::ranges::any_of(grants, [&](const firewall::Grant& grant) {
    return grant.to.contains(to) && (grant.protocol == firewall::Protocol::Any ||
                                     (grant.protocol == protocol && grant.first <= service.first &&
                                      service.last <= grant.last));
  });
}

// For which rules a connection counts.
std::vector<std::size_t> rules_of(const std::vector<firewall::Grant>& grants, const net::Ip& to,
                                  const Service& service) {
  const auto protocol = service.protocol == policy::Protocol::Tcp   ? 6
                        : service.protocol == policy::Protocol::Udp ? 17
                        : to.is_v4()                                ? 1
                                                                    : 58;
  std::vector<std::size_t> rules;
  for (const auto& box : firewall::rule_boxes(grants, to.family()).boxes) {
    if (box.to.first <= to && to <= box.to.last && box.first_protocol <= protocol &&
        protocol <= box.last_protocol && box.first_port <= service.first &&
        service.first <= box.last_port) {
      rules.push_back(box.rule);
    }
  }
  return rules;
}

const std::vector<firewall::Grant>& grants_of(const SiteRights& rights, const std::string& peer) {
  static const std::vector<firewall::Grant> kNone;
  const auto name = rights.of_peer.find(peer);
  return name == rights.of_peer.end()
             ? kNone
             : std::ranges::find(rights.rights, name->second, &firewall::Rights::name)->grants;
}

TEST(RightsLaws, SayWhatTheReferenceSaysOfEveryConnection) {
  EXPECT_TRUE(rc::check([] {
    const auto snapshot = random_policy();
    const auto rights = rights_of(snapshot);
    const auto world = network::policy_world(snapshot.netmap, snapshot.now);
    const auto& site = world.sites[0];
    const auto services = {service("icmp"), service("tcp/80"), service("tcp/81"), service("udp/80"),
                           service("tcp/22")};
    for (const auto& probe : services) {
      const auto reference = [&](const Party& from, const Party& to) {
        const auto decision =
            policy::decide(world, {.from = from, .to = to, .service = probe}, snapshot.now);
        auto without_misses = decision;
        without_misses.misses.clear();
        RC_ASSERT(policy::ToOnePlace(world, to, probe, snapshot.now).decide(from) ==
                  without_misses);
        return decision.allowed;
      };
      for (const auto& peer : world.peers) {
        const auto& grants = grants_of(rights, peer.name);
        for (const auto* text :
             {"10.0.1.5", "10.0.1.6", "10.0.2.1", "10.1.0.1", "2001:db8:1::5", "2001:db8:2::1"}) {
          const auto to = *net::Ip::parse(text);
          RC_ASSERT(allows(grants, to, probe) == reference(Party::of(peer), Party::at(site, to)));
        }
        for (const auto& other : world.peers) {
          const auto twin = net::ipv6_twin(snapshot.netmap.ula, other.address);
          RC_ASSERT(allows(grants, other.address, probe) ==
                    reference(Party::of(peer), Party::of(other)));
          RC_ASSERT(allows(grants, twin, probe) == reference(Party::of(peer), Party::of(other)));
        }
        const auto from_site = Party::at(site, *net::Ip::parse("10.0.9.9"));
        RC_ASSERT(allows(rights.from_site, peer.address, probe) ==
                  reference(from_site, Party::of(peer)));
      }
    }
  }));
}

// What `causeway policy explain` names is what goes up.
TEST(RightsLaws, CountAConnectionForTheRuleThatTheReferenceNames) {
  EXPECT_TRUE(rc::check([] {
    const auto snapshot = random_policy();
    const auto rights = rights_of(snapshot);
    const auto world = network::policy_world(snapshot.netmap, snapshot.now);
    const auto& site = world.sites[0];
    for (const auto* text : {"icmp", "tcp/80", "tcp/81", "udp/80", "tcp/22"}) {
      const auto probe = service(text);
      const auto reference = [&](const Party& from, const Party& to) {
        const auto decision =
            policy::decide(world, {.from = from, .to = to, .service = probe}, snapshot.now);
        return decision.allowed ? std::vector{decision.rule} : std::vector<std::size_t>();
      };
      for (const auto& peer : world.peers) {
        const auto& grants = grants_of(rights, peer.name);
        for (const auto* address :
             {"10.0.1.5", "10.0.1.6", "10.0.2.1", "10.1.0.1", "2001:db8:1::5", "2001:db8:2::1"}) {
          const auto to = *net::Ip::parse(address);
          RC_ASSERT(rules_of(grants, to, probe) == reference(Party::of(peer), Party::at(site, to)));
        }
        for (const auto& other : world.peers) {
          const auto twin = net::ipv6_twin(snapshot.netmap.ula, other.address);
          const auto named = reference(Party::of(peer), Party::of(other));
          RC_ASSERT(rules_of(grants, other.address, probe) == named);
          RC_ASSERT(rules_of(grants, twin, probe) == named);
        }
        const auto from_site = Party::at(site, *net::Ip::parse("10.0.9.9"));
        RC_ASSERT(rules_of(rights.from_site, peer.address, probe) ==
                  reference(from_site, Party::of(peer)));
      }
    }
  }));
}

}  // namespace
}  // namespace cw::router
