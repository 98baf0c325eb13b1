// SPDX-License-Identifier: Apache-2.0
#include "ha/arp/presence.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace cw::ha::arp {
namespace {

using netlink::HostAddress;
using netlink::Sysctl;
using testing::ElementsAre;
using testing::IsEmpty;

const auto kV4 = *net::Ip::parse("10.9.0.100");
const auto kV6 = *net::Ip::parse("fd09::100");
const std::vector<net::Ip> kBoth = {kV4, kV6};

Places ours(std::vector<HostAddress> addresses) {
  for (auto& address : addresses) {
    address.protocol = 204;
  }
  return places(addresses, "lan", 204);
}

// As the kernel would be afterwards.
Places after(Places places, const std::vector<AddressChange>& changes) {
  for (const auto& change : changes) {
    const HostAddress address{.device = change.device, .ip = change.ip, .protocol = 204};
    std::erase(places.ours, address);
    if (change.add) {
      places.ours.push_back(address);
    }
  }
  return places;
}

TEST(Presence, WhatOthersPutThereIsNotOurs) {
  const auto none = places(
      {{.device = "lan", .ip = kV4, .protocol = 0}, {.device = "lan", .ip = kV6, .protocol = 3}},
      "lan", 204);
  EXPECT_EQ(presence(none, kBoth), Presence::Absent);
  EXPECT_THAT(to_silent(none, kBoth), IsEmpty());
  EXPECT_THAT(of_nobody(none, {}), IsEmpty());
}

TEST(Presence, HalfOfTheAddressesIsAbsent) {
  EXPECT_EQ(presence(ours({{.device = "lan", .ip = kV4}}), kBoth), Presence::Absent);
  EXPECT_EQ(presence(ours({{.device = "lan", .ip = kV4}, {.device = "lo", .ip = kV6}}), kBoth),
            Presence::Absent);
  EXPECT_EQ(presence(ours({{.device = "other", .ip = kV4}, {.device = "other", .ip = kV6}}), kBoth),
            Presence::Absent);
}

TEST(Presence, AnAddressIsAddedInItsNewPlaceBeforeItLeavesTheOld) {
  const auto loud = ours({{.device = "lan", .ip = kV4}});
  EXPECT_THAT(to_quiet(loud, {kV4}),
              ElementsAre(AddressChange{.add = true, .device = "lo", .ip = kV4},
                          AddressChange{.add = false, .device = "lan", .ip = kV4}));
  EXPECT_THAT(to_loud(after(loud, to_quiet(loud, {kV4})), {kV4}),
              ElementsAre(AddressChange{.add = true, .device = "lan", .ip = kV4},
                          AddressChange{.add = false, .device = "lo", .ip = kV4}));
}

TEST(Presence, WhatWasNeverHereDoesNotBecomeQuiet) {
  EXPECT_THAT(to_quiet(ours({}), kBoth), IsEmpty());
}

// Whatever a crash left.
RC_GTEST_PROP(PresenceProperty, EachChangeLeadsWhereItSaysAndIsEmptyThen, ()) {
  std::vector<HostAddress> left;
  for (const auto* device : {"lan", "lo", "old"}) {
    for (const auto& ip : kBoth) {
      if (*rc::gen::arbitrary<bool>()) {
        left.push_back({.device = device, .ip = ip});
      }
    }
  }
  const auto start = ours(left);
  const auto loud = after(start, to_loud(start, kBoth));
  RC_ASSERT(presence(loud, kBoth) == Presence::Loud);
  RC_ASSERT(to_loud(loud, kBoth).empty());
  const auto quiet = after(start, to_quiet(start, kBoth));
  RC_ASSERT(presence(quiet, kBoth) != Presence::Loud);
  RC_ASSERT(to_quiet(quiet, kBoth).empty());
  RC_ASSERT(presence(after(loud, to_quiet(loud, kBoth)), kBoth) == Presence::Quiet);
  const auto released = after(quiet, to_released(quiet, kBoth));
  RC_ASSERT(presence(released, kBoth) == Presence::Absent);
  RC_ASSERT(after(start, of_nobody(start, {})).ours.empty());
}

TEST(ForQuiet, AHostWithNothingSetGetsTheNarrowestThatWorks) {
  EXPECT_THAT(for_quiet("lan", {}),
              ElementsAre(Sysctl{.key = "net/ipv4/conf/lan/arp_ignore", .value = "3"},
                          Sysctl{.key = "net/ipv4/conf/lan/arp_announce", .value = "2"}));
}

TEST(ForQuiet, WhatTheHostsOwnerSetAndDoesAsWellStays) {
  for (const int ignore : {1, 2, 3, 8}) {
    EXPECT_THAT(for_quiet("lan", {.ignore_all = ignore, .announce_all = 2}), IsEmpty()) << ignore;
    EXPECT_THAT(for_quiet("lan", {.ignore = ignore, .announce = 2}), IsEmpty()) << ignore;
  }
}

TEST(ForQuiet, WithRouteLocalnetAScopeDoesNotHide) {
  EXPECT_THAT(for_quiet("lan", {.announce = 2, .localnet = true}),
              ElementsAre(Sysctl{.key = "net/ipv4/conf/lan/arp_ignore", .value = "1"}));
  EXPECT_THAT(for_quiet("lan", {.ignore = 3, .announce = 2, .localnet = true}),
              ElementsAre(Sysctl{.key = "net/ipv4/conf/lan/arp_ignore", .value = "1"}));
  EXPECT_THAT(for_quiet("lan", {.ignore = 1, .announce = 2, .localnet = true}), IsEmpty());
}

}  // namespace
}  // namespace cw::ha::arp
