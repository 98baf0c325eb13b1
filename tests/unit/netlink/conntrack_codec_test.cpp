// SPDX-License-Identifier: Apache-2.0
#include "netlink/codec/conntrack_codec.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace cw::netlink {
namespace {

constexpr std::uint16_t kNew = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
constexpr std::uint16_t kDelete = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE;

std::uint16_t big(std::uint16_t value) {
  return static_cast<std::uint16_t>(value << 8 | value >> 8);
}

void put_tuple(MessageWriter& out, std::uint16_t type, const net::Ip& from, std::uint16_t from_port,
               const net::Ip& to, std::uint16_t to_port) {
  const auto tuple = out.open(type);
  const auto ip = out.open(CTA_TUPLE_IP);
  out.bytes(from.is_v4() ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, from.bytes());
  out.bytes(from.is_v4() ? CTA_IP_V4_DST : CTA_IP_V6_DST, to.bytes());
  out.close(ip);
  const auto protocol = out.open(CTA_TUPLE_PROTO);
  out.number(CTA_PROTO_NUM, std::uint8_t{IPPROTO_TCP});
  out.number(CTA_PROTO_SRC_PORT, big(from_port));
  out.number(CTA_PROTO_DST_PORT, big(to_port));
  out.close(protocol);
  out.close(tuple);
}

void put_original(MessageWriter& out, const char* from, const char* to) {
  put_tuple(out, CTA_TUPLE_ORIG, *net::Ip::parse(from), 40000, *net::Ip::parse(to), 15432);
}

// As a dump has it: with things that nobody asks for. Sent to `to`, port 15432, translated to
// `reached`, port 5432, and from another source, which answers.
std::vector<std::uint8_t> listed(const char* from, const char* to, const char* reached) {
  MessageWriter out(kNew, NLM_F_MULTI);
  nfgenmsg header{};
  header.nfgen_family = NFPROTO_IPV4;
  out.header(header);
  put_original(out, from, to);
  put_tuple(out, CTA_TUPLE_REPLY, *net::Ip::parse(reached), 5432, *net::Ip::parse(reached), 6000);
  out.number(CTA_STATUS, std::uint32_t{7});
  out.number(CTA_ID, std::uint32_t{0x01020304});
  out.number(CTA_ZONE, big(5));
  return out.take();
}

Message message_of(const std::vector<std::uint8_t>& bytes) {
  return *Messages(bytes).next();
}

TEST(DecodeFlow, SaysWhoOpenedItAndWhatItHasReached) {
  const auto bytes = listed("100.64.0.5", "100.80.1.5", "10.0.1.5");
  EXPECT_EQ(decode_flow(message_of(bytes)), (Flow{.from = *net::Ip::parse("100.64.0.5"),
                                                  .asked = *net::Ip::parse("100.80.1.5"),
                                                  .to = *net::Ip::parse("10.0.1.5"),
                                                  .protocol = IPPROTO_TCP,
                                                  .port = 5432}));
  const auto ipv6 = listed("fd00::5", "2001:db8::1", "2001:db8::2");
  EXPECT_EQ(decode_flow(message_of(ipv6))->from, *net::Ip::parse("fd00::5"));
  EXPECT_EQ(decode_flow(message_of(ipv6))->asked, *net::Ip::parse("2001:db8::1"));
  EXPECT_EQ(decode_flow(message_of(ipv6))->to, *net::Ip::parse("2001:db8::2"));
}

TEST(DecodeFlow, IsNothingForAnotherMessage) {
  auto bytes = listed("100.64.0.5", "10.0.1.5", "10.0.1.5");
  bytes[offsetof(nlmsghdr, nlmsg_type)] = IPCTNL_MSG_CT_DELETE;
  EXPECT_FALSE(decode_flow(message_of(bytes)));
}

TEST(ForgetFlow, NamesTheConnectionByItsTupleItsZoneAndItsId) {
  MessageWriter expected(kDelete, NLM_F_REQUEST);
  nfgenmsg header{};
  header.nfgen_family = NFPROTO_IPV4;
  expected.header(header);
  put_original(expected, "100.64.0.5", "100.80.1.5");
  expected.number(CTA_ZONE, big(5));
  expected.number(CTA_ID, std::uint32_t{0x01020304});
  const auto bytes = listed("100.64.0.5", "100.80.1.5", "10.0.1.5");
  EXPECT_EQ(forget_flow(message_of(bytes)), expected.take());
}

RC_GTEST_PROP(ConntrackCodec, ReadsNoFurtherThanTheMessage,
              (const std::vector<std::uint8_t>& payload)) {
  Message message{.header = {}, .payload = payload};
  message.header.nlmsg_type = kNew;
  (void)decode_flow(message);
  (void)forget_flow(message);
}

}  // namespace
}  // namespace cw::netlink
