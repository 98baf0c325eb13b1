// SPDX-License-Identifier: Apache-2.0
#include "router/agent/reconcile.h"

#include <netinet/in.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "firewall/ruleset/tally.h"
#include "tests/support/full_disk.h"
#include "tests/support/model_kernel.h"
#include "tests/support/networks.h"
#include "tests/unit/router/agent/reconciler_on_a_model.h"

namespace cw::agent {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(Reconcile, WithoutANetworkTouchesNothing) {
  EXPECT_FALSE(run().settled);
  EXPECT_EQ(kernel_.writes, 0);
}

TEST_F(Reconcile, MakesTheKernelWhatTheNetworkSaysInOneRound) {
  take(4);
  const auto round = run(Depth::Full);
  EXPECT_TRUE(round.settled);
  EXPECT_THAT(round.done, Not(IsEmpty()));
  EXPECT_THAT(kernel_.wireguard("cw-prod").peers, SizeIs(4));
}

// Two rules that allow the same, of which the first counts.
network::Netmap with_policy(network::Netmap netmap) {
  const policy::Rule rule{
      .name = "one",
      .from = {policy::Selector{}},
      .to = {{.kind = policy::SelectorKind::Site, .name = "prod", .prefix = {}}},
      .services = {policy::Service{}},
      .expires = std::nullopt};
  netmap.policy.emplace().rules = {rule, rule};
  netmap.policy->rules[1].name = "two";
  return netmap;
}

TEST_F(Reconcile, ReadsCountersWhenAskedForAndInNoRound) {
  ASSERT_TRUE(reconciler_.take(with_policy(test::snapshot(1, 4).netmap), snapshot_.now));
  EXPECT_TRUE(run(Depth::Full).settled);
  EXPECT_TRUE(run(Depth::Full).done.empty());
  EXPECT_EQ(kernel_.nft.counter_reads, 0);
  const auto one = firewall::counter_name("one", firewall::Counts::All);
  kernel_.nft.count(one, 3);
  const auto counters = reconciler_.counters();
  ASSERT_TRUE(counters);
  EXPECT_THAT(*counters, Contains(firewall::Counter{.name = one, .packets = 3, .bytes = 180}));
}

TEST_F(Reconcile, RulesThatChangePlacesKeepWhatTheyHaveCounted) {
  auto netmap = with_policy(test::snapshot(1, 4).netmap);
  ASSERT_TRUE(reconciler_.take(netmap, snapshot_.now));
  EXPECT_TRUE(run(Depth::Full).settled);
  const auto one = firewall::counter_name("one", firewall::Counts::All);
  kernel_.nft.count(one, 3);
  std::swap(netmap.policy->rules[0], netmap.policy->rules[1]);
  ASSERT_TRUE(reconciler_.take(netmap, snapshot_.now));
  const auto round = run();
  EXPECT_TRUE(round.settled);
  EXPECT_THAT(round.done, Each(HasSubstr("other rules")));
  EXPECT_THAT(*reconciler_.counters(),
              Contains(firewall::Counter{.name = one, .packets = 3, .bytes = 180}));
}

TEST_F(Reconcile, ARuleMoreLeavesWhatTheOthersHaveCounted) {
  auto netmap = with_policy(test::snapshot(1, 4).netmap);
  ASSERT_TRUE(reconciler_.take(netmap, snapshot_.now));
  EXPECT_TRUE(run(Depth::Full).settled);
  const auto one = firewall::counter_name("one", firewall::Counts::All);
  kernel_.nft.count(one, 3);
  auto more = netmap.policy->rules[0];
  more.name = "more";
  netmap.policy->rules.push_back(more);
  ASSERT_TRUE(reconciler_.take(netmap, snapshot_.now));
  const auto round = run();
  EXPECT_TRUE(round.settled);
  EXPECT_THAT(round.done, Not(Contains(HasSubstr("firewall table"))));
  EXPECT_THAT(*reconciler_.counters(),
              Contains(firewall::Counter{.name = one, .packets = 3, .bytes = 180}));
}

// An edit that nobody has told of yet.
TEST_F(Reconcile, BuildsATableThatSomebodyEditedAnewInsteadOfSealingTheEdit) {
  auto netmap = with_policy(test::snapshot(1, 4).netmap);
  ASSERT_TRUE(reconciler_.take(netmap, snapshot_.now));
  EXPECT_TRUE(run(Depth::Full).settled);
  kernel_.nft.edit_structure();
  netmap.policy->rules.pop_back();
  ASSERT_TRUE(reconciler_.take(netmap, snapshot_.now));
  EXPECT_FALSE(run().settled);
  const auto round = run();
  EXPECT_TRUE(round.settled);
  EXPECT_THAT(round.done, Contains(HasSubstr("firewall table")));
}

TEST_F(Reconcile, WritesNothingTheSecondTime) {
  take(4);
  (void)run(Depth::Full);
  const int writes = kernel_.writes;
  const int commits = kernel_.nft.commits;
  EXPECT_TRUE(run().settled);
  EXPECT_EQ(kernel_.writes, writes);
  EXPECT_EQ(kernel_.nft.commits, commits);
}

TEST_F(Reconcile, AnotherAgentOnTheSameNetworkWritesNothing) {
  take(4);
  (void)run(Depth::Full);
  const int writes = kernel_.writes;
  const int commits = kernel_.nft.commits;
  Reconciler other(kernel_.sinks(), keys_, folder_);
  other.set_host(snapshot_.host);
  ASSERT_TRUE(other.take(test::snapshot(1, 4).netmap, snapshot_.now));
  EXPECT_TRUE(other.run(Depth::Full, snapshot_.now).settled);
  EXPECT_EQ(kernel_.writes, writes);
  EXPECT_EQ(kernel_.nft.commits, commits);
}

TEST_F(Reconcile, OnePeerMoreChangesElementsAndListsNoSet) {
  take(4);
  (void)run(Depth::Full);
  take(5);
  const auto round = run(Depth::Digest);
  EXPECT_TRUE(round.settled);
  for (const auto& line : round.done) {
    EXPECT_THAT(line, Not(HasSubstr("firewall table")));
  }
}

TEST_F(Reconcile, ForgetsTheConnectionsOfAPeerThatGoesAndNoOther) {
  take(4);
  (void)run(Depth::Full);
  const auto to_database = [&](std::size_t peer) {
    return netlink::Flow{.from = snapshot_.netmap.peers[peer].address,
                         .to = *net::Ip::parse("10.0.1.5"),
                         .protocol = IPPROTO_TCP,
                         .port = 5432};
  };
  const netlink::Flow not_ours{.from = *net::Ip::parse("192.0.2.1"),
                               .to = *net::Ip::parse("10.0.1.5"),
                               .protocol = IPPROTO_TCP,
                               .port = 5432};
  kernel_.flows = {to_database(0), to_database(3), not_ours};
  take(3);
  const auto round = run();
  EXPECT_TRUE(round.settled);
  EXPECT_THAT(kernel_.flows, ElementsAre(to_database(0), not_ours));
  EXPECT_THAT(round.done, Contains("- 1 tracked connection (no longer allowed)"));
}

TEST_F(Reconcile, LooksAtWhatThePeerHadThatGoesAndAtNothingElse) {
  take(4);
  (void)run(Depth::Full);
  const auto gone = snapshot_.netmap.peers[3].address;
  kernel_.looked_among.clear();
  take(3);
  EXPECT_TRUE(run().settled);
  ASSERT_THAT(kernel_.looked_among, SizeIs(3));
  EXPECT_EQ(kernel_.looked_among[0].from, gone);
  kernel_.looked_among.clear();
  take(4);
  EXPECT_TRUE(run().settled);
  EXPECT_THAT(kernel_.looked_among, IsEmpty());
}

// Each container's interface is one.
TEST_F(Reconcile, LooksAtNoConnectionWhereOnlyTheHostChanged) {
  take(4);
  (void)run(Depth::Full);
  kernel_.looked_among.clear();
  auto host = snapshot_.host;
  host.ra_devices.emplace_back("veth1");
  kernel_.sysctls["net/ipv6/conf/veth1/accept_ra"] = "1";
  reconciler_.set_host(host);
  EXPECT_TRUE(run().settled);
  EXPECT_THAT(kernel_.looked_among, IsEmpty());
}

TEST_F(Reconcile, LooksAtAllConnectionsAfterSomebodyElseChangedTheTable) {
  take(4);
  (void)run(Depth::Full);
  kernel_.looked_among.clear();
  kernel_.nft.edit_structure();
  EXPECT_TRUE(run(Depth::Full).settled);
  EXPECT_THAT(kernel_.looked_among, ElementsAre(netlink::FlowMatch{}));
}

TEST_F(Reconcile, ForgetsAtItsStartWhatAnAgentBeforeItCouldNot) {
  kernel_.flows = {{.from = *net::Ip::parse("100.100.77.7"), .to = *net::Ip::parse("10.0.1.5")}};
  take(4);
  EXPECT_TRUE(run(Depth::Full).settled);
  EXPECT_THAT(kernel_.flows, IsEmpty());
}

TEST_F(Reconcile, ForgetsNothingWhileTheRulesetThatAllowedItIsInForce) {
  take(4);
  (void)run(Depth::Full);
  kernel_.flows = {{.from = snapshot_.netmap.peers[3].address, .to = *net::Ip::parse("10.0.1.5")}};
  take(3);
  kernel_.nft.refuse = true;
  EXPECT_FALSE(run().settled);
  EXPECT_THAT(kernel_.flows, SizeIs(1));
  kernel_.nft.refuse = false;
  EXPECT_TRUE(run(Depth::Full).settled);
  EXPECT_THAT(kernel_.flows, IsEmpty());
}

TEST_F(Reconcile, TriesAgainWhereTheKernelForgetsNothing) {
  take(4);
  (void)run(Depth::Full);
  kernel_.flows = {{.from = snapshot_.netmap.peers[3].address, .to = *net::Ip::parse("10.0.1.5")}};
  kernel_.before_write = [](const std::string& what) -> Result<> {
    return what.starts_with("forget") ? Error::invalid("no") : Result<>{};
  };
  take(3);
  EXPECT_FALSE(run().settled);
  kernel_.before_write = {};
  EXPECT_TRUE(run().settled);
  EXPECT_THAT(kernel_.flows, IsEmpty());
}

TEST_F(Reconcile, ANetworkItCannotServeChangesNothing) {
  take(4);
  (void)run(Depth::Full);
  auto foreign = test::snapshot(1, 4).netmap;
  foreign.sites[0].routers[0].name = "r2";
  foreign.sites[0].gateways[0].routers = {"r2"};
  const auto taken = reconciler_.take(std::move(foreign), snapshot_.now);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().kind, ErrorKind::Invalid);
  const int writes = kernel_.writes;
  EXPECT_TRUE(run().settled);
  EXPECT_EQ(kernel_.writes, writes);
}

