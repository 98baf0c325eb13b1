// SPDX-License-Identifier: Apache-2.0
#include "ha/gate/rules.h"

#include <netinet/in.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "router/model/ownership.h"

namespace cw::ha::gate {
namespace {

using netlink::Rule;
using netlink::RuleAction;
using testing::IsEmpty;
using testing::SizeIs;

const Numbers kNumbers = router::gate_numbers();

net::Prefix prefix(const char* text) {
  return *net::Prefix::parse(text);
}

Wanted gateway(const char* name, bool open) {
  return {.gateway = {.name = name,
                      .device = std::string("cw-") + name,
                      .listen_port = 51820,
                      .blocks = {prefix("100.64.0.0/16"), prefix("fd00::/112")},
                      .addresses = {*net::Ip::parse("10.0.0.9")}},
          .open = open,
          .table = kNumbers.first_table,
          .sources = open ? std::vector{net::Family::V4} : std::vector<net::Family>()};
}

TEST(GateRules, WhatCloses) {
  const auto rules = closing_rules(kNumbers);
  ASSERT_THAT(rules, SizeIs(2));
  for (const auto& rule : rules) {
    EXPECT_EQ(rule.priority, router::kPriorityGateClosed);
    EXPECT_EQ(rule.mark,
              (netlink::Mark{.value = router::kMarkOuterClosed, .mask = router::kMarkMask}));
    EXPECT_EQ(rule.action, RuleAction::Blackhole);
    EXPECT_EQ(rule.gate_protocol, 0);  // the agent's own
  }
}

TEST(GateRules, BlocksOfAClosedGatewayAreUnreachableBeforeAnyRouteOfOurs) {
  const auto rules = rules_of(kNumbers, {gateway("gw", false)});
  ASSERT_THAT(rules, SizeIs(2));
  for (const auto& rule : rules) {
    EXPECT_LT(rule.priority, router::kPriorityFromHost);
    EXPECT_EQ(rule.action, RuleAction::Unreachable);
    EXPECT_EQ(rule.gate_protocol, router::kGateProtocol);
  }
  EXPECT_EQ(rules[0].destination, prefix("100.64.0.0/16"));
  EXPECT_EQ(rules[1].destination, prefix("fd00::/112"));
}

TEST(GateRules, AnOpenOneHasTheSourceOfItsAddressWhereThatIsHere) {
  EXPECT_THAT(rules_of(kNumbers, {gateway("gw", true)}),
              testing::ElementsAre(Rule{
                  .family = net::Family::V4,
                  .priority = router::kPriorityGateSource,
                  .mark = netlink::Mark{.value = router::kMarkOuter, .mask = router::kMarkMask},
                  .action = RuleAction::Lookup,
                  .table = router::kGateTable,
                  .gate_protocol = router::kGateProtocol,
                  .ip_protocol = IPPROTO_UDP,
                  .source_port = 51820}));
  auto elsewhere = gateway("gw", true);
  elsewhere.sources.clear();
  EXPECT_THAT(rules_of(kNumbers, {elsewhere}), IsEmpty());
}

TEST(GateRules, ABlockThatAnOpenGatewayHasIsReachable) {
  for (const auto& rule : rules_of(kNumbers, {gateway("old", true), gateway("new", false)})) {
    EXPECT_NE(rule.action, RuleAction::Unreachable);
  }
  EXPECT_THAT(rules_of(kNumbers, {gateway("old", false), gateway("new", false)}), SizeIs(2));
}

// The numbers are what is in kernels out there.
TEST(GateRules, NumbersAreClearOfEachOther) {
  EXPECT_EQ(kNumbers.mark_closed & ~kNumbers.mark_mask, 0U);
  EXPECT_NE(kNumbers.mark_closed, kNumbers.mark_open);
  EXPECT_NE(kNumbers.mark_closed, router::kMarkJudged);
  EXPECT_NE(router::kGateProtocol, router::kRouteProtocol);
  EXPECT_TRUE(router::kTable < router::kGateTable);
}

}  // namespace
}  // namespace cw::ha::gate
