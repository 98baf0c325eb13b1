// SPDX-License-Identifier: Apache-2.0
#include "firewall/ruleset/rights.h"

#include <algorithm>
#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace cw::firewall {
namespace {

using net::Family;
using net::Prefix;
using testing::ElementsAre;

Prefix prefix(std::string_view text) {
  return *Prefix::parse(text);
}

Grant tcp(std::string_view to, std::uint16_t first, std::uint16_t last) {
  return {.to = prefix(to), .protocol = Protocol::Tcp, .first = first, .last = last};
}

TEST(Disjoint, KeepsWhatDoesNotOverlap) {
  const auto made = disjoint({tcp("10.0.0.0/16", 80, 80), tcp("10.1.0.0/16", 80, 80)}, Family::V4);
  EXPECT_THAT(made.ports, ElementsAre(tcp("10.0.0.0/16", 80, 80), tcp("10.1.0.0/16", 80, 80)));
}

TEST(Disjoint, GivesAPlaceOnlyThePortsThatNothingAroundItHas) {
  const auto made = disjoint({tcp("10.0.1.5/32", 79, 82), tcp("10.0.0.0/16", 80, 80)}, Family::V4);
  EXPECT_THAT(made.ports, ElementsAre(tcp("10.0.0.0/16", 80, 80), tcp("10.0.1.5/32", 79, 79),
                                      tcp("10.0.1.5/32", 81, 82)));
}

TEST(Disjoint, JoinsRangesThatTouch) {
  const auto made = disjoint({tcp("10.0.0.0/16", 80, 89), tcp("10.0.0.0/16", 90, 99)}, Family::V4);
  EXPECT_THAT(made.ports, ElementsAre(tcp("10.0.0.0/16", 80, 99)));
}

TEST(Disjoint, NeedsNothingMoreWhereEverythingIsAllowed) {
  const auto made = disjoint({{.to = prefix("10.0.0.0/16")},
                              {.to = prefix("10.0.0.0/24")},
                              tcp("10.0.1.5/32", 80, 80),
                              {.to = prefix("10.0.1.6/32"), .protocol = Protocol::Icmp}},
                             Family::V4);
  EXPECT_EQ(made, (DisjointGrants{.all = {prefix("10.0.0.0/16")}, .icmp = {}, .ports = {}}));
}

Grant random_grant() {
  const auto length = *rc::gen::inRange<std::uint8_t>(28, 33);
  const auto first = *rc::gen::inRange<std::uint16_t>(0, 12);
  Grant grant{.to = Prefix::of(net::Ip::v4(0x0a000000U + *rc::gen::inRange(0U, 16U)), length)};
  grant.protocol =
      *rc::gen::element(Protocol::Any, Protocol::Icmp, Protocol::Tcp, Protocol::Tcp, Protocol::Udp);
  if (grant.protocol == Protocol::Tcp || grant.protocol == Protocol::Udp) {
    grant.first = first;
    grant.last = static_cast<std::uint16_t>(first + *rc::gen::inRange(0, 6));
  }
  return grant;
}

bool allows(const std::vector<Grant>& grants, net::Ip to, Protocol protocol, std::uint16_t port) {
  return std::ranges::any_of(grants, [&](const Grant& grant) {
    return grant.to.contains(to) &&
           (grant.protocol == Protocol::Any ||
            (grant.protocol == protocol && grant.first <= port && port <= grant.last));
  });
}

// How many elements of each part let it through.
std::array<std::ptrdiff_t, 3> allowing(const DisjointGrants& sets, net::Ip to, Protocol protocol,
                                       std::uint16_t port) {
  const auto holds = [&](const Prefix& each) { return each.contains(to); };
  return {std::ranges::count_if(sets.all, holds),
          protocol == Protocol::Icmp ? std::ranges::count_if(sets.icmp, holds) : 0,
          std::ranges::count_if(sets.ports, [&](const Grant& grant) {
            return grant.protocol == protocol && allows({grant}, to, protocol, port);
          })};
}

TEST(DisjointLaws, AllowsTheSameAndNeverTwiceInOnePart) {
  EXPECT_TRUE(rc::check([] {
    const auto grants = *rc::gen::container<std::vector<Grant>>(rc::gen::exec(random_grant));
    const auto sets = disjoint(grants, Family::V4);
    for (std::uint32_t low = 0; low < 16; ++low) {
      for (const auto protocol : {Protocol::Icmp, Protocol::Tcp, Protocol::Udp}) {
        for (std::uint16_t port = 0; port < 20; ++port) {
          const auto to = net::Ip::v4(0x0a000000U + low);
          const auto found = allowing(sets, to, protocol, port);
          RC_ASSERT(std::ranges::max(found) == (allows(grants, to, protocol, port) ? 1 : 0));
        }
      }
    }
  }));
}

}  // namespace
}  // namespace cw::firewall
