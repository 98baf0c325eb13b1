// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/router/agent/reconciler_on_a_model.h"

// Peers that move to a gateway that replaces theirs.
namespace cw::agent {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<std::string> routes_to(test::ModelKernel& kernel, const std::string& device) {
  std::vector<std::string> destinations;
  const auto routes = kernel.sinks().routes.routes();
  for (const auto& route : routes.value()) {
    if (route.device == device) {
      destinations.push_back(route.destination.to_text());
    }
  }
  return destinations;
}

TEST_F(Reconcile, APeerThatMovesToAReplacementIsFollowedInTheSameRoundAndBack) {
  auto replacing = test::snapshot(1, 2);
  test::replace_first_gateway(replacing);
  reconciler_.set_host(replacing.host);
  ASSERT_TRUE(reconciler_.take(replacing.netmap, snapshot_.now));
  EXPECT_TRUE(run(Depth::Full).settled);
  EXPECT_TRUE(reconciler_.is_replacing());
  EXPECT_THAT(routes_to(kernel_, "cw-prod-2"), IsEmpty());

  kernel_.wireguard("cw-prod").peers[0].last_handshake = snapshot_.now;
  EXPECT_TRUE(run().done.empty());
  kernel_.wireguard("cw-prod-2").peers[0].last_handshake = snapshot_.now + std::chrono::seconds(1);
  EXPECT_TRUE(run().settled);
  EXPECT_THAT(routes_to(kernel_, "cw-prod-2"), SizeIs(3));
  EXPECT_TRUE(run().done.empty());

  kernel_.wireguard("cw-prod").peers[0].last_handshake = snapshot_.now + std::chrono::seconds(2);
  EXPECT_TRUE(run().settled);
  EXPECT_THAT(routes_to(kernel_, "cw-prod-2"), IsEmpty());
}

TEST_F(Reconcile, ARestartDuringARotationWritesNothing) {
  auto replacing = test::snapshot(1, 2);
  test::replace_first_gateway(replacing);
  reconciler_.set_host(replacing.host);
  ASSERT_TRUE(reconciler_.take(replacing.netmap, snapshot_.now));
  EXPECT_TRUE(run(Depth::Full).settled);
  kernel_.wireguard("cw-prod-2").peers[0].last_handshake = snapshot_.now;
  EXPECT_TRUE(run().settled);

  Reconciler next(kernel_.sinks(), keys_, folder_);
  next.set_host(replacing.host);
  ASSERT_TRUE(next.take(replacing.netmap, snapshot_.now));
  const auto writes = kernel_.writes;
  EXPECT_TRUE(next.run(Depth::Full, snapshot_.now).settled);
  EXPECT_EQ(kernel_.writes, writes);
}

}  // namespace
}  // namespace cw::agent
