// SPDX-License-Identifier: Apache-2.0
#include "netlink/codec/conntrack_codec.h"

#include <initializer_list>

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

namespace cw::netlink {

namespace {

std::uint16_t type_of(int message) {
  return static_cast<std::uint16_t>(NFNL_SUBSYS_CTNETLINK << 8 | message);
}

std::optional<Attribute> nested(const std::optional<Attribute>& in, std::uint16_t type) {
  return in ? Attributes(in->payload).find(type) : std::nullopt;
}

std::optional<net::Ip> address_of(const std::optional<Attribute>& tuple, std::uint16_t ipv4,
                                  std::uint16_t ipv6) {
  const auto ip = nested(tuple, CTA_TUPLE_IP);
  if (!ip) {
    return std::nullopt;
  }
  const Attributes addresses(ip->payload);
  auto found = addresses.find(ipv4);
  if (!found) {
    found = addresses.find(ipv6);
  }
  if (!found) {
    return std::nullopt;
  }
  const auto address = net::Ip::from_bytes(found->payload);
  return address ? std::optional(*address) : std::nullopt;
}

std::optional<net::Ip> source_of(const std::optional<Attribute>& tuple) {
  return address_of(tuple, CTA_IP_V4_SRC, CTA_IP_V6_SRC);
}

std::optional<net::Ip> destination_of(const std::optional<Attribute>& tuple) {
  return address_of(tuple, CTA_IP_V4_DST, CTA_IP_V6_DST);
}

// What of a tuple has to be alike (net/netfilter/nf_internals.h, CTA_FILTER_F_*); since Linux 5.8.
// The first kernels read the answers' tuple by the flags of the original one; 6.1 does not
// (tested). libnetfilter_conntrack has them so, too.
constexpr std::uint32_t kFilterSource = 1U << 0U;
constexpr std::uint32_t kFilterProtocol = 1U << 3U;
constexpr std::uint32_t kFilterSourcePort = 1U << 4U;

std::uint32_t write_source(MessageWriter& out, const std::optional<net::Ip>& address) {
  if (!address || !address->is_v4()) {
    return 0;
  }
  const auto nest = out.open(CTA_TUPLE_IP);
  out.bytes(CTA_IP_V4_SRC, address->bytes());
  out.close(nest);
  return kFilterSource;
}

std::uint32_t write_service(MessageWriter& out, const FlowMatch& match) {
  if (!match.protocol) {
    return 0;
  }
  auto flags = kFilterProtocol;
  const auto nest = out.open(CTA_TUPLE_PROTO);
  out.number(CTA_PROTO_NUM, *match.protocol);
  if (match.port) {
    out.number(CTA_PROTO_SRC_PORT, htons(*match.port));
    flags |= kFilterSourcePort;
  }
  out.close(nest);
  return flags;
}

}  // namespace

std::vector<std::uint8_t> list_flows(const FlowMatch& among) {
  MessageWriter out(type_of(IPCTNL_MSG_CT_GET), NLM_F_REQUEST | NLM_F_DUMP);
  nfgenmsg header{};
  header.nfgen_family = NFPROTO_UNSPEC;
  if (among.family) {
    header.nfgen_family = *among.family == net::Family::V4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
  }
  header.version = NFNETLINK_V0;
  out.header(header);
  const auto without = out.size();
  const auto original = out.open(CTA_TUPLE_ORIG);
  const auto of_original = write_source(out, among.from);
  out.close(original);
  if (of_original == 0) {
    out.cut(without);
  }
  const auto without_reply = out.size();
  const auto reply = out.open(CTA_TUPLE_REPLY);
  const auto of_reply = write_source(out, among.to) | write_service(out, among);
  out.close(reply);
  if (of_reply == 0) {
    out.cut(without_reply);
  }
  if (of_original == 0 && of_reply == 0) {
    return out.take();
  }
  const auto filter = out.open(CTA_FILTER);
  if (of_original != 0) {
    out.number(CTA_FILTER_ORIG_FLAGS, of_original);
  }
  if (of_reply != 0) {
    out.number(CTA_FILTER_REPLY_FLAGS, of_reply);
  }
  out.close(filter);
  return out.take();
}

std::vector<std::uint8_t> count_flows() {
  MessageWriter out(type_of(IPCTNL_MSG_CT_GET_STATS), NLM_F_REQUEST | NLM_F_ACK);
  nfgenmsg header{};
  header.nfgen_family = NFPROTO_UNSPEC;
  header.version = NFNETLINK_V0;
  out.header(header);
  return out.take();
}

std::optional<Flow> decode_flow(const Message& message) {
  if (message.header.nlmsg_type != type_of(IPCTNL_MSG_CT_NEW)) {
    return std::nullopt;
  }
  const Attributes attributes(message.payload, sizeof(nfgenmsg));
  const auto original = attributes.find(CTA_TUPLE_ORIG);
  const auto from = source_of(original);
  const auto asked = destination_of(original);
  const auto reply = attributes.find(CTA_TUPLE_REPLY);
  const auto to = source_of(reply);
  const auto protocol = nested(reply, CTA_TUPLE_PROTO);
  const auto number = nested(protocol, CTA_PROTO_NUM);
  if (!from || !asked || !to || !number) {
    return std::nullopt;
  }
  const auto port = nested(protocol, CTA_PROTO_SRC_PORT);
  return Flow{.from = *from,
              .asked = *asked,
              .to = *to,
              .protocol = number->as<std::uint8_t>().value_or(0),
              .port = port ? port->as_big<std::uint16_t>().value_or(0) : std::uint16_t{0}};
}

// The kernel finds it by the tuple, in its zone, and leaves it where the id is another one's.
std::vector<std::uint8_t> forget_flow(const Message& message) {
  const auto header = front<nfgenmsg>(message.payload);
  const Attributes attributes(message.payload, sizeof(nfgenmsg));
  const auto original = attributes.find(CTA_TUPLE_ORIG);
  if (!header || !original) {
    return {};
  }
  MessageWriter out(type_of(IPCTNL_MSG_CT_DELETE), NLM_F_REQUEST);
  out.header(*header);
  out.bytes(CTA_TUPLE_ORIG | NLA_F_NESTED, original->payload);
  for (const std::uint16_t type : {CTA_ZONE, CTA_ID}) {
    if (const auto attribute = attributes.find(type)) {
      out.bytes(type, attribute->payload);
    }
  }
  return out.take();
}

}  // namespace cw::netlink
