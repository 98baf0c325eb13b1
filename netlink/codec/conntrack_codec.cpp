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

std::optional<net::Ip> address_in(const Attributes& ip, std::uint16_t v4, std::uint16_t v6) {
  auto found = ip.find(v4);
  if (!found) {
    found = ip.find(v6);
  }
  if (!found) {
    return std::nullopt;
  }
  const auto address = net::Ip::from_bytes(found->payload);
  return address ? std::optional(*address) : std::nullopt;
}

std::optional<Attribute> nested(const std::optional<Attribute>& in, std::uint16_t type) {
  return in ? Attributes(in->payload).find(type) : std::nullopt;
}

// What of a tuple has to be alike (net/netfilter/nf_internals.h, CTA_FILTER_F_*); since Linux 5.8.
// libnetfilter_conntrack has them so, too.
constexpr std::uint32_t kFilterSource = 1U << 0U;
constexpr std::uint32_t kFilterDestination = 1U << 1U;
constexpr std::uint32_t kFilterProtocol = 1U << 3U;
constexpr std::uint32_t kFilterDestinationPort = 1U << 5U;

std::uint32_t write_addresses(MessageWriter& out, const FlowMatch& match) {
  std::uint32_t flags = 0;
  const auto nest = out.open(CTA_TUPLE_IP);
  if (match.from && match.from->is_v4()) {
    out.bytes(CTA_IP_V4_SRC, match.from->bytes());
    flags |= kFilterSource;
  }
  if (match.to && match.to->is_v4()) {
    out.bytes(CTA_IP_V4_DST, match.to->bytes());
    flags |= kFilterDestination;
  }
  out.close(nest);
  return flags;
}

std::uint32_t write_service(MessageWriter& out, const FlowMatch& match) {
  if (!match.protocol) {
    return 0;
  }
  auto flags = kFilterProtocol;
  const auto nest = out.open(CTA_TUPLE_PROTO);
  out.number(CTA_PROTO_NUM, *match.protocol);
  if (match.port) {
    out.number(CTA_PROTO_DST_PORT, htons(*match.port));
    flags |= kFilterDestinationPort;
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
  const auto tuple = out.open(CTA_TUPLE_ORIG);
  const auto flags = write_addresses(out, among) | write_service(out, among);
  out.close(tuple);
  if (flags == 0) {
    out.cut(without);
    return out.take();
  }
  const auto filter = out.open(CTA_FILTER);
  out.number(CTA_FILTER_ORIG_FLAGS, flags);
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
  const auto original = Attributes(message.payload, sizeof(nfgenmsg)).find(CTA_TUPLE_ORIG);
  const auto ip = nested(original, CTA_TUPLE_IP);
  const auto protocol = nested(original, CTA_TUPLE_PROTO);
  const auto number = nested(protocol, CTA_PROTO_NUM);
  if (!ip || !number) {
    return std::nullopt;
  }
  const Attributes addresses(ip->payload);
  const auto from = address_in(addresses, CTA_IP_V4_SRC, CTA_IP_V6_SRC);
  const auto to = address_in(addresses, CTA_IP_V4_DST, CTA_IP_V6_DST);
  if (!from || !to) {
    return std::nullopt;
  }
  const auto port = nested(protocol, CTA_PROTO_DST_PORT);
  return Flow{.from = *from,
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
