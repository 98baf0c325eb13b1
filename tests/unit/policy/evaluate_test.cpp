// SPDX-License-Identifier: Apache-2.0
#include "policy/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/explain.h"

namespace cw::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr WallTime kNow{std::chrono::hours(24)};

Selector selector(SelectorKind kind, std::string name) {
  return {.kind = kind, .name = std::move(name), .prefix = {}};
}

Rule rule(std::string name, Selector from, Selector to, std::string_view service) {
  return {.name = std::move(name),
          .from = {std::move(from)},
          .to = {std::move(to)},
          .services = {*Service::parse(service)}};
}

// Two sites with the same prefix; alice may use both, bob one.
class Evaluate : public ::testing::Test {
 protected:
  [[nodiscard]] Decision decide(const Party& from, const Party& to,
                                std::string_view service = "tcp/5432") const {
    return policy::decide(world_, {.from = from, .to = to, .service = *Service::parse(service)},
                          kNow);
  }

  [[nodiscard]] Party alice() const { return Party::of(world_.peers[0]); }

  [[nodiscard]] Party bob() const { return Party::of(world_.peers[1]); }

  [[nodiscard]] Party at_prod(std::string_view address) const {
    return Party::at(world_.sites[0], *net::Ip::parse(address));
  }

  [[nodiscard]] Party at_staging(std::string_view address) const {
    return Party::at(world_.sites[1], *net::Ip::parse(address));
  }

  World world_{
      .sites = {{.name = "prod", .routes = {*net::Prefix::parse("10.0.0.0/16")}},
                {.name = "staging", .routes = {*net::Prefix::parse("10.0.0.0/16")}}},
      .peers = {{.name = "alice",
                 .user = "alice@example.com",
                 .groups = {},
                 .sites = {"prod", "staging"},
                 .address = *net::Ip::parse("100.83.0.5"),
                 .entrances = {{"prod", "r1"}, {"staging", "r2"}}},
                {.name = "bob",
                 .user = "",
                 .groups = {"ops"},
                 .sites = {"prod"},
                 .address = *net::Ip::parse("100.83.0.6"),
                 .entrances = {{"prod", "r1"}}}},
      .policy = Policy{
          .groups = {{.name = "dba", .members = {"alice@example.com"}}},
          .hosts = {{.name = "db", .prefix = *net::Prefix::parse("10.0.1.5/32"), .site = "prod"}}}};
};

TEST_F(Evaluate, WithoutAPolicyEveryPeerReachesTheRoutesOfItsSitesAndNoMore) {
  world_.policy.reset();
  EXPECT_EQ(decide(alice(), at_prod("10.0.1.5")).reason, Reason::NoPolicy);
  EXPECT_TRUE(decide(alice(), at_prod("10.0.1.5")).allowed);
  EXPECT_EQ(decide(bob(), at_staging("10.0.1.5")).reason, Reason::NotOfSite);
  EXPECT_EQ(decide(bob(), at_prod("10.1.0.1")).reason, Reason::NotRouted);
  EXPECT_FALSE(decide(alice(), bob()).allowed);
  EXPECT_FALSE(decide(at_prod("10.0.1.5"), alice()).allowed);
}

TEST_F(Evaluate, WithAnEmptyPolicyNobodyReachesAnything) {
  EXPECT_FALSE(decide(alice(), at_prod("10.0.1.5")).allowed);
}

TEST_F(Evaluate, AllowsAMemberByUserAtTheHostsOwnSiteOnly) {
  world_.policy->rules = {rule("pg", selector(SelectorKind::Group, "dba"),
                               selector(SelectorKind::Host, "db"), "tcp/5432")};
  EXPECT_TRUE(decide(alice(), at_prod("10.0.1.5")).allowed);
  EXPECT_FALSE(decide(alice(), at_staging("10.0.1.5")).allowed);
  EXPECT_FALSE(decide(bob(), at_prod("10.0.1.5")).allowed);
}

