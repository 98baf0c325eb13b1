// SPDX-License-Identifier: Apache-2.0
#include "cli/ha_view.h"

#include <gtest/gtest.h>

namespace cw::cli {
namespace {

TEST(HaView, SaysWhatIsWrongThenWhoOwnsWhat) {
  const WallTime noon{std::chrono::hours(12)};
  const api::FailoverStatus status{
      .version = "0.1.0",
      .router = "r1",
      .pid = 42,
      .started = noon,
      .now = noon + std::chrono::seconds(90),
      .problems = {{.severity = api::Severity::Error, .text = "the arbiter: no answer"}},
      .targets = {{.target = "10.0.1.5:5432",
                   .tried = true,
                   .reached = false,
                   .trouble = "Connection refused",
                   .for_ms = 7000},
                  {.target = "10.0.1.6:443", .tried = true, .for_ms = 60'000},
                  {.target = "10.0.1.7:443"}},
      .gateways = {{.name = "prod",
                    .role = "active",
                    .why = "address arrived",
                    .since = noon + std::chrono::seconds(30),
                    .fitness = "fit",
                    .epoch = "2",
                    .owner = "r1",
                    .successor = "r2",
                    .gate_open = true,
                    .address = "here",
                    .peers_known = 1,
                    .connections = 3,
                    .siblings = {{.router = "r2",
                                  .heard = true,
                                  .heard_ms = 40,
                                  .role = "standby",
                                  .fitness = "fit",
                                  .epoch = "2",
                                  .out_of_reach = {"10.0.1.5:5432", "10.0.1.6:443"}},
                                 {.router = "r3"}},
                    .takeovers = {{.when = noon + std::chrono::seconds(30),
                                   .owner = "r1",
                                   .epoch = "2",
                                   .why = "owner silent",
                                   .took_ms = 55}}}}};
  EXPECT_EQ(view(status, Colour::Off),
            "router r1: sharing 1 gateway\n"
            "failover 0.1.0, process 42, up 1 min\n"
            "\n"
            "error: the arbiter: no answer\n"
            "\n"
            "TARGET         FROM HERE                         FOR\n"
            "10.0.1.5:5432  out of reach: Connection refused  7 s\n"
            "10.0.1.6:443   reached                           1 min\n"
            "10.0.1.7:443   not tried yet                     -\n"
            "\n"
            "gateway prod: owner r1, active (address arrived), for 1 min\n"
            "gate open, address here, successor r2; 1 peer known, told never\n"
            "3 connections told to its siblings; reset at a takeover: its egress is masquerade\n"
            "\n"
            "ROUTER  ROLE     FITNESS  EPOCH  NETMAP  HEARD\n"
            "r1      active   fit          2       0  this router\n"
            "r2      standby  fit          2       0  40 ms ago\n"
            "r3      -        -            -       0  never\n"
            "router r2 does not reach 10.0.1.5:5432, 10.0.1.6:443\n"
            "\n"
            "OWNER  EPOCH  SINCE      WHY            TOOK\n"
            "r1         2  1 min ago  owner silent  55 ms\n");
}

TEST(HaView, SaysWhoIsBehind) {
  const api::FailoverStatus status{
      .version = "0.1.0",
      .router = "r1",
      .pid = 42,
      .serial = 5,
      .newest_serial = 6,
      .coming = api::ComingNetmap{.from = "r2", .serial = 6, .arrived = 1024, .size = 4096},
      .gateways = {{.name = "prod",
                    .siblings = {{.router = "r2", .heard = true, .serial = 6},
                                 {.router = "r3", .heard = true, .serial = 4, .behind = true}}}}};
  const auto text = view(status, Colour::Off);
  for (const auto* part :
       {"the netmap is behind: it has serial 5, and there is 6",
        "serial 6 is coming from router r2: 25 %\n", "5 (behind)  this router", "4 (behind)"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
  }
  EXPECT_EQ(text.find("6 (behind)"), std::string::npos);
}

}  // namespace
}  // namespace cw::cli
