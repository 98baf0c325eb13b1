// SPDX-License-Identifier: Apache-2.0
#include "router/agent/report.h"

#include <cerrno>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "firewall/ruleset/tally.h"
#include "tests/support/networks.h"

namespace cw::agent {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class ReportOf : public ::testing::Test {
 protected:
  ReportOf() {
    netlink::WgDevice device{.name = "cw-prod", .public_key = test::public_key(1)};
    for (unsigned i = 0; i < 2; ++i) {
      netlink::WgPeer peer;
      peer.key = test::public_key(1000 + i);
      device.peers.push_back(peer);
    }
    device.peers[0].last_handshake = snapshot_.now - 10s;
    device.peers[0].endpoint = net::SocketAddress{*net::Ip::parse("203.0.113.2"), 4000};
    devices_ = {.items = {device}, .complete = true};
    round_.settled = true;
  }

  api::Status make() {
    return report({.netmap = &snapshot_.netmap,
                   .host = &snapshot_.host,
                   .devices = &devices_,
                   .round = &round_,
                   .history = &history_,
                   .foreign_chains = chains_,
                   .counters = counters_,
                   .translated = translated_,
                   .standing = {},
                   .down = down_,
                   .now = snapshot_.now});
  }

  static auto problem(const std::string& text) {
    return Contains(Field(&api::Problem::text, HasSubstr(text)));
  }