TEST_F(Reconcile, AStepTheKernelRefusesIsNamedWithItsText) {
  kernel_.before_write = [](const std::string& what) -> Result<> {
    if (what == "create cw-prod") {
      return Error::make(ErrorKind::Unsupported, "this kernel has no WireGuard");
    }
    return {};
  };
  take(4);
  const auto round = run(Depth::Full);
  EXPECT_FALSE(round.settled);
  ASSERT_THAT(round.failed, SizeIs(1));
  EXPECT_THAT(round.failed[0].error.to_text(), HasSubstr("no WireGuard"));
  kernel_.before_write = nullptr;
  EXPECT_TRUE(run(Depth::Full).settled);
}

TEST_F(Reconcile, AnIncompleteDumpIsNotSettled) {
  take(4);
  (void)run(Depth::Full);
  kernel_.interrupt_dumps = true;
  const auto round = run();
  EXPECT_FALSE(round.settled);
  EXPECT_THAT(round.errors, Not(IsEmpty()));
}

TEST_F(Reconcile, ADeletedDeviceComesBackWithTheEndpointsThatWereSeen) {
  take(4);
  (void)run(Depth::Full);
  connect(1);
  ASSERT_TRUE(kernel_.remove_link("cw-prod"));
  EXPECT_TRUE(run().settled);
  EXPECT_EQ(kernel_.handshakes_started.count(test::public_key(1001)), 1U);
  for (const auto& peer : kernel_.wireguard("cw-prod").peers) {
    const bool seen = peer.key == test::public_key(1001);
    EXPECT_EQ(peer.endpoint, seen ? std::optional(kHome) : std::nullopt);
  }
}