TEST_F(Evaluate, OpensFromASiteAndBetweenPeersOnlyWhereARuleSaysSo) {
  world_.policy->rules = {
      rule("up", selector(SelectorKind::Site, "prod"), selector(SelectorKind::Peer, "bob"), "icmp"),
      rule("p2p", selector(SelectorKind::Peer, "alice"), selector(SelectorKind::Group, "ops"),
           "tcp/22")};
  EXPECT_TRUE(decide(at_prod("10.0.1.5"), bob(), "icmp").allowed);
  EXPECT_FALSE(decide(at_prod("10.0.1.5"), alice(), "icmp").allowed);
  EXPECT_TRUE(decide(alice(), bob(), "tcp/22").allowed);
  EXPECT_FALSE(decide(bob(), alice(), "tcp/22").allowed);
}

TEST_F(Evaluate, NeverGoesFromASiteToASite) {
  world_.policy->rules = {rule("x", selector(SelectorKind::Site, "prod"),
                               selector(SelectorKind::Site, "staging"), "any")};
  EXPECT_EQ(decide(at_prod("10.0.1.5"), at_staging("10.0.1.5")).reason, Reason::NotAPeersWay);
}

TEST_F(Evaluate, OpensNothingBetweenPeersThatNoRouterLetsBothIn) {
  world_.policy->rules = {rule("p2p", Selector{}, selector(SelectorKind::Peer, "bob"), "tcp/22")};
  EXPECT_TRUE(decide(alice(), bob(), "tcp/22").allowed);
  world_.peers[1].entrances = {{"prod", "r3"}};
  EXPECT_EQ(decide(alice(), bob(), "tcp/22").reason, Reason::NoCommonRouter);
  world_.peers[0].sites = {"staging"};
  world_.peers[0].entrances = {{"staging", "r2"}};
  EXPECT_EQ(decide(alice(), bob(), "tcp/22").reason, Reason::NoCommonSite);
  EXPECT_EQ(say(world_, decide(alice(), bob(), "tcp/22")),
            "no router lets both peers in: they have no site in common (`sites` in their files)");
  const Target target{.to = selector(SelectorKind::Peer, "bob"),
                      .service = *Service::parse("tcp/22")};
  EXPECT_TRUE(first_failure(world_, {alice()}, target, true));
  EXPECT_FALSE(first_failure(world_, {alice()}, target, false));
  const auto may = who(world_, bob(), target.service, kNow);
  ASSERT_EQ(may.size(), 1U);
  EXPECT_EQ(may[0].peer->name, "bob");
}

TEST_F(Evaluate, OpensNothingAtASiteWhereNoGatewayHasThePeerInItsBlock) {
  world_.policy->rules = {rule("in", Selector{}, selector(SelectorKind::Site, "staging"), "any"),
                          rule("up", selector(SelectorKind::Site, "staging"),
                               selector(SelectorKind::Peer, "alice"), "any")};
  EXPECT_TRUE(decide(alice(), at_staging("10.0.1.5")).allowed);
  EXPECT_TRUE(decide(at_staging("10.0.1.5"), alice()).allowed);
  world_.peers[0].entrances = {{"prod", "r1"}};
  EXPECT_EQ(decide(alice(), at_staging("10.0.1.5")).reason, Reason::NoGateway);
  EXPECT_EQ(decide(at_staging("10.0.1.5"), alice()).reason, Reason::NoGateway);
}