  router::Snapshot snapshot_ = test::snapshot(1, 2);
  router::Dump<netlink::WgDevice> devices_;
  Round round_;
  PeerHistory history_;
  std::vector<firewall::ForeignChain> chains_;
  std::vector<firewall::Counter> counters_;
  std::vector<Translated> translated_;
  bool down_ = false;
};

TEST_F(ReportOf, GivesAGatewayWhatItsTranslatorHasCounted) {
  EXPECT_FALSE(make().gateways[0].via6);
  const auto prefix = *net::Prefix::parse("fd12:3456:789a:b1a:0:1::/96");
  translated_ = {{.device = "cw-prod", .prefix = prefix, .counters = std::nullopt}};
  EXPECT_EQ(make().gateways[0].via6, (api::Via6Status{.prefix = prefix.to_text()}));
  via6::Counters counters;
  counters.from_tunnel[CW_VIA6_TRANSLATED] = 7;
  counters.to_tunnel[CW_VIA6_NO_PEER] = 2;
  translated_[0].counters = counters;
  const auto via6 = make().gateways[0].via6;
  ASSERT_TRUE(via6 && via6->counted);
  ASSERT_EQ(via6->packets.size(), via6::kOutcomes);
  EXPECT_EQ(via6->packets[CW_VIA6_TRANSLATED].from_peers, 7U);
  EXPECT_EQ(via6->packets[CW_VIA6_NO_PEER].to_peers, 2U);
  EXPECT_EQ(via6->packets[CW_VIA6_NO_PEER].outcome, "no_peer");
}

TEST_F(ReportOf, GivesEachRuleWhatItsCounterHas) {
  using firewall::Counts;
  snapshot_.netmap.policy =
      policy::Policy{.groups = {},
                     .hosts = {},
                     .rules = {{.name = "site"}, {.name = "dba"}, {.name = "new"}},
                     .tests = {}};
  counters_ = {{.name = firewall::counter_name("dba", Counts::All), .packets = 3, .bytes = 180},
               {.name = firewall::counter_name("site", Counts::Part), .packets = 4, .bytes = 240},
               {.name = firewall::counter_name("gone", Counts::All), .packets = 9, .bytes = 540},
               {.name = firewall::kRefusedCounter, .packets = 5, .bytes = 300}};
  const auto status = make();
  EXPECT_THAT(status.rules,
              ElementsAre(api::RuleStatus{.name = "site", .connections = 4, .partly = true},
                          api::RuleStatus{.name = "dba", .connections = 3},
                          api::RuleStatus{.name = "new"}));
  EXPECT_EQ(status.refused_packets, 5U);
}

TEST_F(ReportOf, HasNoRulesWithoutAPolicyAndKnowsOfNothingRefusedWithoutAFirewall) {
  EXPECT_THAT(make().rules, SizeIs(0));
  EXPECT_EQ(make().refused_packets, std::nullopt);
}

TEST_F(ReportOf, SaysThatThereIsNoPolicyOnlyWhereThereIsNone) {
  EXPECT_THAT(make().problems, problem("no policy"));
  snapshot_.netmap.policy.emplace();
  EXPECT_THAT(make().problems, ::testing::Not(problem("no policy")));
}

TEST(OverlapProblems, NameBothPrefixesTheDeviceAndWhatToDo) {
  const auto prefix = [](const char* text) { return *net::Prefix::parse(text); };
  const auto problems = problems_of(std::vector<router::Overlap>{
      {.gateway = "prod",
       .ours = prefix("100.100.0.0/16"),
       .theirs = {.prefix = prefix("100.64.0.0/10"), .device = "eth0", .route = true}},
      {.gateway = "prod",
       .ours = prefix("100.100.0.0/16"),
       .theirs = {.prefix = prefix("100.100.3.7/32"), .device = "tailscale0"}},
      {.gateway = "spare",
       .ours = prefix("100.101.0.0/16"),
       .theirs = {.prefix = prefix("100.101.3.7/32"), .device = "ts0"},
       .in_force = true}});
  ASSERT_THAT(problems, SizeIs(2));
  EXPECT_EQ(problems[0].severity, api::Severity::Error);
  EXPECT_EQ(problems[0].gateway, "prod");
  EXPECT_THAT(problems[0].text, HasSubstr("100.100.0.0/16 overlaps 100.64.0.0/10, to which this "
                                          "host has a route by eth0, and 1 more"));
  EXPECT_THAT(problems[0].hint, HasSubstr("another pool"));
  EXPECT_EQ(problems[1].severity, api::Severity::Warning);
  EXPECT_THAT(problems[1].text, HasSubstr("100.101.3.7, an address of ts0"));
}

TEST_F(ReportOf, NamesAChainThatDropsByItsLastRule) {
  chains_ = {{.family = "inet",
              .table = "firewalld",
              .name = "filter_FORWARD",
              .hook = "forward",
              .last_rule_drops = true}};
  EXPECT_THAT(make().problems, problem("filter_FORWARD in table inet firewalld (forward hook) "
                                       "drops by its last rule"));
  chains_[0].last_rule_drops = false;
  EXPECT_THAT(make().problems, Not(problem("filter_FORWARD")));
}

TEST_F(ReportOf, CountsPeersAndWhoIsActive) {
  const auto status = make();
  ASSERT_THAT(status.gateways, SizeIs(1));
  EXPECT_TRUE(status.gateways[0].present);
  EXPECT_EQ(status.gateways[0].peers, 2U);
  EXPECT_EQ(status.gateways[0].active, 1U);
  EXPECT_EQ(status.phase, api::Phase::Running);
}

TEST_F(ReportOf, NamesThePeersOfTheKernel) {
  const auto status = make();
  ASSERT_THAT(status.peers, SizeIs(2));
  EXPECT_EQ(status.peers[0].name, "p0000");
  EXPECT_EQ(status.peers[0].address, "100.100.0.16");
  EXPECT_EQ(status.peers[0].endpoint, "203.0.113.2:4000");
  EXPECT_TRUE(status.peers[0].active);
  EXPECT_FALSE(status.peers[1].active);
}

TEST_F(ReportOf, SaysThatAGatewaysDeviceIsMissing) {
  devices_.items.clear();
  EXPECT_FALSE(make().gateways.at(0).present);
}

TEST_F(ReportOf, NamesTheChainThatMayDropOurTraffic) {
  chains_ = {{.family = "ip",
              .table = "filter",
              .name = "FORWARD",
              .hook = "forward",
              .policy_drop = true},
             {.family = "ip", .table = "filter", .name = "INPUT", .hook = "input"}};
  const auto problems = make().problems;
  EXPECT_THAT(problems, problem("chain FORWARD in table ip filter"));
  EXPECT_THAT(problems, Not(problem("INPUT")));
}

TEST_F(ReportOf, SaysThatThereIsNoPolicy) {
  EXPECT_THAT(make().problems, problem("no policy"));
}

TEST_F(ReportOf, AFailedStepIsShownWithTheKernelsTextAndAHint) {
  round_.settled = false;
  round_.failed = {{.line = "~ device cw-prod up",
                    .error = Error::from_errno(EADDRINUSE, "cannot set cw-prod up")}};
  const auto status = make();
  EXPECT_EQ(status.phase, api::Phase::Retrying);
  EXPECT_THAT(status.problems, problem("Address already in use"));
  EXPECT_THAT(status.problems.at(0).hint, HasSubstr("ss -ulpn"));
}

TEST_F(ReportOf, ErrorsComeFirst) {
  round_.errors = {Error::invalid("late")};
  EXPECT_EQ(make().problems.at(0).text, "late");
}

TEST_F(ReportOf, ManyFailuresAreCounted) {
  for (int i = 0; i < 1000; ++i) {
    round_.failed.push_back({.line = "x", .error = Error::invalid("y")});
  }
  EXPECT_LT(make().problems.size(), 30U);
  EXPECT_THAT(make().problems, problem("1000 steps failed"));
}

TEST_F(ReportOf, DownHasNoGateways) {
  down_ = true;
  const auto status = make();
  EXPECT_EQ(status.phase, api::Phase::Down);
  EXPECT_THAT(status.gateways, SizeIs(0));
}

}  // namespace
}  // namespace cw::agent