TEST_F(Reconcile, AnEndpointWhoseSessionIsOverIsForgotten) {
  take(4);
  (void)run(Depth::Full);
  connect(1);
  reconciler_.remember_endpoints({}, snapshot_.now + std::chrono::minutes(3));
  ASSERT_TRUE(kernel_.remove_link("cw-prod"));
  EXPECT_TRUE(run().settled);
  EXPECT_THAT(kernel_.handshakes_started, IsEmpty());
}

TEST_F(Reconcile, APeerGoesWhenItsTimeIsUp) {
  auto netmap = test::snapshot(1, 4).netmap;
  netmap.peers[0].expires = snapshot_.now + std::chrono::hours(1);
  ASSERT_TRUE(reconciler_.take(std::move(netmap), snapshot_.now));
  (void)run(Depth::Full);
  EXPECT_EQ(reconciler_.next_change(), snapshot_.now + std::chrono::hours(1));
  EXPECT_THAT(kernel_.wireguard("cw-prod").peers, SizeIs(4));
  const auto round = reconciler_.run(Depth::Digest, snapshot_.now + std::chrono::hours(1));
  EXPECT_TRUE(round.settled);
  EXPECT_THAT(kernel_.wireguard("cw-prod").peers, SizeIs(3));
  EXPECT_EQ(reconciler_.next_change(), std::nullopt);
}

