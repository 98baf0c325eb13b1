// SPDX-License-Identifier: Apache-2.0
#include "netlink/codec/connection.h"

#include <array>
#include <functional>

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "netlink/codec/connection_filter.h"

namespace cw::netlink {
namespace {

net::Ip ip(const char* text) {
  return *net::Ip::parse(text);
}

Connection plain() {
  Connection made{.id = {.original = {.source = ip("100.64.0.5"),
                                      .destination = ip("10.1.0.5"),
                                      .source_port = 40000,
                                      .destination_port = 5432},
                         .protocol = IPPROTO_TCP},
                  .status = IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_ASSURED,
                  .mark = 7,
                  .timeout = 300,
                  .tcp_state = TCP_CONNTRACK_ESTABLISHED,
                  .original_end = {.scale = 7, .flags = IP_CT_TCP_FLAG_WINDOW_SCALE},
                  .reply_end = {.scale = 9, .flags = IP_CT_TCP_FLAG_WINDOW_SCALE}};
  made.reply = inverse(made.id.original);
  return made;
}

// What is made to be read back; the kernel tells the liberal windows as it was given them.
ConnectionEvent event_of(const std::vector<std::uint8_t>& bytes) {
  Messages messages(bytes);
  const auto message = messages.next();
  const auto event = message ? decode_connection(*message) : std::nullopt;
  EXPECT_TRUE(event);
  return event.value_or(ConnectionEvent{});
}

std::optional<Attribute> attribute_of(const std::vector<std::uint8_t>& bytes, std::uint16_t type) {
  Messages messages(bytes);
  return Attributes(messages.next()->payload, sizeof(nfgenmsg)).find(type);
}

TEST(Connection, IsToldAsItIsGiven) {
  auto expected = plain();
  expected.original_end.flags |= IP_CT_TCP_FLAG_BE_LIBERAL;
  expected.reply_end.flags |= IP_CT_TCP_FLAG_BE_LIBERAL;
  const auto bytes = create_connection(plain());
  EXPECT_EQ(event_of(bytes).connection, expected);
  EXPECT_FALSE(event_of(bytes).gone);
  EXPECT_FALSE(attribute_of(bytes, CTA_NAT_SRC));
  EXPECT_FALSE(attribute_of(bytes, CTA_NAT_DST));
}

TEST(Connection, ItsAnswersAreGivenUntranslatedAndNatAsRanges) {
  auto connection = plain();
  connection.reply = {.source = ip("10.1.0.6"),
                      .destination = ip("10.1.0.10"),
                      .source_port = 5433,
                      .destination_port = 4000};
  const auto bytes = create_connection(connection);
  EXPECT_EQ(event_of(bytes).connection.reply, inverse(connection.id.original));
  for (const auto& [type, wanted, wanted_port] :
       {std::tuple{CTA_NAT_SRC, "10.1.0.10", 4000}, {CTA_NAT_DST, "10.1.0.6", 5433}}) {
    const auto nat = attribute_of(bytes, static_cast<std::uint16_t>(type));
    ASSERT_TRUE(nat);
    const Attributes parts(nat->payload);
    EXPECT_EQ(net::Ip::from_bytes(parts.find(CTA_NAT_V4_MINIP)->payload), ip(wanted));
    EXPECT_EQ(net::Ip::from_bytes(parts.find(CTA_NAT_V4_MAXIP)->payload), ip(wanted));
    const Attributes ports(parts.find(CTA_NAT_PROTO)->payload);
    EXPECT_EQ(ports.find(CTA_PROTONAT_PORT_MIN)->as_big<std::uint16_t>(), wanted_port);
    EXPECT_EQ(ports.find(CTA_PROTONAT_PORT_MAX)->as_big<std::uint16_t>(), wanted_port);
  }
}

TEST(Connection, ARefreshNamesNoNat) {
  auto connection = plain();
  connection.reply.destination = ip("10.1.0.10");
  const auto bytes = refresh_connection(connection);
  EXPECT_FALSE(attribute_of(bytes, CTA_NAT_SRC));
  EXPECT_FALSE(attribute_of(bytes, CTA_TUPLE_REPLY));
  Messages messages(bytes);
  EXPECT_EQ(messages.next()->header.nlmsg_flags & NLM_F_CREATE, 0);
}

TEST(Connection, OneOfAnotherProtocolIsNone) {
  auto connection = plain();
  connection.id.protocol = IPPROTO_ICMP;
  const auto bytes = create_connection(connection);
  Messages messages(bytes);
  EXPECT_FALSE(decode_connection(*messages.next()));
}

RC_GTEST_PROP(Connection, AnyBytesAreReadOrRefused, (std::vector<std::uint8_t> noise)) {
  auto bytes = create_connection(plain());
  for (std::size_t i = 0; i + 1 < noise.size(); i += 2) {
    bytes[sizeof(nlmsghdr) + noise[i] % (bytes.size() - sizeof(nlmsghdr))] = noise[i + 1];
  }
  Messages messages(bytes);
  const auto message = messages.next();
  RC_ASSERT(message.has_value());
  if (const auto event = decode_connection(*message)) {
    const auto& connection = event->connection;
    RC_ASSERT(connection.id.original.source.family() == connection.reply.source.family());
  }
}

// The kernel's machine, as far as our filters need it (linux/filter.h, net/core/filter.c).
std::uint32_t run_filter(const std::vector<sock_filter>& code, Bytes packet) {
  std::uint32_t a = 0;
  std::uint32_t x = 0;
  std::array<std::uint32_t, BPF_MEMWORDS> memory{};
  const auto find = [&](Bytes within) -> std::uint32_t {
    const auto found = Attributes(within).find(static_cast<std::uint16_t>(x));
    return found ? static_cast<std::uint32_t>(found->payload.data() - packet.data() -
                                              static_cast<std::ptrdiff_t>(kAttributeHeaderSize))
                 : 0;
  };
  for (std::size_t at = 0; at < code.size(); ++at) {
    const auto& [op, yes, no, k] = code[at];
    switch (op) {
      case BPF_RET | BPF_K:
        return k;
      case BPF_LD | BPF_IMM:
        a = k;
        break;
      case BPF_LDX | BPF_IMM:
        x = k;
        break;
      case BPF_LD | BPF_MEM:
        a = memory.at(k);
        break;
      case BPF_ST:
        memory.at(k) = a;
        break;
      case BPF_MISC | BPF_TAX:
        x = a;
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        a &= k;
        break;
      case BPF_JMP | BPF_JA:
        at += k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        at += a == k ? yes : no;
        break;
      case BPF_LD | BPF_W | BPF_IND:
        a = *big_endian_number<std::uint32_t>(packet.subspan(x + k, 4));
        break;
      case BPF_LD | BPF_W | BPF_ABS:
        if (k == static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_NLATTR)) {
          a = find(packet.subspan(a));
        } else {
          a = find(Attributes(packet.subspan(a)).next()->payload);
        }
        break;
      default:
        ADD_FAILURE() << op;
        return 0;
    }
  }
  ADD_FAILURE() << "it ends nowhere";
  return 0;
}

RC_GTEST_PROP(ConnectionFilter, LetsThroughOursAlone, (std::uint32_t low, bool from_site)) {
  const auto v6 = *rc::gen::arbitrary<bool>();
  const std::vector ours{*net::Prefix::parse("100.64.0.0/12"), *net::Prefix::parse("240.0.0.0/12"),
                         *net::Prefix::parse("fd64::/48"), *net::Prefix::parse("fd65::6440:0/108")};
  const auto client =
      v6 ? ip(*rc::gen::element("fd64::1", "fd65::1", "fd64:0:1::1")).with_low32(low)
         : ip("100.64.0.0")
               .with_low32(*rc::gen::element(0x64400000U, 0xf0000000U, low) | (low & 0x1fffffU));
  auto connection = plain();
  connection.id.original.source = client;
  connection.id.original.destination = ip(v6 ? "fd10::5" : "10.1.0.5");
  if (from_site) {
    connection.id.original = inverse(connection.id.original);
  }
  connection.reply = inverse(connection.id.original);
  const auto bytes = create_connection(connection);
  RC_ASSERT((run_filter(connection_filter(ours), bytes) != 0) == concerns(connection, ours));
}

TEST(ConnectionFilter, OfTooManyPrefixesLetsThroughAll) {
  EXPECT_EQ(connection_filter(std::vector(100, *net::Prefix::parse("10.0.0.0/8"))).size(), 1U);
}

}  // namespace
}  // namespace cw::netlink
