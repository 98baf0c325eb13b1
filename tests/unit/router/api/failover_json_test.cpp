// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "router/api/assignment.h"
#include "router/api/failover_status.h"

namespace cw::api {
namespace {

Assignment assignment() {
  return {.router = "r1",
          .network = "fd5e-3a1c-9b04",
          .site = 3,
          .serial = 18446744073709551615U,
          .netmap = "/var/lib/causeway/netmap.signed",
          .offered = 6,
          .looked = 7,
          .revoked = "/var/lib/causeway/revoked.signed",
          .revocations = 8,
          .health = {*net::SocketAddress::parse("10.0.1.5:5432"),
                     *net::SocketAddress::parse("[2001:db8::5]:443")},
          .routers = {{.name = "r1", .address = *net::Ip::parse("10.0.0.10")},
                      {.name = "r2", .address = {}}},
          .gateways = {
              {.name = "prod",
               .device = "cw-prod",
               .public_key = *net::PublicKey::parse("aPxGwq8zERHQ3Q1cOZFdJ+cvJX5Ka4mLN38AyYKYF10="),
               .listen_port = 51820,
               .blocks = {*net::Prefix::parse("100.83.0.0/16"),
                          *net::Prefix::parse("fd5e:3a1c:9b04::6453:0/112")},
               .egress = {*net::Ip::parse("10.0.0.30")},
               .replicated = {*net::Prefix::parse("100.83.0.0/16")},
               .routers = {"r1", "r2"}}}};
}

TEST(AssignmentJson, ComesBackAsItWas) {
  const auto read = assignment_from_json(to_json(assignment()));
  ASSERT_TRUE(read) << read.error().to_text();
  EXPECT_EQ(*read, assignment());
}

TEST(AssignmentJson, OfAnOlderAgentHasNoTargets) {
  auto older = assignment();
  older.health.clear();
  auto text = to_json(older);
  const std::string_view none = "\"health\":[],";
  ASSERT_NE(text.find(none), std::string::npos);
  text.erase(text.find(none), none.size());
  const auto read = assignment_from_json(text);
  ASSERT_TRUE(read) << read.error().to_text();
  EXPECT_EQ(*read, older);
}

TEST(AssignmentJson, RefusesWhatIsNoAddress) {
  auto text = to_json(assignment());
  text.replace(text.find("10.0.0.30"), 9, "10.0.0.x0");
  EXPECT_FALSE(assignment_from_json(text));
  EXPECT_FALSE(assignment_from_json("{}"));
  EXPECT_FALSE(assignment_from_json("no JSON"));
}

TEST(FailoverJson, ComesBackAsItWas) {
  const WallTime noon{std::chrono::hours(12)};
  const FailoverStatus status{
      .version = "0.1.0",
      .router = "r1",
      .pid = 42,
      .started = noon,
      .now = noon + std::chrono::seconds(1),
      .draining = true,
      .synchronised = false,
      .serial = 3,
      .newest_serial = 4,
      .coming = ComingNetmap{.from = "r2", .serial = 4, .arrived = 1024, .size = 3000},
      .pauses = 2,
      .refused_datagrams = 7,
      .problems = {{.severity = Severity::Error, .text = "t", .hint = "h"}},
      .targets = {{.target = "10.0.1.5:5432",
                   .tried = true,
                   .reached = false,
                   .trouble = "refused",
                   .for_ms = 2000},
                  {.target = "10.0.1.6:443"}},
      .gateways = {
          {.name = "prod",
           .role = "active",
           .why = "address arrived",
           .since = noon,
           .fitness = "fit",
           .epoch = "7+",
           .owner = "r1",
           .successor = "r2",
           .gate_open = true,
           .address = "here",
           .peers_known = 9,
           .replicated_ms = 100,
           .connections = 3,
           .connections_complete = true,
           .siblings = {{.router = "r2",
                         .heard = true,
                         .heard_ms = 5,
                         .role = "standby",
                         .fitness = "fit",
                         .epoch = "7",
                         .serial = 3,
                         .ahead_ms = -2,
                         .out_of_reach = {"10.0.1.5:5432"}},
                        {.router = "r3"}},
           .takeovers =
               {{.when = noon, .owner = "r1", .epoch = "7", .why = "owner silent", .took_ms = 55}},
           .changes = {{"owner silent", 2}}}}};
  const auto read = failover_status_from_json(to_json(status));
  ASSERT_TRUE(read) << read.error().to_text();
  EXPECT_EQ(*read, status);
}

TEST(FailoverJson, AWishComesBackAsItWas) {
  const Move wish{.gateway = "prod", .to = "r2"};
  EXPECT_EQ(move_from_json(to_json(wish)), wish);
}

}  // namespace
}  // namespace cw::api
