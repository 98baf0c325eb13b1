// SPDX-License-Identifier: Apache-2.0
#include "firewall/codec/request.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <endian.h>
#include <gtest/gtest.h>

namespace cw::firewall {
namespace {

using netlink::Messages;
using netlink::MessageWriter;

struct Chain {
  std::uint8_t family = NFPROTO_INET;
  const char* table = "docker";
  std::uint32_t hook = NF_INET_FORWARD;
  std::uint32_t policy = NF_DROP;
  bool base = true;
};

std::optional<ForeignChain> decoded(const Chain& chain) {
  MessageWriter out(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN), 0);
  nfgenmsg header{};
  header.nfgen_family = chain.family;
  out.header(header);
  out.text(NFTA_CHAIN_TABLE, chain.table);
  out.text(NFTA_CHAIN_NAME, "FORWARD");
  if (chain.base) {
    const auto hook = out.open(NFTA_CHAIN_HOOK);
    out.number(NFTA_HOOK_HOOKNUM, std::uint32_t{htonl(chain.hook)});
    out.close(hook);
    out.number(NFTA_CHAIN_POLICY, std::uint32_t{htonl(chain.policy)});
  }
  const auto message = out.take();
  return decode_foreign_chain(*Messages(message).next());
}

TEST(DecodeForeignChain, ReadsABaseChainThatDrops) {
  EXPECT_EQ(decoded({}), (ForeignChain{.family = "inet",
                                       .table = "docker",
                                       .name = "FORWARD",
                                       .hook = "forward",
                                       .policy_drop = true}));
  EXPECT_FALSE(decoded({.policy = NF_ACCEPT})->policy_drop);
}

TEST(DecodeForeignChain, LeavesOutWhatCannotDropOurTraffic) {
  EXPECT_FALSE(decoded({.base = false}));
  EXPECT_FALSE(decoded({.hook = NF_INET_POST_ROUTING}));
  EXPECT_FALSE(decoded({.family = NFPROTO_BRIDGE}));
  EXPECT_FALSE(decoded({.table = kTable})) << "our own";
  EXPECT_TRUE(decoded({.family = NFPROTO_IPV4, .table = kTable})) << "a namesake of our table";
}

struct Expression {
  const char* name;
  std::optional<std::uint32_t> verdict = {};
};

std::optional<bool> drops_all(const std::vector<Expression>& expressions) {
  MessageWriter out(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE), 0);
  out.header(nfgenmsg{});
  const auto list = out.open(NFTA_RULE_EXPRESSIONS);
  for (const auto& expression : expressions) {
    const auto element = out.open(NFTA_LIST_ELEM);
    out.text(NFTA_EXPR_NAME, expression.name);
    const auto data = out.open(NFTA_EXPR_DATA);
    if (expression.verdict) {
      const auto value = out.open(NFTA_IMMEDIATE_DATA);
      const auto verdict = out.open(NFTA_DATA_VERDICT);
      out.number(NFTA_VERDICT_CODE, std::uint32_t{htonl(*expression.verdict)});
      out.close(verdict);
      out.close(value);
    }
    out.close(data);
    out.close(element);
  }
  out.close(list);
  const auto message = out.take();
  return decode_drops_all(*Messages(message).next());
}

TEST(DecodeDropsAll, IsADropOrRejectThatNothingStandsBefore) {
  EXPECT_EQ(drops_all({{"immediate", NF_DROP}}), true);
  EXPECT_EQ(drops_all({{"counter"}, {"log"}, {"reject"}}), true);
  EXPECT_EQ(drops_all({{"immediate", NF_ACCEPT}}), false);
  EXPECT_EQ(drops_all({{"meta"}, {"cmp"}, {"immediate", NF_DROP}}), false);
  EXPECT_EQ(drops_all({{"limit"}, {"immediate", NF_DROP}}), false);
  EXPECT_EQ(drops_all({}), false);
}

TEST(DecodeDropsAll, IsNoAnswerToAnotherMessage) {
  const auto bytes = get_table("causeway");
  EXPECT_FALSE(decode_drops_all(*Messages(bytes).next()));
}

TEST(Requests, NameTheTableInFamilyInet) {
  const auto bytes = get_table("causeway");
  const auto message = *Messages(bytes).next();
  EXPECT_EQ(netlink::front<nfgenmsg>(message.payload)->nfgen_family, NFPROTO_INET);
  EXPECT_EQ(netlink::Attributes(message.payload, sizeof(nfgenmsg)).find(NFTA_TABLE_NAME)->text(),
            "causeway");
}

TEST(Generation, IsReadFromItsMessageAndFromNoOther) {
  MessageWriter out(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN), 0);
  out.header(nfgenmsg{});
  auto empty = out;
  const auto without = empty.take();
  EXPECT_FALSE(decode_generation(*Messages(without).next()));
  out.number(NFTA_GEN_ID, std::uint32_t{htonl(42)});
  const auto with = out.take();
  EXPECT_EQ(decode_generation(*Messages(with).next()), 42U);
}

struct Object {
  std::uint8_t family = NFPROTO_INET;
  const char* table = kTable;
  std::uint32_t type = NFT_OBJECT_COUNTER;
  bool counted = true;
};

std::optional<Counter> decoded(const Object& object) {
  MessageWriter out(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWOBJ), 0);
  nfgenmsg header{};
  header.nfgen_family = object.family;
  out.header(header);
  out.text(NFTA_OBJ_TABLE, object.table);
  out.text(NFTA_OBJ_NAME, "c_0123");
  out.number(NFTA_OBJ_TYPE, std::uint32_t{htonl(object.type)});
  const auto data = out.open(NFTA_OBJ_DATA);
  if (object.counted) {
    out.number(NFTA_COUNTER_BYTES, std::uint64_t{htobe64(6'000'000'000)});
    out.number(NFTA_COUNTER_PACKETS, std::uint64_t{htobe64(5'000'000'000)});
  }
  out.close(data);
  const auto message = out.take();
  return decode_counter(*Messages(message).next(), kTable);
}

TEST(DecodeCounter, ReadsWhatOneOfOursHasCounted) {
  EXPECT_EQ(decoded(Object{}),
            (Counter{.name = "c_0123", .packets = 5'000'000'000, .bytes = 6'000'000'000}));
}

TEST(DecodeCounter, IsNoOtherObjectAndNobodyElses) {
  EXPECT_FALSE(decoded(Object{.family = NFPROTO_IPV4}));
  EXPECT_FALSE(decoded(Object{.table = "docker"}));
  EXPECT_FALSE(decoded(Object{.type = NFT_OBJECT_QUOTA}));
  EXPECT_FALSE(decoded(Object{.counted = false}));
  const auto question = list_counters(kTable);
  EXPECT_FALSE(decode_counter(*Messages(question).next(), kTable)) << "no counter, but a question";
}

}  // namespace
}  // namespace cw::firewall