TEST_F(Reconcile, DownLeavesNothingAndRestoresTheSysctls) {
  const auto sysctls = kernel_.sysctls;
  take(4);
  (void)run(Depth::Full);
  ASSERT_NE(kernel_.sysctls, sysctls);
  reconciler_.go_down();
  EXPECT_TRUE(run().settled);
  EXPECT_EQ(kernel_.sysctls, sysctls);
  EXPECT_FALSE(kernel_.nft.read(Depth::Digest, {})->present);
  EXPECT_THAT(*kernel_.rules(), IsEmpty());
  EXPECT_THAT(*folder_.sysctls_before(), IsEmpty());
}

TEST_F(Reconcile, SysctlsOfBeforeSurviveTheAgent) {
  const auto sysctls = kernel_.sysctls;
  take(4);
  (void)run(Depth::Full);
  Reconciler other(kernel_.sinks(), keys_, folder_);
  other.set_host(snapshot_.host);
  ASSERT_TRUE(other.take(test::snapshot(1, 4).netmap, snapshot_.now));
  (void)other.run(Depth::Full, snapshot_.now);
  other.go_down();
  EXPECT_TRUE(other.run(Depth::Digest, snapshot_.now).settled);
  EXPECT_EQ(kernel_.sysctls, sysctls);
}

TEST_F(Reconcile, ChangesNoSysctlThatCannotBeRememberedAndAllElse) {
  const auto before = kernel_.sysctls;
  take(4);
  const auto round = [&] {
    const test::FullDisk full;
    return run(Depth::Full);
  }();
  EXPECT_FALSE(round.settled);
  ASSERT_THAT(round.errors, SizeIs(1));
  EXPECT_THAT(round.errors[0].to_text(), HasSubstr("remembering the sysctls"));
  EXPECT_EQ(kernel_.sysctls, before);
  EXPECT_EQ(kernel_.device("cw-prod")->peers.size(), 4U);
}

TEST_F(Reconcile, AfterDownTheSysctlsAreTheHostsOwn) {
  take(4);
  (void)run(Depth::Full);
  reconciler_.go_down();
  EXPECT_TRUE(run(Depth::Digest).settled);
  kernel_.sysctls["net/ipv4/ip_forward"] = "1";  // a container engine's wish
  EXPECT_TRUE(run(Depth::Digest).settled);
  EXPECT_EQ(kernel_.sysctls["net/ipv4/ip_forward"], "1");
}

TEST_F(Reconcile, DownRestoresNothingRatherThanForgetWhatItCannotRead) {
  take(4);
  (void)run(Depth::Full);
  std::ofstream(folder_.path() + "/sysctl.before") << "garbage";
  reconciler_.go_down();
  EXPECT_FALSE(run(Depth::Digest).settled);
  EXPECT_FALSE(run(Depth::Digest).settled);
  EXPECT_TRUE(std::filesystem::exists(folder_.path() + "/sysctl.before"));
}

