// SPDX-License-Identifier: Apache-2.0
#include "ha/gate/source_route.h"

#include <tuple>

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

namespace cw::ha::gate {
namespace {

using netlink::Attributes;
using netlink::Bytes;
using netlink::Message;
using netlink::MessageWriter;
using Payload = std::vector<std::uint8_t>;

constexpr std::uint32_t kTable = 7930;
constexpr std::uint8_t kProtocol = 205;
const auto kSource = net::Ip::v4(0x0a000009);

rtmsg header() {
  rtmsg made{};
  made.rtm_family = AF_INET;
  made.rtm_table = RT_TABLE_MAIN;
  made.rtm_protocol = RTPROT_DHCP;
  made.rtm_scope = RT_SCOPE_UNIVERSE;
  made.rtm_type = RTN_UNICAST;
  made.rtm_flags = RTNH_F_LINKDOWN | RTNH_F_ONLINK;
  return made;
}

// The default route as DHCP makes it.
MessageWriter default_route(const rtmsg& with) {
  MessageWriter out(RTM_NEWROUTE, NLM_F_MULTI);
  out.header(with);
  out.number(RTA_TABLE, std::uint32_t{RT_TABLE_MAIN});
  out.number(RTA_PRIORITY, 100U);
  out.bytes(RTA_PREFSRC, net::Ip::v4(0x0a000005).bytes());
  out.bytes(RTA_GATEWAY, net::Ip::v4(0x0a000001).bytes());
  out.number(RTA_OIF, 2);
  return out;
}

std::optional<Payload> copied(MessageWriter&& route, std::optional<net::Ip> source = kSource) {
  const auto bytes = route.take();
  return copied_route(*netlink::Messages(bytes).next(), kTable, kProtocol, source);
}

template <class T>
std::optional<T> number(const Payload& payload, std::uint16_t type) {
  const auto found = Attributes(payload, sizeof(rtmsg)).find(type);
  return found ? found->as<T>() : std::nullopt;
}

TEST(SourceRoute, IsTheRouteWithAnotherTableProtocolAndSource) {
  const auto copy = copied(default_route(header()));
  ASSERT_TRUE(copy);
  const auto made = *netlink::front<rtmsg>(*copy);
  EXPECT_EQ(made.rtm_protocol, kProtocol);
  EXPECT_EQ(made.rtm_table, RT_TABLE_UNSPEC);
  EXPECT_EQ(made.rtm_flags, unsigned{RTNH_F_ONLINK});
  EXPECT_EQ(number<std::uint32_t>(*copy, RTA_TABLE), kTable);
  EXPECT_EQ(number<std::uint32_t>(*copy, RTA_PRIORITY), 100U);
  EXPECT_EQ(number<int>(*copy, RTA_OIF), 2);
  const auto source = Attributes(*copy, sizeof(rtmsg)).find(RTA_PREFSRC);
  ASSERT_TRUE(source);
  EXPECT_EQ(*net::Ip::from_bytes(source->payload), kSource);
}

TEST(SourceRoute, ReadBackItIsTheSameBytes) {
  const auto copy = *copied(default_route(header()));
  MessageWriter out(RTM_NEWROUTE, 0);
  out.raw(copy);
  EXPECT_EQ(copied(std::move(out), std::nullopt), copy);
}

TEST(SourceRoute, OnlyUnicastRoutesAreCopiedAndNoneToLinkLocal) {
  auto other = header();
  other.rtm_type = RTN_BLACKHOLE;
  EXPECT_FALSE(copied(default_route(other)));
  other.rtm_type = RTN_UNICAST;
  other.rtm_family = AF_INET6;
  other.rtm_dst_len = 64;
  MessageWriter out(RTM_NEWROUTE, 0);
  out.header(other);
  out.bytes(RTA_DST, net::Ip::parse("fe80::")->bytes());
  EXPECT_FALSE(copied(std::move(out)));
}

TEST(SourceRoute, ANextHopObjectIsNamedAlone) {
  auto route = default_route(header());
  route.number(RTA_NH_ID, 7U);
  const auto copy = *copied(std::move(route));
  EXPECT_EQ(number<std::uint32_t>(copy, RTA_NH_ID), 7U);
  EXPECT_FALSE(Attributes(copy, sizeof(rtmsg)).find(RTA_GATEWAY));
  EXPECT_FALSE(Attributes(copy, sizeof(rtmsg)).find(RTA_OIF));
}

TEST(SourceRoute, NextHopsLoseTheirState) {
  auto route = default_route(header());
  rtnexthop hop{};
  hop.rtnh_len = sizeof hop;
  hop.rtnh_flags = RTNH_F_DEAD | RTNH_F_ONLINK;
  Payload hops(2 * sizeof hop);
  std::memcpy(hops.data(), &hop, sizeof hop);
  std::memcpy(hops.data() + sizeof hop, &hop, sizeof hop);
  route.bytes(RTA_MULTIPATH, hops);
  const auto copy = *copied(std::move(route));
  const auto made = Attributes(copy, sizeof(rtmsg)).find(RTA_MULTIPATH);
  ASSERT_TRUE(made);
  std::memcpy(&hop, made->payload.data() + sizeof hop, sizeof hop);
  EXPECT_EQ(hop.rtnh_flags, RTNH_F_ONLINK);
}

TEST(SourceRoute, WhatIsMalformedIsNotCopied) {
  auto bytes = default_route(header()).take();
  for (std::size_t size = netlink::kMessageHeaderSize; size < bytes.size(); ++size) {
    const Message message{.header = {}, .payload = Bytes(bytes).subspan(16, size - 16)};
    // The sanitizers watch.
    std::ignore = copied_route(message, kTable, kProtocol, kSource);
    std::ignore = table_of(message);
  }
}

}  // namespace
}  // namespace cw::ha::gate
