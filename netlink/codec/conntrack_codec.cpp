// SPDX-License-Identifier: Apache-2.0
#include "netlink/codec/conntrack_codec.h"

#include <initializer_list>

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

}  // namespace

std::vector<std::uint8_t> list_flows() {
  MessageWriter out(type_of(IPCTNL_MSG_CT_GET), NLM_F_REQUEST | NLM_F_DUMP);
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
