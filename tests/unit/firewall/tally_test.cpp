// SPDX-License-Identifier: Apache-2.0
#include "firewall/ruleset/tally.h"

#include <algorithm>
#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace cw::firewall {
namespace {

using net::Family;
using net::Ip;
using net::Prefix;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Grant everything(std::string_view to, std::uint32_t rule) {
  return {.to = *Prefix::parse(to), .rule = rule};
}

Grant tcp(std::string_view to, std::uint16_t first, std::uint16_t last, std::uint32_t rule) {
  return {.to = *Prefix::parse(to),
          .protocol = Protocol::Tcp,
          .first = first,
          .last = last,
          .rule = rule};
}

net::Range range(const char* first, const char* last) {
  return {.first = *Ip::parse(first), .last = *Ip::parse(last)};
}

RuleBox whole(net::Range to, std::uint32_t rule) {
  return {.to = to, .rule = rule};
}

TEST(RuleBoxes, AreOneForOneGrant) {
  EXPECT_THAT(rule_boxes({tcp("10.0.0.0/16", 80, 81, 3)}, Family::V4).boxes,
              ElementsAre(RuleBox{.to = range("10.0.0.0", "10.0.255.255"),
                                  .first_protocol = 6,
                                  .last_protocol = 6,
                                  .first_port = 80,
                                  .last_port = 81,
                                  .rule = 3}));
}

TEST(RuleBoxes, OfIcmpHaveNoPortsAndTheFamilysNumber) {
  const auto icmp = [](const char* to, Family family) {
    const auto made =
        rule_boxes({{.to = *Prefix::parse(to), .protocol = Protocol::Icmp}}, family).boxes;
    EXPECT_THAT(made, SizeIs(1));
    EXPECT_EQ(made[0].first_port, 0);
    EXPECT_EQ(made[0].last_port, 65535);
    EXPECT_EQ(made[0].first_protocol, made[0].last_protocol);
    return made[0].first_protocol;
  };
  EXPECT_EQ(icmp("10.0.0.0/16", Family::V4), 1);
  EXPECT_EQ(icmp("fd00::/64", Family::V6), 58);
}

TEST(RuleBoxes, GiveWhatTwoRulesAllowToTheFirst) {
  EXPECT_THAT(
      rule_boxes({everything("10.0.0.0/16", 0), everything("10.0.1.5/32", 1)}, Family::V4).boxes,
      ElementsAre(whole(range("10.0.0.0", "10.0.255.255"), 0)));
  EXPECT_THAT(
      rule_boxes({everything("10.0.0.0/24", 1), everything("10.0.0.5/32", 0)}, Family::V4).boxes,
      ElementsAre(whole(range("10.0.0.0", "10.0.0.4"), 1), whole(range("10.0.0.5", "10.0.0.5"), 0),
                  whole(range("10.0.0.6", "10.0.0.255"), 1)));
}

TEST(RuleBoxes, OfNeighboursAreJoined) {
  std::vector<Grant> grants;
  for (std::uint32_t i = 0; i < 10; ++i) {
    grants.push_back({.to = Prefix::host(Ip::v4(0x64400005 + i))});
  }
  EXPECT_THAT(rule_boxes(grants, Family::V4).boxes,
              ElementsAre(whole(range("100.64.0.5", "100.64.0.14"), 0)));
}

TEST(RuleBoxes, ReachTheLastAddress) {
  EXPECT_THAT(
      rule_boxes({everything("0.0.0.0/0", 1), everything("255.255.255.255/32", 0)}, Family::V4)
          .boxes,
      ElementsAre(whole(range("0.0.0.0", "255.255.255.254"), 1),
                  whole(range("255.255.255.255", "255.255.255.255"), 0)));
}

TEST(RuleBoxes, TooManyOfThemLeaveOutTheLastRules) {
  const std::vector<Grant> grants = {tcp("10.0.0.5/32", 80, 80, 2), tcp("10.0.0.7/32", 80, 80, 4),
                                     everything("10.0.0.0/24", 7)};
  EXPECT_EQ(rule_boxes(grants, Family::V4).left_out_from, std::nullopt);
  const auto made = rule_boxes(grants, Family::V4, 2);
  EXPECT_EQ(made.left_out_from, 7U);
  EXPECT_THAT(made.boxes, SizeIs(2));
  EXPECT_EQ(rule_boxes(grants, Family::V4, 1).left_out_from, 4U);
  EXPECT_THAT(rule_boxes(grants, Family::V4, 0), (RuleBoxes{.boxes = {}, .left_out_from = 2}));
}

TEST(RuleBoxes, AreOfOneFamily) {
  EXPECT_THAT(rule_boxes({everything("fd00::/64", 0)}, Family::V4).boxes, IsEmpty());
  EXPECT_THAT(rule_boxes({everything("fd00::/64", 0)}, Family::V6).boxes, SizeIs(1));
}

TEST(CounterName, IsNoOtherRulesAndTellsWholeFromPart) {
  EXPECT_EQ(counter_name("dba", Counts::All), counter_name("dba", Counts::All));
  EXPECT_NE(counter_name("dba", Counts::All), counter_name("dbb", Counts::All));
  EXPECT_NE(counter_name("dba", Counts::All), counter_name("dba", Counts::Part));
}

// A few addresses, protocols and ports, at the beginning or at the end of what there is.
constexpr std::uint32_t kAddresses = 16;
constexpr std::array<std::uint8_t, 6> kProtocols{0, 1, 2, 6, 17, 255};
constexpr std::uint16_t kPorts = 10;

struct Corner {
  std::uint32_t address = 0;  // the first
  std::uint16_t port = 0;
};

Grant random_grant(const Corner& corner) {
  const auto length = *rc::gen::inRange<std::uint8_t>(28, 33);
  Grant grant{.to = Prefix::of(Ip::v4(corner.address + *rc::gen::inRange(0U, kAddresses)), length)};
  grant.protocol =
      *rc::gen::element(Protocol::Any, Protocol::Icmp, Protocol::Tcp, Protocol::Tcp, Protocol::Udp);
  if (grant.protocol == Protocol::Tcp || grant.protocol == Protocol::Udp) {
    const auto first = *rc::gen::inRange<int>(0, kPorts);
    const auto last = *rc::gen::inRange<int>(first, kPorts);
    grant.first = static_cast<std::uint16_t>(corner.port + first);
    grant.last = static_cast<std::uint16_t>(corner.port + last);
  }
  grant.rule = *rc::gen::inRange(0U, 6U);
  return grant;
}

// What each grant says, looked at one by one.
std::optional<std::uint32_t> first_rule(const std::vector<Grant>& grants, const Ip& to,
                                        std::uint8_t protocol, std::uint16_t port) {
  std::optional<std::uint32_t> first;
  for (const auto& grant : grants) {
    const bool allows =
        grant.to.contains(to) &&
        (grant.protocol == Protocol::Any ||
         (static_cast<std::uint8_t>(grant.protocol) == protocol &&
          (grant.protocol == Protocol::Icmp || (grant.first <= port && port <= grant.last))));
    if (allows && (!first || grant.rule < *first)) {
      first = grant.rule;
    }
  }
  return first;
}

std::vector<std::uint32_t> rules_at(const std::vector<RuleBox>& boxes, const Ip& to,
                                    std::uint8_t protocol, std::uint16_t port) {
  std::vector<std::uint32_t> rules;
  for (const auto& box : boxes) {
    if (box.to.first <= to && to <= box.to.last && box.first_protocol <= protocol &&
        protocol <= box.last_protocol && box.first_port <= port && port <= box.last_port) {
      rules.push_back(box.rule);
    }
  }
  return rules;
}

TEST(RuleBoxesLaws, CountEveryConnectionOnceForTheFirstRuleThatAllowsIt) {
  EXPECT_TRUE(rc::check([] {
    const Corner corner{.address = *rc::gen::element(0U, 0x0a000000U, 0xfffffff0U),
                        .port = *rc::gen::element<std::uint16_t>(0, 80, 65536 - kPorts)};
    const auto grants = *rc::gen::container<std::vector<Grant>>(
        rc::gen::exec([&] { return random_grant(corner); }));
    const auto most = *rc::gen::element<std::size_t>(0, 3, 10, kMostBoxes);
    const auto made = rule_boxes(grants, Family::V4, most);
    RC_ASSERT(made.boxes.size() <= most);
    const bool leaves_out = most != kMostBoxes && made.left_out_from;
    RC_ASSERT(leaves_out == made.left_out_from.has_value());
    for (std::uint32_t low = 0; low < kAddresses; ++low) {
      for (const auto protocol : kProtocols) {
        for (std::uint16_t port = 0; port < kPorts; ++port) {
          const auto to = Ip::v4(corner.address + low);
          const auto at = static_cast<std::uint16_t>(corner.port + port);
          const auto expected = first_rule(grants, to, protocol, at);
          const auto found = rules_at(made.boxes, to, protocol, at);
          const bool left_out = expected && made.left_out_from && *expected >= *made.left_out_from;
          const auto right =
              expected && !left_out ? std::vector{*expected} : std::vector<std::uint32_t>();
          RC_ASSERT(found == right);
        }
      }
    }
  }));
}

}  // namespace
}  // namespace cw::firewall
