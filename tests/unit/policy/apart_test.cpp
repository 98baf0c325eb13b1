// SPDX-License-Identifier: Apache-2.0
#include "policy/apart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Selector selector(SelectorKind kind, std::string name) {
  return {.kind = kind, .name = std::move(name), .prefix = {}};
}

Peer peer(std::string name, std::string group, std::vector<Entrance> entrances) {
  return {.name = std::move(name),
          .user = {},
          .groups = {std::move(group)},
          .sites = {"a", "b"},
          .address = *net::Ip::parse("100.83.0.5"),
          .entrances = std::move(entrances)};
}

const auto kOps = selector(SelectorKind::Group, "ops");
const auto kDesks = selector(SelectorKind::Group, "desks");

// Two of ops at a, a desk at each site.
World world(std::vector<Selector> from, std::vector<Selector> to) {
  return {.sites = {},
          .peers = {peer("alice", "ops", {{"a", "r1"}}), peer("bob", "ops", {{"a", "r1"}}),
                    peer("carol", "desks", {{"a", "r1"}}), peer("dave", "desks", {{"b", "r2"}})},
          .policy = Policy{.groups = {},
                           .hosts = {},
                           .rules = {{.name = "p2p",
                                      .from = std::move(from),
                                      .to = std::move(to),
                                      .services = {Service{}}}},
                           .tests = {}}};
}

std::vector<std::string> names(const std::vector<const Peer*>& peers) {
  std::vector<std::string> all;
  for (const auto* each : peers) {
    all.push_back(each->name);
  }
  return all;
}

TEST(Apart, NamesWhoMeetsNobodyAtTheOtherEndOfARule) {
  const auto one = world({kOps}, {kDesks});
  const auto some = apart(one);
  ASSERT_THAT(some, SizeIs(1));
  EXPECT_THAT(names(some[0].from), IsEmpty());
  EXPECT_THAT(names(some[0].to), ElementsAre("dave"));
  const auto none = world({kOps}, {selector(SelectorKind::Peer, "dave")});
  const auto all = apart(none);
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_THAT(names(all[0].from), ElementsAre("alice", "bob"));
  EXPECT_THAT(names(all[0].to), ElementsAre("dave"));
}

TEST(Apart, TakesNobodyForSomebodyElse) {
  EXPECT_THAT(apart(world({kOps}, {kOps})), IsEmpty());
  const auto desks = world({kDesks}, {kDesks});
  ASSERT_THAT(apart(desks), SizeIs(1));
  EXPECT_THAT(names(apart(desks)[0].to), ElementsAre("carol", "dave"));
  EXPECT_THAT(
      apart(world({selector(SelectorKind::Peer, "dave")}, {selector(SelectorKind::Peer, "dave")})),
      IsEmpty());
}

TEST(Apart, IsSaidOfPeersAloneAndNotOfAny) {
  EXPECT_THAT(apart(world({kOps}, {selector(SelectorKind::Site, "b")})), IsEmpty());
  EXPECT_THAT(apart(world({selector(SelectorKind::Site, "a")}, {kDesks})), IsEmpty());
  const auto any = world({Selector{}}, {selector(SelectorKind::Peer, "carol")});
  EXPECT_THAT(apart(any), IsEmpty());
  auto gone = world({kOps}, {kDesks});
  gone.policy.reset();
  EXPECT_THAT(apart(gone), IsEmpty());
}

}  // namespace
}  // namespace cw::policy
