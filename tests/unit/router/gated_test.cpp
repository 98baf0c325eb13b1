// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "router/model/ownership.h"
#include "router/plan/desired.h"
#include "router/plan/plan.h"
#include "tests/support/model_kernel.h"
#include "tests/support/networks.h"

// The agent beside a failover process, which has the gates.
namespace cw::router {
namespace {

using firewall::Depth;
using netlink::Rule;
using netlink::RuleAction;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// `prod` is served by two routers, `spare` by this one alone.
Snapshot shared() {
  auto snapshot = test::snapshot(2, 6);
  auto& site = snapshot.netmap.sites[0];
  site.routers.push_back({.name = "r2"});
  site.gateways[0].routers = {"r1", "r2"};
  snapshot.host.failover = true;
  return snapshot;
}

Rule gates_rule() {
  return {.family = net::Family::V4,
          .priority = kPriorityGateBlock,
          .destination = *net::Prefix::parse("100.100.0.0/17"),
          .action = RuleAction::Unreachable,
          .gate_protocol = kGateProtocol};
}

class Gated : public testing::Test {
 protected:
  Gated() { converge(); }

  void converge() {
    auto sinks = kernel.sinks();
    EXPECT_TRUE(apply(plan_now(), sinks, test::key_ring()).ok());
  }

  Plan plan_now() {
    auto sinks = kernel.sinks();
    return plan(wanted, read_kernel(sinks, wanted, Depth::Full).state);
  }

  std::vector<std::string> lines() { return to_lines(plan_now()); }

  DesiredState wanted = *desired(shared());
  test::ModelKernel kernel;
};

TEST_F(Gated, ADeviceWithSiblingsIsMadeClosedAndTheOtherOpen) {
  EXPECT_EQ(kernel.wireguard("cw-prod").fwmark, kMarkOuterClosed);
  EXPECT_EQ(kernel.wireguard("cw-spare").fwmark, kMarkOuter);
  for (const auto family : {net::Family::V4, net::Family::V6}) {
    EXPECT_THAT(*kernel.rules(),
                Contains(Rule{.family = family,
                              .priority = kPriorityGateClosed,
                              .mark = netlink::Mark{.value = kMarkOuterClosed, .mask = kMarkMask},
                              .action = RuleAction::Blackhole}));
  }
  EXPECT_THAT(lines(), IsEmpty());
}

TEST_F(Gated, AnOpenGateIsLetBeAndAnyOtherMarkCloses) {
  kernel.wireguard("cw-prod").fwmark = kMarkOuter;
  EXPECT_THAT(lines(), IsEmpty());
  kernel.wireguard("cw-prod").fwmark = 7;
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("cw-prod fwmark 0x60000000")));
}

TEST_F(Gated, RulesOfGatesAreLetBeAndGoWithTheRest) {
  ASSERT_TRUE(kernel.add_rule(gates_rule()));
  EXPECT_THAT(lines(), IsEmpty());
  wanted = DesiredState{};  // `causeway down`
  EXPECT_THAT(lines(),
              Contains("- rule IPv4 4892: to 100.100.0.0/17 unreachable (not in the network)"));
  converge();
  EXPECT_THAT(*kernel.rules(), IsEmpty());
}

TEST_F(Gated, WithoutFailoverAllIsAsIfThereWereNone) {
  ASSERT_TRUE(kernel.add_rule(gates_rule()));
  auto alone = shared();
  alone.host.failover = false;
  wanted = *desired(alone);
  converge();
  EXPECT_EQ(kernel.wireguard("cw-prod").fwmark, kMarkOuter);
  const auto rules = *kernel.rules();
  for (const auto& rule : rules) {
    EXPECT_GE(rule.priority, kFirstPriority);
  }
  EXPECT_THAT(lines(), IsEmpty());
}

// What a closed gate swallows keeps the next one back for 5 s.
TEST_F(Gated, TheAgentBeginsNoHandshakeBehindAClosedGate) {
  auto snapshot = shared();
  snapshot.last_seen[snapshot.netmap.peers[0].public_key] = {
      {*net::Ip::parse("203.0.113.2"), 40000}, snapshot.now, "cw-prod"};
  wanted = *desired(snapshot);
  kernel.set_down("cw-prod");
  EXPECT_THAT(lines(), Not(Contains(HasSubstr("handshake"))));
  kernel.wireguard("cw-prod").fwmark = kMarkOuter;
  EXPECT_THAT(lines(), Contains(HasSubstr("start 1 handshake")));
  ASSERT_TRUE(kernel.remove_link("cw-prod"));
  EXPECT_THAT(lines(), Not(Contains(HasSubstr("handshake"))));
  converge();
  EXPECT_EQ(kernel.wireguard("cw-prod").fwmark, kMarkOuterClosed);
  EXPECT_THAT(kernel.handshakes_started, IsEmpty());
  // Where it was is known to whoever opens the gate.
  EXPECT_TRUE(kernel.wireguard("cw-prod").peers[0].endpoint ||
              kernel.wireguard("cw-prod").peers[1].endpoint ||
              kernel.wireguard("cw-prod").peers[2].endpoint);
}

}  // namespace
}  // namespace cw::router
