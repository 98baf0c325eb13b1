// SPDX-License-Identifier: Apache-2.0
#include "router/failover/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::failover {
namespace {

constexpr SteadyTime kStart{std::chrono::hours(1)};
constexpr WallTime kNoon{std::chrono::hours(12)};

TEST(FailoverReport, SaysWhoOwnsWhatAndWhoIsHeard) {
  auto state = ha::start(
      {.router = "r1", .gateways = {{.name = "prod", .routers = {"r1", "r2", "r3"}}}, .timers = {}},
      {"prod"}, kStart);
  auto& gateway = state.gateways[0];
  gateway.role = ha::Role::Active;
  gateway.why = ha::Why::Arrived;
  gateway.seen = {.term = 3};
  gateway.place = ha::Place::Here;
  gateway.record.record = ha::Record{.term = 3, .owner = "r1", .successor = "r2"};
  gateway.siblings[0].known = true;
  gateway.siblings[0].beat.role = ha::Role::Standby;
  gateway.siblings[0].ahead = ha::Duration(-4);
  const auto status = report(state, Books(1), {}, kStart + std::chrono::milliseconds(60), kNoon);
  ASSERT_EQ(status.gateways.size(), 1U);
  const auto& shared = status.gateways[0];
  EXPECT_EQ(shared.role, "active");
  EXPECT_EQ(shared.owner, "r1");
  EXPECT_EQ(shared.successor, "r2");
  EXPECT_EQ(shared.epoch, "3");
  EXPECT_EQ(shared.address, "here");
  EXPECT_TRUE(shared.gate_open);
  ASSERT_EQ(shared.siblings.size(), 2U);
  EXPECT_TRUE(shared.siblings[0].heard);
  EXPECT_EQ(shared.siblings[0].heard_ms, 60);
  EXPECT_EQ(shared.siblings[0].ahead_ms, -4);
  EXPECT_FALSE(shared.siblings[1].heard);
  EXPECT_EQ(shared.siblings[1].heard_ms, std::nullopt);
}

TEST(FailoverReport, SaysWhoseNetmapIsBehind) {
  auto state = ha::start(
      {.router = "r1", .gateways = {{.name = "prod", .routers = {"r1", "r2", "r3"}}}, .timers = {}},
      {}, kStart);
  state.serial = 5;
  auto& siblings = state.gateways[0].siblings;
  siblings[0].known = siblings[1].known = true;
  siblings[0].beat.serial = 6;
  siblings[1].beat.serial = 5;
  const auto status = report(state, Books(1), {}, kStart, kNoon);
  EXPECT_EQ(status.serial, 5U);
  EXPECT_EQ(status.newest_serial, 6U);
  EXPECT_FALSE(status.gateways[0].siblings[0].behind);
  EXPECT_TRUE(status.gateways[0].siblings[1].behind);
}

}  // namespace
}  // namespace cw::failover
