// SPDX-License-Identifier: Apache-2.0
#include "router/plan/guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "router/plan/desired.h"
#include "tests/support/networks.h"

namespace cw::router {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

std::vector<Access> after(const Snapshot& snapshot) {
  const auto state = desired(snapshot);
  EXPECT_TRUE(state) << state.error().to_text();
  return let_in(*state);
}

Verdict judge(const Snapshot& before, const Snapshot& candidate) {
  return judge_unattended(after(before), after(candidate));
}

TEST(Guard, HoldsBackAChangeThatLocksOutMoreThanATenth) {
  const auto verdict = judge(test::snapshot(1, 100), test::snapshot(1, 89));
  EXPECT_FALSE(verdict.take);
  EXPECT_EQ(verdict.removed, 11U);
  EXPECT_THAT(verdict.why, HasSubstr("11 of the 100 peers"));
  EXPECT_THAT(verdict.why, HasSubstr("causeway reload"));
}

TEST(Guard, TakesATenthExactly) {
  EXPECT_TRUE(judge(test::snapshot(1, 100), test::snapshot(1, 90)).take);
}

TEST(Guard, LetsASmallNetworkLoseTwoPeersAndNotThree) {
  EXPECT_TRUE(judge(test::snapshot(1, 4), test::snapshot(1, 2)).take);
  EXPECT_FALSE(judge(test::snapshot(1, 4), test::snapshot(1, 1)).take);
}

TEST(Guard, CountsDisablingAndNotEnabling) {
  auto candidate = test::snapshot(1, 10);
  for (std::size_t i = 0; i < 4; ++i) {
    candidate.netmap.peers[i].enabled = false;
  }
  EXPECT_FALSE(judge(test::snapshot(1, 10), candidate).take);
  EXPECT_TRUE(judge(candidate, test::snapshot(1, 10)).take);
}

TEST(Guard, CountsAnExpiryInThePast) {
  auto candidate = test::snapshot(1, 10);
  for (auto& peer : candidate.netmap.peers) {
    peer.expires = candidate.now;
  }
  EXPECT_EQ(judge(test::snapshot(1, 10), candidate).removed, 10U);
}

TEST(Guard, CountsAGatewayThatIsGone) {
  auto candidate = test::snapshot(2, 10);
  candidate.netmap.sites[0].gateways.pop_back();
  const auto verdict = judge(test::snapshot(2, 10), candidate);
  EXPECT_FALSE(verdict.take);
  EXPECT_EQ(verdict.removed, 5U);
}

TEST(Guard, CountsAGatewayThatThisRouterServesNoMore) {
  auto candidate = test::snapshot(2, 10);
  candidate.netmap.sites[0].gateways[1].routers = {"r2"};
  EXPECT_EQ(judge(test::snapshot(2, 10), candidate).removed, 5U);
}

TEST(Guard, CountsPeersThatMayUseTheSiteNoMore) {
  auto candidate = test::snapshot(1, 10);
  for (auto& peer : candidate.netmap.peers) {
    peer.sites.clear();
  }
  EXPECT_EQ(judge(test::snapshot(1, 10), candidate).removed, 10U);
}

TEST(Guard, CountsPeersThatABlockLeavesBehind) {
  auto candidate = test::snapshot(1, 10);
  candidate.netmap.sites[0].gateways[0].block =
      *net::Block::from(*net::Prefix::parse("100.100.128.0/17"));
  EXPECT_EQ(judge(test::snapshot(1, 10), candidate).removed, 10U);
}

TEST(Guard, CountsPeersThatMovedToAnotherGateway) {
  auto candidate = test::snapshot(2, 10);
  std::swap(candidate.netmap.sites[0].gateways[0].block,
            candidate.netmap.sites[0].gateways[1].block);
  EXPECT_EQ(judge(test::snapshot(2, 10), candidate).removed, 10U);
}

TEST(Guard, DoesNotCountNewNamesAndNewAddresses) {
  auto candidate = test::snapshot(1, 10);
  candidate.netmap.sites[0].gateways[0].name = "main";
  candidate.host.keys = {{"main", test::public_key(1)}};
  for (auto& peer : candidate.netmap.peers) {
    peer.name = "new-" + peer.name;
    peer.address = net::Ip::v4(peer.address.low32() + 100);
  }
  EXPECT_EQ(judge(test::snapshot(1, 10), candidate).removed, 0U);
}

TEST(Guard, CountsNewKeysForAll) {
  auto candidate = test::snapshot(1, 10);
  for (std::size_t i = 0; i < 10; ++i) {
    candidate.netmap.peers[i].public_key = test::public_key(static_cast<unsigned>(5000 + i));
  }
  EXPECT_EQ(judge(test::snapshot(1, 10), candidate).removed, 10U);
}

TEST(Guard, TakesTheFirstNetwork) {
  EXPECT_TRUE(judge_unattended({}, after(test::snapshot(1, 10))).take);
}

TEST(Guard, SeesWhomTheKernelLetsIn) {
  netlink::WgDevice device{.name = "cw-prod", .public_key = test::public_key(1)};
  for (unsigned i = 0; i < 10; ++i) {
    device.peers.push_back({.key = test::public_key(1000 + i)});
  }
  EXPECT_EQ(let_in(std::vector{device}), after(test::snapshot(1, 10)));
  device.public_key.reset();
  EXPECT_THAT(let_in(std::vector{device}), SizeIs(0));
}

}  // namespace
}  // namespace cw::router
