// SPDX-License-Identifier: Apache-2.0
#include "router/failover/metrics.h"

#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::failover {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

api::FailoverStatus status() {
  return {
      .version = "0.1.0",
      .router = "r1",
      .synchronised = false,
      .pauses = 3,
      .targets = {{.target = "10.0.1.5:5432", .tried = true, .reached = false},
                  {.target = "10.0.1.6:443", .tried = true},
                  {.target = "10.0.1.7:443"}},
      .gateways = {
          {.name = "prod",
           .role = "active",
           .fitness = "poor",
           .epoch = "7+",
           .gate_open = true,
           .peers_known = 9,
           .replicated_ms = 1500,
           .connections = 4,
           .siblings = {{.router = "r2", .heard = true, .heard_ms = 40, .out_of_reach = {"a", "b"}},
                        {.router = "r3"}},
           .takeovers = {{.owner = "r2", .why = "recorded"},
                         {.owner = "r1", .why = "owner silent", .took_ms = 55}},
           .changes = {{"owner silent", 2}, {"recorded", 1}}}}};
}

TEST(FailoverMetrics, HaveWhatTheStatusHas) {
  const auto text = to_metrics(status());
  for (const char* line : {
           "causeway_failover_info{version=\"0.1.0\",router=\"r1\"} 1\n",
           "causeway_failover_role{gateway=\"prod\",role=\"active\"} 1\n",
           "causeway_failover_role{gateway=\"prod\",role=\"standby\"} 0\n",
           "causeway_failover_fitness{gateway=\"prod\",fitness=\"poor\"} 1\n",
           "causeway_failover_epoch{gateway=\"prod\"} 7\n",
           "causeway_failover_takeovers_total{gateway=\"prod\",why=\"owner silent\"} 2\n",
           "causeway_failover_takeover_seconds{gateway=\"prod\"} 0.055\n",
           "causeway_failover_sibling_up{gateway=\"prod\",sibling=\"r2\"} 1\n",
           "causeway_failover_sibling_heard_seconds{gateway=\"prod\",sibling=\"r2\"} 0.04\n",
           "causeway_failover_sibling_targets_missed{gateway=\"prod\",sibling=\"r2\"} 2\n",
           "causeway_failover_sibling_up{gateway=\"prod\",sibling=\"r3\"} 0\n",
           "causeway_failover_replicated_seconds{gateway=\"prod\"} 1.5\n",
           "causeway_failover_connections{gateway=\"prod\"} 4\n",
           "causeway_failover_target_reached{target=\"10.0.1.5:5432\"} 0\n",
           "causeway_failover_target_reached{target=\"10.0.1.6:443\"} 1\n",
           "causeway_failover_clock_synchronised 0\n",
           "causeway_failover_pauses_total 3\n",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, Not(HasSubstr("10.0.1.7"))) << "nothing is known of it";
  EXPECT_THAT(text, Not(HasSubstr("heard_seconds{gateway=\"prod\",sibling=\"r3\"")));
}

TEST(FailoverMetrics, EachFamilyIsDescribedOnceBeforeItsSamples) {
  std::istringstream lines(to_metrics(status()));
  std::set<std::string> described;
  std::string family;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(described.insert(family).second) << family;
    } else if (!line.starts_with("#")) {
      EXPECT_EQ(line.substr(0, line.find_first_of("{ ")), family);
    }
  }
}

}  // namespace
}  // namespace cw::failover
