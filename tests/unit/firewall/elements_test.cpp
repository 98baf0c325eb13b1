// SPDX-License-Identifier: Apache-2.0
#include "firewall/codec/elements.h"

#include <algorithm>

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "net/prefix.h"

namespace cw::firewall {
namespace {

using netlink::Messages;
using netlink::MessageWriter;
using testing::ElementsAre;

std::vector<std::uint8_t> bytes(const char* ip) {
  const auto parsed = *net::Ip::parse(ip);
  return {parsed.bytes().begin(), parsed.bytes().end()};
}

RawElement start(const char* ip) {
  return {.key = bytes(ip)};
}

RawElement end(const char* ip) {
  return {.key = bytes(ip), .end = true};
}

std::vector<std::string> texts(const SetShape& shape, std::vector<RawElement> elements) {
  const auto result = to_text(shape, std::move(elements));
  EXPECT_TRUE(result);
  return result ? *result : std::vector<std::string>{};
}

const SetShape kIpv4{.key = {DataType::Ipv4Address}};
const SetShape kIntervals{.key = {DataType::Ipv4Address}, .interval = true};
const SetShape kIntervals6{.key = {DataType::Ipv6Address}, .interval = true};

TEST(Elements, SingleAddressesAreWrittenBareAndSorted) {
  EXPECT_THAT(texts(kIpv4, {start("100.64.0.5"), start("100.64.0.10")}),
              ElementsAre("100.64.0.10", "100.64.0.5"));
  EXPECT_THAT(texts({.key = {DataType::Ipv6Address}}, {start("2001:db8:0:0:0:0:0:5")}),
              ElementsAre("2001:db8::5"));
}

TEST(Elements, VerdictsFollowTheKey) {
  EXPECT_THAT(texts({.key = {DataType::Ipv4Address}, .verdict_map = true},
                    {{.key = bytes("100.64.0.5"), .value = "goto g_all"}}),
              ElementsAre("100.64.0.5 : goto g_all"));
}

TEST(Elements, AnIntervalIsAPrefixAnAddressOrARange) {
  EXPECT_THAT(
      texts(kIntervals, {start("10.0.0.0"), end("11.0.0.0"), start("10.9.0.5"), end("10.9.0.6")}),
      ElementsAre("10.0.0.0-10.9.0.4", "10.9.0.5"))
      << "where intervals touch or nest, the next key ends the one before";
  EXPECT_THAT(texts(kIntervals, {end("0.0.0.0"), start("10.0.0.0"), end("11.0.0.0"),
                                 start("192.0.2.1"), end("192.0.2.10")}),
              ElementsAre("10.0.0.0/8", "192.0.2.1-192.0.2.9"));
  EXPECT_THAT(texts(kIntervals6, {start("fd00::"), end("fd00:0:0:1::")}), ElementsAre("fd00::/64"));
}

TEST(Elements, TouchingIntervalsStayApart) {
  EXPECT_THAT(
      texts(kIntervals, {start("10.1.0.0"), end("10.2.0.0"), start("10.0.0.0"), end("10.1.0.0")}),
      ElementsAre("10.0.0.0/16", "10.1.0.0/16"));
}

TEST(Elements, AnIntervalUpToTheHighestValueHasNoEnd) {
  EXPECT_THAT(texts(kIntervals, {start("255.0.0.0")}), ElementsAre("255.0.0.0/8"));
  EXPECT_THAT(texts(kIntervals, {start("0.0.0.0")}), ElementsAre("0.0.0.0/0"));
}

TEST(Elements, ConcatenationsAreWrittenFieldByField) {
  const SetShape shape{
      .key = {DataType::Ipv4Address, DataType::InetProtocol, DataType::InetService},
      .interval = true};
  EXPECT_THAT(texts(shape, {{.key = {10, 0, 0, 0, 6, 0, 0, 0, 0x14, 0x51, 0, 0},
                             .key_end = {10, 0, 255, 255, 6, 0, 0, 0, 0x15, 0x18, 0, 0}}}),
              ElementsAre("10.0.0.0/16 . 6 . 5201-5400"));
}

TEST(Elements, AKeyOfAnotherSizeIsRefused) {
  EXPECT_FALSE(to_text(kIpv4, {{.key = {1, 2, 3}}}));
  EXPECT_FALSE(to_text(kIntervals, {{.key = {1, 2, 3}}}));
}

RC_GTEST_PROP(Elements, EveryPrefixComesBackFromItsInterval, (std::uint32_t number)) {
  const auto prefix = net::Prefix::of(net::Ip::v4(number), *rc::gen::inRange<std::uint8_t>(0, 33));
  std::vector<RawElement> elements;
  const auto first = prefix.address().bytes();
  elements.push_back({.key = {first.begin(), first.end()}});
  const auto last = prefix.last().low32();
  if (last != 0xffffffff) {
    const auto behind = net::Ip::v4(last + 1);
    elements.push_back({.key = {behind.bytes().begin(), behind.bytes().end()}, .end = true});
  }
  const auto text = prefix.is_host() ? prefix.address().to_text() : prefix.to_text();
  RC_ASSERT(texts(kIntervals, elements) == std::vector{text});
}

MessageWriter started(int type) {
  MessageWriter out(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type), 0);
  out.header(nfgenmsg{});
  return out;
}

void number(MessageWriter& out, std::uint16_t type, std::uint32_t value) {
  out.number(type, std::uint32_t{htonl(value)});
}

Result<SetShape> shape_of(std::uint32_t flags, std::uint32_t key, std::uint32_t data) {
  auto out = started(NFT_MSG_NEWSET);
  out.text(NFTA_SET_NAME, "peer4");
  number(out, NFTA_SET_FLAGS, flags);
  number(out, NFTA_SET_KEY_TYPE, key);
  number(out, NFTA_SET_DATA_TYPE, data);
  const auto message = out.take();
  return decode_set(*Messages(message).next());
}

TEST(DecodeSet, ReadsAddressSetsVerdictMapsAndConcatenations) {
  EXPECT_EQ(*shape_of(0, 7, 0), kIpv4);
  EXPECT_EQ(*shape_of(NFT_SET_INTERVAL, 8, 0), kIntervals6);
  EXPECT_EQ(*shape_of(NFT_SET_MAP, 7, NFT_DATA_VERDICT),
            (SetShape{.key = {DataType::Ipv4Address}, .verdict_map = true}));
  EXPECT_EQ(shape_of(NFT_SET_INTERVAL, (7 << 12) | (12 << 6) | 13, 0)->key,
            (std::vector{DataType::Ipv4Address, DataType::InetProtocol, DataType::InetService}));
}

TEST(DecodeSet, RefusesWhatItCannotPutIntoWords) {
  const auto data_map = shape_of(NFT_SET_MAP, 7, 7);
  ASSERT_FALSE(data_map);
  EXPECT_EQ(data_map.error().kind, ErrorKind::Unsupported);
  EXPECT_THAT(data_map.error().message, testing::HasSubstr("peer4"));
  EXPECT_FALSE(shape_of(0, 41, 0)) << "interface names";
  EXPECT_FALSE(shape_of(0, 0, 0));
}

TEST(DecodeElements, ReadsKeysVerdictsAndFlags) {
  auto out = started(NFT_MSG_NEWSETELEM);
  const auto list = out.open(NFTA_SET_ELEM_LIST_ELEMENTS);
  auto element = out.open(NFTA_LIST_ELEM);
  auto key = out.open(NFTA_SET_ELEM_KEY);
  out.bytes(NFTA_DATA_VALUE, bytes("100.64.0.5"));
  out.close(key);
  const auto data = out.open(NFTA_SET_ELEM_DATA);
  const auto verdict = out.open(NFTA_DATA_VERDICT);
  number(out, NFTA_VERDICT_CODE, static_cast<std::uint32_t>(NFT_GOTO));
  out.text(NFTA_VERDICT_CHAIN, "g_all");
  out.close(verdict);
  out.close(data);
  out.close(element);
  element = out.open(NFTA_LIST_ELEM);
  number(out, NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
  key = out.open(NFTA_SET_ELEM_KEY);
  out.bytes(NFTA_DATA_VALUE, bytes("100.64.0.6"));
  out.close(key);
  out.close(element);
  out.close(list);
  const auto message = out.take();
  std::vector<RawElement> elements;
  EXPECT_TRUE(decode_elements(*Messages(message).next(), elements));
  EXPECT_THAT(elements, ElementsAre(RawElement{.key = bytes("100.64.0.5"), .value = "goto g_all"},
                                    end("100.64.0.6")));
}

TEST(DecodeElements, NamesTheObjectThatAKeyLeadsTo) {
  auto out = started(NFT_MSG_NEWSETELEM);
  const auto list = out.open(NFTA_SET_ELEM_LIST_ELEMENTS);
  const auto element = out.open(NFTA_LIST_ELEM);
  const auto key = out.open(NFTA_SET_ELEM_KEY);
  out.bytes(NFTA_DATA_VALUE, bytes("100.64.0.5"));
  out.close(key);
  out.text(NFTA_SET_ELEM_OBJREF, "c_0123");
  out.close(element);
  out.close(list);
  const auto message = out.take();
  std::vector<RawElement> elements;
  EXPECT_TRUE(decode_elements(*Messages(message).next(), elements));
  EXPECT_THAT(texts(*shape_of(NFT_SET_OBJECT, 7, 0), std::move(elements)),
              ElementsAre("100.64.0.5 : \"c_0123\""));
}

RC_GTEST_PROP(DecodeElements, NeverLeavesItsBuffer, (std::vector<std::uint8_t> noise)) {
  noise.resize(std::min<std::size_t>(noise.size(), 2000));
  auto out = started(NFT_MSG_NEWSETELEM);
  out.bytes(NFTA_SET_ELEM_LIST_ELEMENTS, noise);
  const auto message = out.take();
  std::vector<RawElement> elements;
  (void)decode_elements(*Messages(message).next(), elements);
  (void)to_text(kIntervals, elements);
  (void)to_text({.key = {DataType::Ipv4Address, DataType::InetService}}, elements);
}

}  // namespace
}  // namespace cw::firewall
