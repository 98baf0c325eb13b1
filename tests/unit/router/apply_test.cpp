// SPDX-License-Identifier: Apache-2.0
#include "router/apply/apply.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "router/plan/desired.h"
#include "router/plan/plan.h"
#include "tests/support/model_kernel.h"
#include "tests/support/networks.h"

namespace cw::router {
namespace {

using firewall::Depth;

Report converge(test::ModelKernel& kernel, const DesiredState& wanted) {
  auto sinks = kernel.sinks();
  return apply(plan(wanted, read_kernel(sinks, wanted, Depth::Full).state), sinks,
               test::key_ring());
}

TEST(Apply, TurnsNoForwardingOnWithoutAFirewall) {
  test::ModelKernel kernel;
  kernel.nft.refuse = true;
  const auto report = converge(kernel, *desired(test::snapshot(1, 2)));
  EXPECT_FALSE(report.ok());
  EXPECT_EQ(kernel.sysctls["net/ipv4/ip_forward"], "0");
  EXPECT_TRUE(kernel.routes()->empty());
  EXPECT_FALSE(kernel.links()->front().up);  // cw-prod sorts before eth0
}

Result<> fail_at(const std::string& what, const std::string& bad) {
  return what == bad ? Result<>(Error::from_errno(EBUSY, bad)) : Result<>{};
}

TEST(Apply, OpensNoDeviceWithoutTheRuleThatClosesIt) {
  test::ModelKernel kernel;
  kernel.before_write = [](const std::string& what) { return fail_at(what, "rule"); };
  EXPECT_FALSE(converge(kernel, *desired(test::snapshot(1, 2))).ok());
  EXPECT_FALSE(kernel.links()->front().up);
}

TEST(Apply, RemovesPeersFromADeviceThatCannotBeConfigured) {
  test::ModelKernel kernel;
  auto snapshot = test::snapshot(1, 2);
  ASSERT_TRUE(converge(kernel, *desired(snapshot)).ok());
  snapshot.netmap.sites[0].gateways[0].listen_port = 53;  // somebody else's
  snapshot.netmap.peers.pop_back();
  bool first = true;
  kernel.before_write = [&](const std::string& what) {
    return fail_at(what, std::exchange(first, false) ? "wireguard cw-prod" : "");
  };
  EXPECT_FALSE(converge(kernel, *desired(snapshot)).ok());
  EXPECT_EQ(kernel.device("cw-prod")->peers.size(), 1U);
}

TEST(Apply, KeepsRulesAndFirewallUntilTheDeviceIsGone) {
  test::ModelKernel kernel;
  ASSERT_TRUE(converge(kernel, *desired(test::snapshot(1, 2))).ok());
  kernel.before_write = [](const std::string& what) { return fail_at(what, "remove cw-prod"); };
  EXPECT_FALSE(converge(kernel, DesiredState{}).ok());
  EXPECT_FALSE(kernel.rules()->empty());
  EXPECT_TRUE(kernel.nft.read(Depth::Digest, {})->present);
}

TEST(Apply, LeavesOutWhatHangsOnADeviceThatCouldNotBeMade) {
  test::ModelKernel kernel;
  kernel.before_write = [](const std::string& what) -> Result<> {
    if (what == "create cw-prod") {
      return Error::make(ErrorKind::Unsupported, "this kernel has no WireGuard");
    }
    return {};
  };
  const auto wanted = *desired(test::snapshot(2, 2));
  const auto report = converge(kernel, wanted);
  const auto errors = std::ranges::count_if(
      report.outcomes, [](const Outcome& outcome) { return outcome.error.has_value(); });
  EXPECT_EQ(errors, 1);
  EXPECT_TRUE(kernel.device("cw-spare")->public_key.has_value());
  kernel.before_write = nullptr;
  EXPECT_TRUE(converge(kernel, wanted).ok());
  EXPECT_TRUE(converge(kernel, wanted).outcomes.empty());
}

TEST(Apply, ServesNativelyWhereTheKernelTakesNoTranslator) {
  test::ModelKernel kernel;
  kernel.before_write = [](const std::string& what) { return fail_at(what, "4via6 cw-prod"); };
  const auto wanted = *desired(test::snapshot(1, 2));
  EXPECT_FALSE(converge(kernel, wanted).ok());
  EXPECT_TRUE(kernel.links()->front().up);
  EXPECT_EQ(kernel.sysctls["net/ipv4/ip_forward"], "1");
  kernel.before_write = nullptr;
  EXPECT_TRUE(converge(kernel, wanted).ok());
  EXPECT_TRUE(converge(kernel, wanted).outcomes.empty());
}

TEST(Apply, TranslatesNothingBehindAFirewallThatIsNotThere) {
  test::ModelKernel kernel;
  kernel.nft.refuse = true;
  EXPECT_FALSE(converge(kernel, *desired(test::snapshot(1, 2))).ok());
  EXPECT_TRUE(kernel.attached("cw-prod")->from_tunnel.empty());
}

TEST(Apply, TakesTheTranslatorAlongWithItsDevice) {
  test::ModelKernel kernel;
  ASSERT_TRUE(converge(kernel, *desired(test::snapshot(1, 2))).ok());
  ASSERT_EQ(kernel.translated.size(), 1U);
  EXPECT_TRUE(converge(kernel, DesiredState{}).ok());
  EXPECT_TRUE(kernel.translated.empty());
}

TEST(Apply, WritesNothingToAKernelThatHasItAll) {
  test::ModelKernel kernel;
  const auto wanted = *desired(test::snapshot(2, 6));
  ASSERT_TRUE(converge(kernel, wanted).ok());
  const int writes = kernel.writes;
  const int commits = kernel.nft.commits;
  ASSERT_TRUE(converge(kernel, wanted).ok());
  EXPECT_EQ(kernel.writes, writes);
  EXPECT_EQ(kernel.nft.commits, commits);
}

TEST(Apply, StartsHandshakesAndLeavesNoKeepaliveBehind) {
  auto snapshot = test::snapshot(1, 2);
  const auto key = snapshot.netmap.peers[0].public_key;
  snapshot.last_seen[key] = {{*net::Ip::parse("203.0.113.2"), 40000}, snapshot.now, "cw-prod"};
  test::ModelKernel kernel;
  ASSERT_TRUE(converge(kernel, *desired(snapshot)).ok());
  EXPECT_EQ(kernel.handshakes_started[key], 1);
  EXPECT_EQ(kernel.handshakes_started.size(), 1U);
  const auto device = *kernel.device("cw-prod");
  for (const auto& peer : device.peers) {
    EXPECT_EQ(peer.keepalive_seconds, 0);
  }
}

TEST(Apply, RefusesAKeyItDoesNotHold) {
  test::ModelKernel kernel;
  auto sinks = kernel.sinks();
  const Plan plan{{{ConfigureDevice{.device = "cw-prod", .key = test::public_key(5)}, "no key"}}};
  const auto report = apply(plan, sinks, test::key_ring());
  ASSERT_TRUE(report.outcomes[0].error);
  EXPECT_EQ(report.outcomes[0].error->kind, ErrorKind::Bug);
}

}  // namespace
}  // namespace cw::router
