// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "firewall/ruleset/filter.h"
#include "firewall/ruleset/peer_changes.h"

namespace cw::firewall {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

PeerFilter peer(unsigned number, std::string rights = {}) {
  const auto ip = [&](const char* form) {
    return *net::Ip::parse(fmt::format(fmt::runtime(form), number / 250, number % 250));
  };
  return {.address = ip("100.100.{}.{}"),
          .address_ipv6 = ip("fd12:3456:789a::{:x}:{:x}"),
          .image = ip("240.36.{}.{}"),
          .rights = std::move(rights)};
}

std::vector<PeerFilter> peers(unsigned count) {
  std::vector<PeerFilter> all;
  for (unsigned i = 0; i < count; ++i) {
    all.push_back(peer(i));
  }
  return all;
}

TEST(PeerChanges, OfTheSamePeersAreNone) {
  EXPECT_EQ(peer_changes(peers(100), peers(100)), PeerChanges{});
}

TEST(PeerChanges, OfOneThatChangedAreItsTwoForms) {
  auto after = peers(100);
  after[50].rights = "g_1";
  const auto changes = peer_changes(peers(100), after);
  ASSERT_TRUE(changes);
  EXPECT_THAT(changes->gone, ElementsAre(peer(50)));
  EXPECT_THAT(changes->came, ElementsAre(peer(50, "g_1")));
}

TEST(PeerChanges, OfSeveralPlacesAreAllFound) {
  auto after = peers(100);
  after.erase(after.begin() + 90);
  after.insert(after.begin() + 10, peer(1000));
  after.push_back(peer(1001));
  const auto changes = peer_changes(peers(100), after);
  ASSERT_TRUE(changes);
  EXPECT_THAT(changes->gone, ElementsAre(peer(90)));
  EXPECT_THAT(changes->came, ElementsAre(peer(1000), peer(1001)));
}

TEST(PeerChanges, OfANewListAreAllOfIt) {
  const auto changes = peer_changes({}, peers(10));
  ASSERT_TRUE(changes);
  EXPECT_THAT(changes->gone, IsEmpty());
  EXPECT_THAT(changes->came, SizeIs(10));
}

TEST(PeerChanges, AreNotToldWhereMostChanged) {
  EXPECT_FALSE(peer_changes(peers(100), {}));
  auto after = peers(100);
  for (auto& each : after) {
    each.rights = "g_1";
  }
  EXPECT_FALSE(peer_changes(peers(100), after));
}

Filter random_filter() {
  Filter filter{.tunnels = {{.device = "cw-prod",
                             .listen_port = 51820,
                             .block = *net::Prefix::parse("100.100.0.0/16"),
                             .block_ipv6 = *net::Prefix::parse("fd12:3456:789a::/112"),
                             .image = *net::Prefix::parse("240.36.0.0/16")}},
                .peers = peers(*rc::gen::inRange(0U, 120U)),
                .routes = {*net::Prefix::parse("10.0.0.0/16")},
                .mark_mask = 0x60000000,
                .mark_judged = 0x20000000,
                .ipv6 = *rc::gen::arbitrary<bool>()};
  if (*rc::gen::arbitrary<bool>()) {
    filter.rights = {{.name = "g_1", .grants = {{.to = filter.routes[0]}}}};
    filter.rules = {"one"};
    for (auto& each : filter.peers) {
      each.rights = *rc::gen::element<std::string>("", "g_1");
    }
  }
  return filter;
}

void edit(Filter& filter) {
  auto& all = filter.peers;
  const auto at = all.begin() + *rc::gen::inRange<std::ptrdiff_t>(0, std::ssize(all) + 1);
  switch (*rc::gen::inRange(0, 6)) {
    case 0:
      all.insert(at, peer(1000 + *rc::gen::inRange(0U, 50U)));
      break;
    case 1:
      if (at != all.end()) {
        all.erase(at);
      }
      break;
    case 2:
      if (at != all.end()) {
        at->rights = "g_1";
      }
      break;
    case 3:
      std::ranges::reverse(all);
      break;
    case 4:
      filter.routes.push_back(*net::Prefix::parse("10.9.0.0/16"));
      break;
    default:
      filter.rights = {{.name = "g_1", .grants = {{.to = *net::Prefix::parse("10.0.1.5/32")}}}};
      filter.rules = {"one", "two"};
  }
}

TEST(Ruleset, MadeAfterAnotherIsTheOneMadeAnew) {
  EXPECT_TRUE(rc::check([] {
    const auto before = random_filter();
    auto after = before;
    for (int edits = *rc::gen::inRange(0, 8); edits > 0; --edits) {
      edit(after);
    }
    RC_ASSERT(compile(after, before, compile(before)) == compile(after));
  }));
}

}  // namespace
}  // namespace cw::firewall
