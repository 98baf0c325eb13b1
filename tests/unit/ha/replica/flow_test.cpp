// SPDX-License-Identifier: Apache-2.0
#include "ha/replica/flow.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>

#include <gtest/gtest.h>

#include "tests/unit/ha/replica/random_connection.h"

namespace cw::ha::replica {
namespace {

constexpr std::uint16_t kTcp = 1;
constexpr std::uint16_t kUdp = 4;

TEST(Flow, TcpIsKeptWhileDataMayFlow) {
  for (const auto& [state, kept] : {std::pair{TCP_CONNTRACK_SYN_SENT, false},
                                    {TCP_CONNTRACK_SYN_RECV, false},
                                    {TCP_CONNTRACK_ESTABLISHED, true},
                                    {TCP_CONNTRACK_FIN_WAIT, true},
                                    {TCP_CONNTRACK_CLOSE_WAIT, true},
                                    {TCP_CONNTRACK_LAST_ACK, false},
                                    {TCP_CONNTRACK_TIME_WAIT, false},
                                    {TCP_CONNTRACK_CLOSE, false}}) {
    auto connection = told(kTcp);
    connection.tcp_state = state;
    EXPECT_EQ(worth_keeping(connection, nullptr).has_value(), kept) << state;
  }
}

TEST(Flow, WhatNobodyAnsweredIsNotKept) {
  for (const auto number : {kTcp, kUdp}) {
    auto connection = told(number);
    connection.status = IPS_CONFIRMED;
    EXPECT_FALSE(worth_keeping(connection, nullptr));
    connection.status = IPS_CONFIRMED | IPS_SEEN_REPLY;
    EXPECT_EQ(worth_keeping(connection, nullptr).has_value(), number == kUdp);
    connection.status |= IPS_ASSURED | IPS_DYING;
    EXPECT_FALSE(worth_keeping(connection, nullptr));
  }
}

TEST(Flow, AStreamThatAHelperLengthenedIsNotKept) {
  auto connection = told(kTcp);
  connection.status |= IPS_SEQ_ADJUST;
  EXPECT_FALSE(worth_keeping(connection, nullptr));
}

TEST(Flow, InAFlowtableItIsWhatItWas) {
  const auto known = worth_keeping(told(kTcp, 16), nullptr);
  ASSERT_TRUE(known);
  auto connection = told(kTcp, 16);
  connection.status |= IPS_OFFLOAD;
  connection.tcp_state.reset();
  connection.timeout.reset();
  connection.original_end = {};
  connection.reply_end = {};
  EXPECT_EQ(worth_keeping(connection, &*known), known);
  const auto unknown = worth_keeping(connection, nullptr);
  ASSERT_TRUE(unknown);
  EXPECT_EQ(unknown->tcp_state, TCP_CONNTRACK_ESTABLISHED);
  EXPECT_EQ(unknown->timeout, 86'400U);
}

TEST(Flow, WhatMeansNothingElsewhereMakesNoDifference) {
  auto connection = told(kTcp);
  const auto kept = worth_keeping(connection, nullptr);
  connection.status |= IPS_SRC_NAT_DONE;
  connection.original_end.flags ^= IP_CT_TCP_FLAG_MAXACK_SET;
  EXPECT_EQ(worth_keeping(connection, nullptr), kept);
}

TEST(Flow, ADigestIsOfAllButTheTime) {
  auto connection = *worth_keeping(told(kTcp, 1), nullptr);
  const auto digest = digest_of(connection);
  connection.timeout = 7;
  EXPECT_EQ(digest_of(connection), digest);
  ++connection.mark;
  EXPECT_NE(digest_of(connection), digest);
}

TEST(Flow, ATimeIsToldAgainWhenItHasChangedByHalf) {
  const auto a = *worth_keeping(told(kTcp), nullptr);
  auto b = a;
  b.timeout = *a.timeout / 2;
  EXPECT_TRUE(same_for_a_sibling(a, b));
  b.timeout = *a.timeout / 2 - 1;
  EXPECT_FALSE(same_for_a_sibling(a, b));
  EXPECT_FALSE(same_for_a_sibling(b, a));
}

}  // namespace
}  // namespace cw::ha::replica
