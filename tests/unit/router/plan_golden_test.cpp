// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "router/plan/desired.h"
#include "router/plan/overlap.h"
#include "router/plan/plan.h"
#include "tests/support/model_kernel.h"
#include "tests/support/networks.h"

// Whole plans as people read them. UPDATE_GOLDEN=1 rewrites the files and skips.
namespace cw::router {
namespace {

void compare(const std::string& name, const Plan& plan) {
  const std::string path = CW_SOURCE_DIR "/tests/unit/router/golden/" + name + ".plan";
  std::string text;
  for (const auto& line : to_lines(plan)) {
    text += line + "\n";
  }
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << text;
    GTEST_SKIP() << "wrote " << path;
  }
  const std::ifstream file(path);
  std::stringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(text, golden.str());
}

Plan plan_against(test::ModelKernel& kernel, const DesiredState& wanted) {
  auto sinks = kernel.sinks();
  return plan(wanted, read_kernel(sinks, wanted, firewall::Depth::Full).state);
}

void converge(test::ModelKernel& kernel, const DesiredState& wanted) {
  auto sinks = kernel.sinks();
  ASSERT_TRUE(apply(plan_against(kernel, wanted), sinks, test::key_ring()).ok());
}

TEST(GoldenPlan, FirstStartWithOneGateway) {
  test::ModelKernel kernel;
  compare("first_start", plan_against(kernel, *desired(test::snapshot(1, 2))));
}

TEST(GoldenPlan, FirstStartWithTwoGateways) {
  test::ModelKernel kernel;
  compare("two_gateways", plan_against(kernel, *desired(test::snapshot(2, 2))));
}

TEST(GoldenPlan, DeletedDeviceComesBackWithItsPeersEndpoints) {
  auto snapshot = test::snapshot(1, 2);
  test::ModelKernel kernel;
  converge(kernel, *desired(snapshot));
  ASSERT_TRUE(kernel.remove_link("cw-prod"));
  snapshot.last_seen[snapshot.netmap.peers[0].public_key] = {
      {*net::Ip::parse("203.0.113.2"), 40000}, snapshot.now, "cw-prod"};
  compare("deleted_device", plan_against(kernel, *desired(snapshot)));
}

TEST(GoldenPlan, OnePeerMore) {
  test::ModelKernel kernel;
  converge(kernel, *desired(test::snapshot(1, 2)));
  compare("one_peer_more", plan_against(kernel, *desired(test::snapshot(1, 3))));
}

// A cloud's pods, say, that have half of the pool already.
Snapshot on_a_host_with_pods() {
  auto snapshot = test::snapshot(2, 4);
  snapshot.overlaps = overlaps(
      gateway_prefixes(snapshot.netmap, snapshot.host),
      {{.prefix = *net::Prefix::parse("100.100.192.0/18"), .device = "eni1", .route = true}}, {});
  return snapshot;
}

TEST(GoldenPlan, TheGatewayThatTheHostLeavesRoomForComesUpAlone) {
  test::ModelKernel kernel;
  compare("overlap", plan_against(kernel, *desired(on_a_host_with_pods())));
}

TEST(GoldenPlan, WhatIsLeftOutIsRemoved) {
  test::ModelKernel kernel;
  converge(kernel, *desired(test::snapshot(2, 4)));
  compare("overlap_later", plan_against(kernel, *desired(on_a_host_with_pods())));
}

TEST(GoldenPlan, Down) {
  test::ModelKernel kernel;
  converge(kernel, *desired(test::snapshot(1, 2)));
  compare("down", plan_against(kernel, DesiredState{}));
}

}  // namespace
}  // namespace cw::router
