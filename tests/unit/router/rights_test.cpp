// SPDX-License-Identifier: Apache-2.0
#include "router/plan/rights.h"

#include <algorithm>
#include <utility>

#include <netinet/in.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "firewall/ruleset/never.h"
#include "firewall/ruleset/permissions.h"
#include "firewall/ruleset/tally.h"
#include "net/block.h"
#include "network/policy_world.h"
#include "policy/evaluate.h"
#include "router/plan/desired.h"
#include "tests/support/networks.h"

namespace cw::router {
namespace {

using policy::Party;
using policy::Selector;
using policy::SelectorKind;
using policy::Service;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Selector selector(SelectorKind kind, std::string name) {
  return {.kind = kind, .name = std::move(name), .prefix = {}};
}

Selector place(std::string_view text) {
  return {.kind = SelectorKind::Prefix, .name = {}, .prefix = *net::Prefix::parse(text)};
}

Service service(std::string_view text) {
  return *Service::parse(text);
}

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

// Small enough that rules meet each other and the probes all the time.
const std::vector<std::string> kUsers = {"", "ann", "bob"};
const std::vector<std::string> kGroups = {"dba", "ops"};
const std::vector<std::vector<std::string>> kMemberships = {{}, {"ops"}, {"dba", "ops"}};

Selector random_source() {
  switch (*rc::gen::inRange(0, 5)) {
    case 0:
      return Selector{};
    case 1:
      return selector(SelectorKind::Peer, *rc::gen::element<std::string>("p0001", "p0002", "gone"));
    case 2:
      return selector(SelectorKind::User, *rc::gen::element<std::string>("ann", "bob"));
    case 3:
      return selector(SelectorKind::Group, *rc::gen::elementOf(kGroups));
    default:
      return selector(SelectorKind::Site, *rc::gen::element<std::string>("prod", "other"));
  }
}

Selector random_destination() {
  switch (*rc::gen::inRange(0, 7)) {
    case 0:
      return selector(SelectorKind::Site, *rc::gen::element<std::string>("prod", "other"));
    case 1:
      // A host may have any name.
      return selector(SelectorKind::Host, *rc::gen::element<std::string>("any", "db", "elsewhere"));
    case 2:
      return selector(SelectorKind::Peer, "p0001");
    case 3:
      return selector(SelectorKind::User, "ann");
    case 4:
      return selector(SelectorKind::Group, *rc::gen::elementOf(kGroups));
    default:
      return place(*rc::gen::element<std::string>("10.0.0.0/8", "10.0.1.0/24", "10.0.1.5/32",
                                                  "2001:db8:1::/64", "2001:db8:1::5/128"));
  }
}

Service random_service() {
  return service(
      *rc::gen::element<std::string>("any", "icmp", "tcp", "tcp/80", "tcp/79-81", "udp/80-90"));
}

Snapshot random_snapshot() {
  auto snapshot = test::snapshot(1, 4);
  for (auto& peer : snapshot.netmap.peers) {
    peer.user = *rc::gen::elementOf(kUsers);
    peer.groups = *rc::gen::elementOf(kMemberships);
  }
  policy::Policy policy{
      .groups = {{.name = "dba", .members = {"ann", "p0002"}}, {.name = "ops", .members = {"bob"}}},
      .hosts = {
          {.name = "any", .prefix = *net::Prefix::parse("10.0.2.1/32"), .site = {}},
          {.name = "db", .prefix = *net::Prefix::parse("10.0.1.5/32"), .site = "prod"},
          {.name = "elsewhere", .prefix = *net::Prefix::parse("10.0.1.0/24"), .site = "other"}}};
  const auto count = *rc::gen::inRange(0, 6);
  for (int i = 0; i < count; ++i) {
    policy::Rule rule{.name = "r" + std::to_string(i)};
    rule.from =
        *rc::gen::nonEmpty(rc::gen::container<std::vector<Selector>>(rc::gen::exec(random_source)));
    rule.to = *rc::gen::nonEmpty(
        rc::gen::container<std::vector<Selector>>(rc::gen::exec(random_destination)));
    rule.services =
        *rc::gen::nonEmpty(rc::gen::container<std::vector<Service>>(rc::gen::exec(random_service)));
    if (*rc::gen::weightedElement<bool>({{3, false}, {1, true}})) {
      rule.expires = snapshot.now + std::chrono::seconds(*rc::gen::inRange(-1, 2));
    }
    policy.rules.push_back(std::move(rule));
  }
  snapshot.netmap.policy = std::move(policy);
  return snapshot;
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
    const auto snapshot = random_snapshot();
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
    const auto snapshot = random_snapshot();
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
    auto snapshot = random_snapshot();
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

}  // namespace
}  // namespace cw::router