TEST_F(Reconcile, ComesUpAgainAfterDown) {
  take(4);
  (void)run(Depth::Full);
  reconciler_.go_down();
  (void)run();
  take(4);
  EXPECT_TRUE(run().settled);
  EXPECT_THAT(kernel_.wireguard("cw-prod").peers, SizeIs(4));
}

TEST_F(Reconcile, APreviewWritesNothing) {
  take(4);
  (void)run(Depth::Full);
  const int writes = kernel_.writes;
  const auto nothing = reconciler_.preview(snapshot_.now);
  ASSERT_TRUE(nothing);
  EXPECT_TRUE(nothing->empty());
  const auto candidate = reconciler_.prepare(test::snapshot(1, 5).netmap, snapshot_.now);
  ASSERT_TRUE(candidate);
  EXPECT_THAT(router::to_lines(reconciler_.preview(*candidate)), Contains(HasSubstr("p0004")));
  EXPECT_EQ(kernel_.writes, writes);
}

TEST_F(Reconcile, AGatewayWhoseBlockTheHostUsesIsLeftOutUntilItDoesNot) {
  kernel_.host_prefixes = {
      {.prefix = *net::Prefix::parse("100.64.0.0/10"), .device = "eth0", .route = true}};
  take(4);
  EXPECT_TRUE(run(Depth::Full).settled);
  EXPECT_EQ(kernel_.links()->size(), 1U);  // eth0
  EXPECT_THAT(reconciler_.overlaps(), SizeIs(1));
  reconciler_.look_for_overlaps();
  EXPECT_TRUE(run().settled);
  EXPECT_EQ(kernel_.links()->size(), 1U);
  kernel_.host_prefixes.clear();
  reconciler_.look_for_overlaps();
  EXPECT_TRUE(run().settled);
  EXPECT_THAT(kernel_.wireguard("cw-prod").peers, SizeIs(4));
  EXPECT_THAT(reconciler_.overlaps(), IsEmpty());
}

TEST_F(Reconcile, NothingIsMadeWhereNobodyKnowsWhatTheHostUses) {
  kernel_.host_prefixes = {
      {.prefix = *net::Prefix::parse("100.64.0.0/10"), .device = "eth0", .route = true}};
  kernel_.interrupt_dumps = true;
  take(4);
  const auto round = run(Depth::Full);
  EXPECT_FALSE(round.settled);
  EXPECT_THAT(round.errors, SizeIs(1));
  EXPECT_EQ(kernel_.writes, 0);
  kernel_.interrupt_dumps = false;
  EXPECT_TRUE(run(Depth::Full).settled);
  EXPECT_THAT(reconciler_.overlaps(), SizeIs(1));
  EXPECT_EQ(kernel_.links()->size(), 1U);  // eth0
}

TEST_F(Reconcile, ARouteThatComesLaterTakesNoGatewayAway) {
  take(4);
  (void)run(Depth::Full);
  kernel_.host_prefixes = {
      {.prefix = *net::Prefix::parse("100.64.0.0/10"), .device = "eth0", .route = true}};
  // Not even while somebody has removed ours.
  ASSERT_TRUE(kernel_.remove_route(kernel_.routes()->front()));
  reconciler_.look_for_overlaps();
  EXPECT_TRUE(run().settled);
  EXPECT_THAT(kernel_.wireguard("cw-prod").peers, SizeIs(4));
  ASSERT_THAT(reconciler_.overlaps(), SizeIs(1));
  EXPECT_TRUE(reconciler_.overlaps()[0].in_force);

  Reconciler restarted(kernel_.sinks(), keys_, folder_);
  restarted.set_host(snapshot_.host);
  const int writes = kernel_.writes;
  ASSERT_TRUE(restarted.take(test::snapshot(1, 4).netmap, snapshot_.now));
  EXPECT_TRUE(restarted.run(Depth::Full, snapshot_.now).settled);
  EXPECT_EQ(kernel_.writes, writes);
}

}  // namespace
}  // namespace cw::agent