TEST_F(Evaluate, OpensNothingAtTheRoutersOwnAddressWhereItAnswersIcmp) {
  world_.policy->rules = {rule("all", selector(SelectorKind::Peer, "alice"),
                               selector(SelectorKind::Site, "prod"), "any")};
  EXPECT_TRUE(decide(alice(), at_prod("10.0.0.1"), "tcp/22").allowed);
  world_.sites[0].routers = {{.router = "r1", .address = *net::Ip::parse("10.0.0.1")}};
  const auto refused = decide(alice(), at_prod("10.0.0.1"), "tcp/22");
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.reason, Reason::RoutersOwn);
  EXPECT_EQ(say(world_, refused),
            "it is the router's own address, where peers get answers to ICMP alone, whatever the "
            "rules");
  EXPECT_TRUE(decide(alice(), at_prod("10.0.0.2"), "tcp/22").allowed);
  EXPECT_EQ(decide(bob(), at_prod("10.0.0.1"), "icmp"),
            (Decision{.allowed = true, .reason = Reason::RouterAnswers}));
  EXPECT_TRUE(who(world_, at_prod("10.0.0.1"), *Service::parse("tcp/22"), kNow).empty());
  world_.policy.reset();
  EXPECT_FALSE(decide(alice(), at_prod("10.0.0.1"), "tcp/22").allowed);
}

TEST_F(Evaluate, TakesAnotherRoutersAddressForAnyHosts) {
  world_.policy->rules = {rule("all", Selector{}, selector(SelectorKind::Site, "prod"), "any")};
  world_.sites[0].routers = {{.router = "r9", .address = *net::Ip::parse("10.0.0.9")},
                             {.router = "r1", .address = *net::Ip::parse("10.0.0.1")}};
  EXPECT_EQ(decide(alice(), at_prod("10.0.0.9"), "tcp/22").reason, Reason::Rule);
  // Of a gateway of two routers, the other one may be the way in.
  world_.peers[0].entrances = {{"prod", "r1"}, {"prod", "r9"}};
  EXPECT_EQ(decide(alice(), at_prod("10.0.0.1"), "tcp/22").reason, Reason::Rule);
}

TEST_F(Evaluate, NamesTheRuleAndWhatNearlyAllowedIt) {
  auto old = rule("old", Selector{}, selector(SelectorKind::Site, "prod"), "any");
  old.expires = kNow;
  world_.policy->rules = {rule("ssh", selector(SelectorKind::Peer, "alice"),
                               selector(SelectorKind::Host, "db"), "tcp/22"),
                          old,
                          rule("bobs", selector(SelectorKind::Peer, "bob"),
                               selector(SelectorKind::Host, "db"), "tcp/5432")};
  const auto denied = decide(alice(), at_prod("10.0.1.5"));
  EXPECT_THAT(denied.misses, ElementsAre(NearMiss{.rule = 0, .but = NearMiss::But::Service},
                                         NearMiss{.rule = 1, .but = NearMiss::But::Expired},
                                         NearMiss{.rule = 2, .but = NearMiss::But::Source}));
  EXPECT_EQ(say(world_, denied),
            "no rule allows it; rule `ssh` would on tcp/22; rule `old` has expired; rule `bobs` "
            "allows it to peer:bob");
  const auto allowed = decide(bob(), at_prod("10.0.1.5"));
  EXPECT_EQ(say(world_, allowed), "rule `bobs` allows it");
  EXPECT_THAT(allowed.misses, IsEmpty());
}

TEST_F(Evaluate, SaysWhoMay) {
  world_.policy->rules = {rule("pg", Selector{}, selector(SelectorKind::Host, "db"), "tcp/5432")};
  const auto may = who(world_, at_prod("10.0.1.5"), *Service::parse("tcp/5432"), kNow);
  ASSERT_EQ(may.size(), 2U);
  EXPECT_EQ(may[0].peer->name, "alice");
  EXPECT_TRUE(who(world_, at_staging("10.0.1.5"), *Service::parse("tcp/5432"), kNow).empty());
}

TEST_F(Evaluate, TakesAnEmptyUserForNobody) {
  world_.policy->rules = {
      rule("x", selector(SelectorKind::User, ""), selector(SelectorKind::Host, "db"), "any")};
  EXPECT_FALSE(decide(bob(), at_prod("10.0.1.5")).allowed);
  EXPECT_FALSE(Selector::with_kind("user:"));
}

