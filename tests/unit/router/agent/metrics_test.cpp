// SPDX-License-Identifier: Apache-2.0
#include "router/agent/metrics.h"

#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::agent {
namespace {

using ::testing::HasSubstr;

api::Status status() {
  api::Status status{.version = "0.1.0", .router = "r1", .site = "pa\"ris"};
  status.phase = api::Phase::Running;
  status.started = WallTime(std::chrono::seconds(1000));
  status.network = api::NetworkStatus{
      .name = "prod", .peers = 2, .sites = 1, .taken = WallTime(std::chrono::seconds(2000))};
  status.gateways = {{.name = "gw", .device = "cw-gw", .present = true, .peers = 2, .active = 1}};
  status.gateways[0].via6 = api::Via6Status{
      .prefix = "fd00::/96",
      .counted = true,
      .packets = {{.outcome = "no_route", .meaning = "no route", .from_peers = 3, .to_peers = 4}}};
  status.peers = {{.name = "alice",
                   .gateway = "gw",
                   .received_bytes = 10,
                   .sent_bytes = 20,
                   .active = true,
                   .flapping = true},
                  {.name = "bob", .gateway = "gw", .received_bytes = 1, .sent_bytes = 2}};
  status.problems = {{.severity = api::Severity::Warning, .text = "x"}};
  status.rules = {{.name = "dba", .connections = 12}, {.name = "ops", .partly = true}};
  status.refused_packets = 5;
  status.counters = {.rounds = 7, .steps = 8, .failed_steps = 9, .refusals = 10};
  return status;
}

TEST(Metrics, HaveWhatTheStatusHas) {
  const auto text = to_metrics(status());
  EXPECT_THAT(text, HasSubstr("causeway_phase{phase=\"running\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("causeway_phase{phase=\"down\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("causeway_gateway_up{gateway=\"gw\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("causeway_gateway_peers_active{gateway=\"gw\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("causeway_gateway_received_bytes{gateway=\"gw\"} 11\n"));
  EXPECT_THAT(text, HasSubstr("causeway_gateway_sent_bytes{gateway=\"gw\"} 22\n"));
  EXPECT_THAT(text, HasSubstr("causeway_network_taken_timestamp_seconds 2000\n"));
  EXPECT_THAT(text, HasSubstr("causeway_network_refused 0\n"));
  EXPECT_THAT(text, HasSubstr("causeway_problems{severity=\"warning\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("causeway_steps_failed_total 9\n"));
}

TEST(Metrics, CountForEachRuleAndWhatIsRefused) {
  const auto text = to_metrics(status());
  EXPECT_THAT(text, HasSubstr("# TYPE causeway_rule_connections_total counter\n"));
  EXPECT_THAT(text, HasSubstr("causeway_rule_connections_total{rule=\"dba\"} 12\n"));
  EXPECT_THAT(text, HasSubstr("causeway_rule_connections_total{rule=\"ops\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("causeway_refused_packets_total 5\n"));
}

TEST(Metrics, CountPacketsOf4via6ByDirectionAndOutcome) {
  const auto text = to_metrics(status());
  EXPECT_THAT(text, HasSubstr("causeway_via6_packets_total{gateway=\"gw\","
                              "direction=\"from_peers\",outcome=\"no_route\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("causeway_via6_packets_total{gateway=\"gw\","
                              "direction=\"to_peers\",outcome=\"no_route\"} 4\n"));
}

TEST(Metrics, SayNothingOfRefusedPacketsWhereNobodyCounts) {
  auto down = status();
  down.refused_packets.reset();
  EXPECT_THAT(to_metrics(down), Not(HasSubstr("refused_packets")));
}

TEST(Metrics, NameOnlyThePeersThatFlap) {
  const auto text = to_metrics(status());
  EXPECT_THAT(text, HasSubstr("causeway_peer_flapping{gateway=\"gw\",peer=\"alice\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("bob")));
}

TEST(Metrics, EscapeLabels) {
  EXPECT_THAT(to_metrics(status()), HasSubstr("site=\"pa\\\"ris\""));
}

TEST(Metrics, EverySampleBelongsToADeclaredFamily) {
  std::istringstream lines(to_metrics(status()));
  std::set<std::string> families;
  std::string line;
  while (std::getline(lines, line)) {
    if (line.starts_with("# TYPE ")) {
      EXPECT_TRUE(families.insert(line.substr(7, line.find(' ', 7) - 7)).second) << line;
    } else if (!line.starts_with('#')) {
      EXPECT_EQ(families.count(line.substr(0, line.find_first_of(" {"))), 1U) << line;
    }
  }
  EXPECT_GT(families.size(), 10U);
}

}  // namespace
}  // namespace cw::agent
