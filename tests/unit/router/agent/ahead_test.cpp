// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>

#include <netinet/in.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "router/agent/reconcile.h"
#include "tests/support/model_kernel.h"
#include "tests/support/networks.h"
#include "tests/unit/router/agent/reconciler_on_a_model.h"

// What a newer network changes is written before the peers are read; the round then reads them all
// the same (ADR 0025).
namespace cw::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class Ahead : public Reconcile {
 protected:
  Ahead() {
    take(4);
    EXPECT_TRUE(run(Depth::Full).settled);
    kernel_.device_reads = 0;
    kernel_.before_write = [this](const std::string&) -> Result<> {
      reads_at_first_write_ = reads_at_first_write_.value_or(kernel_.device_reads);
      return {};
    };
  }

  std::vector<netlink::WgPeer>& peers() { return kernel_.wireguard("cw-prod").peers; }

  std::optional<int> reads_at_first_write_;
};

TEST_F(Ahead, APeerMoreIsWrittenBeforeThePeersAreRead) {
  take(5);
  const auto round = run();
  EXPECT_TRUE(round.settled);
  EXPECT_THAT(round.done, Not(IsEmpty()));
  EXPECT_EQ(reads_at_first_write_, 0);
  EXPECT_THAT(peers(), SizeIs(5));
}

TEST_F(Ahead, TheRoundReadsThePeersAllTheSame) {
  take(5);
  const auto round = run();
  EXPECT_EQ(kernel_.device_reads, 1);
  EXPECT_THAT(round.devices.items, SizeIs(1));
}

TEST_F(Ahead, APeerThatSomebodyRemovedComesBackInTheSameRound) {
  peers().pop_back();
  take(5);
  EXPECT_TRUE(run().settled);
  EXPECT_THAT(peers(), SizeIs(5));
}

TEST_F(Ahead, APeerThatSomebodyAddedGoesInTheSameRound) {
  peers().push_back({.key = test::public_key(9999)});
  std::ranges::sort(peers(), {}, &netlink::WgPeer::key);
  take(5);
  EXPECT_TRUE(run().settled);
  EXPECT_THAT(peers(), SizeIs(5));
}

TEST_F(Ahead, ConnectionsOfAPeerThatGoesEndBeforeThePeersAreRead) {
  kernel_.flows = {{.from = snapshot_.netmap.peers[3].address,
                    .to = *net::Ip::parse("10.0.1.5"),
                    .protocol = IPPROTO_TCP,
                    .port = 5432}};
  std::optional<int> reads_at_end;
  kernel_.before_write = [&](const std::string& what) -> Result<> {
    if (what == "forget connections") {
      reads_at_end = kernel_.device_reads;
    }
    return {};
  };
  take(3);
  EXPECT_TRUE(run().settled);
  EXPECT_EQ(reads_at_end, 0);
  EXPECT_THAT(kernel_.flows, IsEmpty());
}

TEST_F(Ahead, AfterAFlushThePeersAreReadFirst) {
  kernel_.nft.flush();
  take(5);
  const auto round = run();
  EXPECT_TRUE(round.settled);
  EXPECT_THAT(round.done, ::testing::Contains(HasSubstr("firewall table")));
  EXPECT_EQ(reads_at_first_write_, 1);
}

TEST_F(Ahead, AfterARoundThatDidNotSettleThePeersAreReadFirst) {
  kernel_.interrupt_dumps = true;
  EXPECT_FALSE(run().settled);
  kernel_.interrupt_dumps = false;
  kernel_.device_reads = 0;
  reads_at_first_write_.reset();
  take(5);
  EXPECT_TRUE(run().settled);
  EXPECT_EQ(reads_at_first_write_, 1);
}

TEST_F(Ahead, WhatIsTakenTwiceBeforeARoundIsWhatThePeersBecome) {
  take(5);
  take(3);
  EXPECT_TRUE(run().settled);
  EXPECT_THAT(peers(), SizeIs(3));
}

TEST_F(Ahead, ADeletedDeviceComesBackWithTheEndpointsThatWereSeen) {
  connect(1);
  ASSERT_TRUE(kernel_.remove_link("cw-prod"));
  take(5);
  EXPECT_TRUE(run().settled);
  EXPECT_EQ(kernel_.handshakes_started.count(test::public_key(1001)), 1U);
}

}  // namespace
}  // namespace cw::agent