TEST_F(Evaluate, ExpectsNothingOfAPeerThatWasRemoved) {
  const Target gone{.to = selector(SelectorKind::Peer, "carol"),
                    .service = *Service::parse("tcp/22")};
  const Target there{.to = selector(SelectorKind::Peer, "bob"),
                     .service = *Service::parse("tcp/22")};
  EXPECT_FALSE(first_failure(world_, {alice()}, gone, true));
  EXPECT_TRUE(first_failure(world_, {alice()}, there, true));
}

TEST_F(Evaluate, SaysOfWhomNobodyLetsInWhy) {
  world_.policy->groups.push_back({.name = "gone", .members = {"carol@example.com"}});
  world_.policy->rules = {rule("all", Selector{}, selector(SelectorKind::Site, "prod"), "any")};
  world_.locked_out = {{.peer = {.name = "carol",
                                 .user = "carol@example.com",
                                 .groups = {},
                                 .sites = {"prod"},
                                 .address = *net::Ip::parse("100.83.0.7"),
                                 .entrances = {{"prod", "r1"}}},
                        .expired = std::nullopt},
                       {.peer = {.name = "dave", .user = "", .groups = {}, .sites = {"prod"}},
                        .expired = WallTime(std::chrono::hours(12))}};
  for (const auto* who : {"carol", "peer:carol", "carol@example.com", "gone"}) {
    EXPECT_EQ(find_source(world_, who).error().message, "carol is disabled (peers/carol.toml)");
  }
  EXPECT_EQ(find_source(world_, "dave").error().message,
            "dave expired on 1970-01-01T12:00:00Z (peers/dave.toml)");
  EXPECT_EQ(locate(world_, selector(SelectorKind::Peer, "dave")).error().message,
            "dave expired on 1970-01-01T12:00:00Z (peers/dave.toml)");
  EXPECT_EQ(find_source(world_, "erin").error().message, "nobody is `erin` in this network");
  EXPECT_EQ(parties(world_, Selector{}).size(), 2U);
  EXPECT_EQ(who(world_, at_prod("10.0.1.5"), *Service::parse("tcp/22"), kNow).size(), 2U);
}

TEST_F(Evaluate, FindsWhoAndWhatPeopleName) {
  EXPECT_EQ(find_source(world_, "alice")->kind, SelectorKind::Peer);
  EXPECT_EQ(find_source(world_, "alice@example.com")->kind, SelectorKind::User);
  EXPECT_EQ(find_source(world_, "ops")->kind, SelectorKind::Group);
  EXPECT_EQ(find_source(world_, "site:prod")->kind, SelectorKind::Site);
  EXPECT_EQ(find_source(world_, "carol").error().kind, ErrorKind::NotFound);
  EXPECT_EQ(find_source(world_, "peer:ops").error().kind, ErrorKind::NotFound);
  EXPECT_EQ(find_target(world_, "db:5432/tcp")->to_text(), "db:tcp/5432");
  EXPECT_EQ(find_target(world_, "10.0.1.5:53/udp")->to_text(), "10.0.1.5:udp/53");
  EXPECT_EQ(find_target(world_, "peer:bob:icmp")->to.kind, SelectorKind::Peer);
  EXPECT_EQ(find_target(world_, "dbb:22").error().kind, ErrorKind::NotFound);
  EXPECT_EQ(find_target(world_, "group:ops:22").error().kind, ErrorKind::Invalid);
}

TEST_F(Evaluate, DoesNotGuessAtWhichOfTwoSitesAnAddressIs) {
  const Selector to{.kind = SelectorKind::Prefix, .prefix = *net::Prefix::parse("10.0.1.5/32")};
  EXPECT_EQ(locate(world_, to).error().kind, ErrorKind::Invalid);
  EXPECT_EQ(locate(world_, selector(SelectorKind::Host, "db"))->site->name, "prod");
}

// staging's 10.0.0.0/16 by 4via6 and by an alias.
constexpr auto kForms = {"10.0.1.5/32", "100.80.1.5/32", "fd5e:3a1c:9b04:b1a:0:2:a00:105/128"};

