// SPDX-License-Identifier: Apache-2.0
#include "firewall/codec/fingerprint.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::firewall {
namespace {

using netlink::Messages;
using netlink::MessageWriter;

MessageWriter started(int type, std::uint8_t family = NFPROTO_INET) {
  MessageWriter out(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type), 0);
  nfgenmsg header{};
  header.nfgen_family = family;
  out.header(header);
  return out;
}

void number(MessageWriter& out, std::uint16_t type, std::uint32_t value) {
  out.number(type, std::uint32_t{htonl(value)});
}

Fingerprint of(MessageWriter out) {
  const auto bytes = out.take();
  Fingerprint fingerprint;
  append(fingerprint, *Messages(bytes).next(), "causeway");
  return fingerprint;
}

MessageWriter chain(const char* table, std::uint32_t policy, std::uint32_t uses,
                    std::uint8_t family = NFPROTO_INET) {
  auto out = started(NFT_MSG_NEWCHAIN, family);
  out.text(NFTA_CHAIN_TABLE, table);
  out.text(NFTA_CHAIN_NAME, "forward");
  number(out, NFTA_CHAIN_POLICY, policy);
  number(out, NFTA_CHAIN_USE, uses);
  return out;
}

TEST(Fingerprint, IsOfOurTableOnly) {
  EXPECT_FALSE(of(chain("causeway", 1, 0)).bytes.empty());
  EXPECT_TRUE(of(chain("docker", 1, 0)).bytes.empty());
  EXPECT_TRUE(of(chain("causeway", 1, 0, NFPROTO_IPV4)).bytes.empty());
}

TEST(Fingerprint, AChangedPolicyShowsAndAUseCountDoesNot) {
  EXPECT_NE(of(chain("causeway", 1, 0)).bytes, of(chain("causeway", 0, 0)).bytes);
  EXPECT_EQ(of(chain("causeway", 1, 0)).bytes, of(chain("causeway", 1, 7)).bytes);
}

MessageWriter rule(const char* expression, std::uint32_t data, std::uint64_t handle = 5) {
  auto out = started(NFT_MSG_NEWRULE);
  out.text(NFTA_RULE_TABLE, "causeway");
  out.text(NFTA_RULE_CHAIN, "forward");
  out.number(NFTA_RULE_HANDLE, handle);
  const auto list = out.open(NFTA_RULE_EXPRESSIONS);
  const auto element = out.open(NFTA_LIST_ELEM);
  out.text(NFTA_EXPR_NAME, expression);
  const auto nest = out.open(NFTA_EXPR_DATA);
  number(out, 1, data);
  out.close(nest);
  out.close(element);
  out.close(list);
  return out;
}

TEST(Fingerprint, WhatAnExpressionSaysShowsAndWhatItCountedDoesNot) {
  EXPECT_NE(of(rule("immediate", 1)).bytes, of(rule("immediate", 2)).bytes);
  EXPECT_EQ(of(rule("counter", 1)).bytes, of(rule("counter", 2)).bytes);
  EXPECT_NE(of(rule("counter", 1)).bytes, of(rule("quota", 1)).bytes);
}

TEST(Fingerprint, ARuleReplacedByItsLikeShows) {
  EXPECT_NE(of(rule("immediate", 1, 5)).bytes, of(rule("immediate", 1, 6)).bytes);
}

TEST(Fingerprint, ACountersValueDoesNotShowButALimitsDoes) {
  const auto object = [](std::uint32_t type, std::uint32_t data) {
    auto out = started(NFT_MSG_NEWOBJ);
    out.text(NFTA_OBJ_TABLE, "causeway");
    out.text(NFTA_OBJ_NAME, "refused");
    number(out, NFTA_OBJ_TYPE, type);
    number(out, NFTA_OBJ_DATA, data);
    return of(std::move(out)).bytes;
  };
  EXPECT_EQ(object(NFT_OBJECT_COUNTER, 1), object(NFT_OBJECT_COUNTER, 2));
  EXPECT_NE(object(NFT_OBJECT_LIMIT, 1), object(NFT_OBJECT_LIMIT, 2));
}

TEST(Fingerprint, NamesTheAnonymousSets) {
  const auto set = [](const char* name, std::uint32_t flags) {
    auto out = started(NFT_MSG_NEWSET);
    out.text(NFTA_SET_TABLE, "causeway");
    out.text(NFTA_SET_NAME, name);
    number(out, NFTA_SET_FLAGS, flags);
    return of(std::move(out)).anonymous_sets;
  };
  EXPECT_THAT(set("__set0", NFT_SET_ANONYMOUS | NFT_SET_CONSTANT), testing::ElementsAre("__set0"));
  EXPECT_THAT(set("peer4", 0), testing::IsEmpty());
}

TEST(Fingerprint, DoesNotDependOnTheOrderOfElements) {
  Fingerprint one;
  Fingerprint other;
  append(one, {{1, 2}, {3}});
  append(other, {{3}, {1, 2}});
  EXPECT_EQ(one.bytes, other.bytes);
  Fingerprint different;
  append(different, {{1}, {2, 3}});
  EXPECT_NE(one.bytes, different.bytes);
}

}  // namespace
}  // namespace cw::firewall