class Forms : public Evaluate {
 protected:
  Forms() {
    world_.sites[0].via = *net::Prefix::parse("fd5e:3a1c:9b04:b1a:0:1::/96");
    world_.sites[1].via = *net::Prefix::parse("fd5e:3a1c:9b04:b1a:0:2::/96");
    world_.sites[1].aliases = {{.route = *net::Prefix::parse("10.0.0.0/16"),
                                .alias = *net::Prefix::parse("100.80.0.0/16")}};
  }

  void allow_everybody(const char* to) {
    world_.policy->rules = {rule("x", Selector{},
                                 {.kind = SelectorKind::Prefix, .prefix = *net::Prefix::parse(to)},
                                 "tcp/5432")};
  }
};

TEST_F(Forms, OfAnAddressInARuleMeanTheRealDestinationAtThatSiteAlone) {
  for (const auto* to : {"100.80.1.5/32", "100.80.0.0/16", "fd5e:3a1c:9b04:b1a:0:2:a00:105/128",
                         "fd5e:3a1c:9b04:b1a:0:2::/96"}) {
    allow_everybody(to);
    EXPECT_TRUE(decide(alice(), at_staging("10.0.1.5")).allowed) << to;
    EXPECT_FALSE(decide(alice(), at_prod("10.0.1.5")).allowed) << to;
  }
  allow_everybody("100.80.1.5/32");
  EXPECT_FALSE(decide(alice(), at_staging("10.0.1.6")).allowed);
}

TEST_F(Forms, OfAHostMeanTheRealDestination) {
  world_.policy->hosts = {
      {.name = "db", .prefix = *net::Prefix::parse("100.80.1.5/32"), .site = {}}};
  world_.policy->rules = {rule("x", Selector{}, selector(SelectorKind::Host, "db"), "tcp/5432")};
  EXPECT_TRUE(decide(alice(), at_staging("10.0.1.5")).allowed);
  EXPECT_FALSE(decide(alice(), at_prod("10.0.1.5")).allowed);
}

TEST_F(Forms, AreNotOpenedByWhatIsWider) {
  for (const auto* to : {"100.64.0.0/10", "fd00::/8", "::/0"}) {
    allow_everybody(to);
    EXPECT_FALSE(decide(alice(), at_staging("10.0.1.5")).allowed) << to;
  }
}

TEST_F(Forms, OfAnAddressAreAskedAboutAsTheRealOne) {
  for (const auto* form : kForms) {
    const auto place =
        locate(world_, {.kind = SelectorKind::Prefix, .prefix = *net::Prefix::parse(form)});
    if (form == *kForms.begin()) {
      EXPECT_FALSE(place) << "at two sites";
    } else {
      ASSERT_TRUE(place) << form;
      EXPECT_EQ(name_of(*place), "10.0.1.5 at staging");
    }
  }
}

// One walk through all of them is no other answer than each one's.
TEST_F(Evaluate, PeersOfASelectorAreThoseWhomItMatches) {
  world_.policy->groups.push_back({.name = "ops", .members = {"alice"}});
  std::size_t named = 0;
  for (const bool with_policy : {true, false}) {
    if (!with_policy) {
      world_.policy.reset();
    }
    for (const auto kind : {SelectorKind::Any, SelectorKind::Peer, SelectorKind::User,
                            SelectorKind::Group, SelectorKind::Site, SelectorKind::Host}) {
      for (const auto* name :
           {"", "alice", "bob", "carol", "alice@example.com", "ops", "dba", "prod", "db"}) {
        const auto from = selector(kind, name);
        std::vector<const Peer*> expected;
        for (const auto& peer : world_.peers) {
          if (matches_source(world_, from, Party::of(peer))) {
            expected.push_back(&peer);
          }
        }
        EXPECT_EQ(peers_of(world_, from), expected) << from.to_text();
        named += expected.size();
      }
    }
  }
  // Of `any` both each time; alice, bob, her as a user, both of ops, her of dba; and without a
  // policy alice, bob, her as a user, bob of ops.
  EXPECT_EQ(named, 2 * 9 * 2 + 6 + 4);
}

}  // namespace
}  // namespace cw::policy
