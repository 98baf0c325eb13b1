// SPDX-License-Identifier: Apache-2.0
#include "netlink/codec/connection.h"

#include <algorithm>
#include <array>

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>

namespace cw::netlink {

namespace {

// What it takes for an entry to be of use at once: its packets are neither new nor first answers,
// and a full table does not evict it. The kernel takes no other bit from outside.
constexpr std::uint32_t kInUse = IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_ASSURED;

constexpr std::uint8_t kKnownFlags = IP_CT_TCP_FLAG_WINDOW_SCALE | IP_CT_TCP_FLAG_SACK_PERM;

std::uint16_t type_of(int message) {
  return static_cast<std::uint16_t>(NFNL_SUBSYS_CTNETLINK << 8 | message);
}

std::optional<Attribute> nested(const std::optional<Attribute>& in, std::uint16_t type) {
  return in ? Attributes(in->payload).find(type) : std::nullopt;
}

std::optional<net::Ip> ip_of(const std::optional<Attribute>& attribute, std::size_t size) {
  if (!attribute || attribute->payload.size() != size) {
    return std::nullopt;
  }
  const auto ip = net::Ip::from_bytes(attribute->payload);
  return ip ? std::optional(*ip) : std::nullopt;
}

struct Half {
  Tuple tuple;
  std::uint8_t protocol = 0;
};

std::optional<Half> decode_tuple(const std::optional<Attribute>& tuple) {
  const auto addresses = nested(tuple, CTA_TUPLE_IP);
  const auto service = nested(tuple, CTA_TUPLE_PROTO);
  const auto protocol = nested(service, CTA_PROTO_NUM);
  const auto from = nested(service, CTA_PROTO_SRC_PORT);
  const auto to = nested(service, CTA_PROTO_DST_PORT);
  auto source = ip_of(nested(addresses, CTA_IP_V4_SRC), sizeof(in_addr));
  auto destination = ip_of(nested(addresses, CTA_IP_V4_DST), sizeof(in_addr));
  if (!source || !destination) {
    source = ip_of(nested(addresses, CTA_IP_V6_SRC), sizeof(in6_addr));
    destination = ip_of(nested(addresses, CTA_IP_V6_DST), sizeof(in6_addr));
  }
  if (!source || !destination || !protocol || !from || !to) {
    return std::nullopt;
  }
  const auto number = protocol->as<std::uint8_t>();
  const auto source_port = from->as_big<std::uint16_t>();
  const auto destination_port = to->as_big<std::uint16_t>();
  if (!number || (*number != IPPROTO_TCP && *number != IPPROTO_UDP) || !source_port ||
      !destination_port) {
    return std::nullopt;
  }
  return Half{.tuple = {.source = *source,
                        .destination = *destination,
                        .source_port = *source_port,
                        .destination_port = *destination_port},
              .protocol = *number};
}

TcpEnd decode_end(const Attribute& tcp, std::uint16_t scale, std::uint16_t flags) {
  const Attributes attributes(tcp.payload);
  TcpEnd end;
  if (const auto attribute = attributes.find(scale)) {
    end.scale = attribute->as<std::uint8_t>().value_or(0);
  }
  if (const auto attribute = attributes.find(flags)) {
    end.flags = front<nf_ct_tcp_flags>(attribute->payload).value_or(nf_ct_tcp_flags{}).flags;
  }
  return end;
}

template <class T>
std::optional<T> big(const Attributes& attributes, std::uint16_t type) {
  const auto attribute = attributes.find(type);
  return attribute ? attribute->as_big<T>() : std::nullopt;
}

void begin(MessageWriter& out, net::Family family) {
  nfgenmsg header{};
  header.nfgen_family = family == net::Family::V4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
  header.version = NFNETLINK_V0;
  out.header(header);
}

void write_tuple(MessageWriter& out, std::uint16_t type, const Tuple& tuple,
                 std::uint8_t protocol) {
  const bool v4 = tuple.source.is_v4();
  const auto nest = out.open(type);
  const auto addresses = out.open(CTA_TUPLE_IP);
  out.bytes(v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, tuple.source.bytes());
  out.bytes(v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, tuple.destination.bytes());
  out.close(addresses);
  const auto service = out.open(CTA_TUPLE_PROTO);
  out.number(CTA_PROTO_NUM, protocol);
  out.number(CTA_PROTO_SRC_PORT, htons(tuple.source_port));
  out.number(CTA_PROTO_DST_PORT, htons(tuple.destination_port));
  out.close(service);
  out.close(nest);
}

void write_zone(MessageWriter& out, std::uint16_t zone) {
  if (zone != 0) {
    out.number(CTA_ZONE, htons(zone));
  }
}

// A range of one address and one port.
void write_nat(MessageWriter& out, std::uint16_t type, const net::Ip& ip, std::uint16_t port) {
  const auto nest = out.open(type);
  out.bytes(ip.is_v4() ? CTA_NAT_V4_MINIP : CTA_NAT_V6_MINIP, ip.bytes());
  out.bytes(ip.is_v4() ? CTA_NAT_V4_MAXIP : CTA_NAT_V6_MAXIP, ip.bytes());
  const auto service = out.open(CTA_NAT_PROTO);
  out.number(CTA_PROTONAT_PORT_MIN, htons(port));
  out.number(CTA_PROTONAT_PORT_MAX, htons(port));
  out.close(service);
  out.close(nest);
}

void write_end(MessageWriter& out, std::uint16_t type, const TcpEnd& end) {
  const nf_ct_tcp_flags flags{
      .flags = static_cast<std::uint8_t>((end.flags & kKnownFlags) | IP_CT_TCP_FLAG_BE_LIBERAL),
      .mask = kKnownFlags | IP_CT_TCP_FLAG_BE_LIBERAL};
  out.bytes(type, {reinterpret_cast<const std::uint8_t*>(&flags), sizeof flags});
}

void write_tcp(MessageWriter& out, const Connection& connection) {
  if (connection.id.protocol != IPPROTO_TCP) {
    return;
  }
  const auto nest = out.open(CTA_PROTOINFO);
  const auto tcp = out.open(CTA_PROTOINFO_TCP);
  out.number(CTA_PROTOINFO_TCP_STATE,
             connection.tcp_state.value_or(std::uint8_t{TCP_CONNTRACK_ESTABLISHED}));
  write_end(out, CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, connection.original_end);
  write_end(out, CTA_PROTOINFO_TCP_FLAGS_REPLY, connection.reply_end);
  out.number(CTA_PROTOINFO_TCP_WSCALE_ORIGINAL, connection.original_end.scale);
  out.number(CTA_PROTOINFO_TCP_WSCALE_REPLY, connection.reply_end.scale);
  out.close(tcp);
  out.close(nest);
}

void write_state(MessageWriter& out, const Connection& connection) {
  out.number(CTA_STATUS, htonl(kInUse));
  out.number(CTA_TIMEOUT, htonl(connection.timeout.value_or(0)));
  out.number(CTA_MARK, htonl(connection.mark));
  write_tcp(out, connection);
}

}  // namespace

Tuple inverse(const Tuple& tuple) {
  return {.source = tuple.destination,
          .destination = tuple.source,
          .source_port = tuple.destination_port,
          .destination_port = tuple.source_port};
}

std::optional<ConnectionEvent> decode_connection(const Message& message) {
  const bool gone = message.header.nlmsg_type == type_of(IPCTNL_MSG_CT_DELETE);
  if (!gone && message.header.nlmsg_type != type_of(IPCTNL_MSG_CT_NEW)) {
    return std::nullopt;
  }
  const Attributes attributes(message.payload, sizeof(nfgenmsg));
  const auto original = decode_tuple(attributes.find(CTA_TUPLE_ORIG));
  const auto reply = decode_tuple(attributes.find(CTA_TUPLE_REPLY));
  if (!original || !reply || original->protocol != reply->protocol ||
      original->tuple.source.family() != reply->tuple.source.family()) {
    return std::nullopt;
  }
  Connection connection{.id = {.original = original->tuple,
                               .protocol = original->protocol,
                               .zone = big<std::uint16_t>(attributes, CTA_ZONE).value_or(0)},
                        .reply = reply->tuple,
                        .status = big<std::uint32_t>(attributes, CTA_STATUS).value_or(0),
                        .mark = big<std::uint32_t>(attributes, CTA_MARK).value_or(0),
                        .timeout = big<std::uint32_t>(attributes, CTA_TIMEOUT)};
  if (const auto tcp = nested(attributes.find(CTA_PROTOINFO), CTA_PROTOINFO_TCP)) {
    if (const auto state = Attributes(tcp->payload).find(CTA_PROTOINFO_TCP_STATE)) {
      connection.tcp_state = state->as<std::uint8_t>();
    }
    connection.original_end =
        decode_end(*tcp, CTA_PROTOINFO_TCP_WSCALE_ORIGINAL, CTA_PROTOINFO_TCP_FLAGS_ORIGINAL);
    connection.reply_end =
        decode_end(*tcp, CTA_PROTOINFO_TCP_WSCALE_REPLY, CTA_PROTOINFO_TCP_FLAGS_REPLY);
  }
  return ConnectionEvent{.gone = gone, .connection = connection};
}

// Filtered by status since Linux 5.18.
std::vector<std::uint8_t> list_connections() {
  MessageWriter out(type_of(IPCTNL_MSG_CT_GET), NLM_F_REQUEST | NLM_F_DUMP);
  nfgenmsg header{};
  header.nfgen_family = NFPROTO_UNSPEC;
  header.version = NFNETLINK_V0;
  out.header(header);
  out.number(CTA_STATUS, htonl(IPS_SEEN_REPLY));
  out.number(CTA_STATUS_MASK, htonl(IPS_SEEN_REPLY));
  return out.take();
}

// The answers' tuple is given as if there were no NAT: the kernel translates it by the ranges and
// remembers that it did (nf_nat_setup_info()). Given as it is in the end, nothing would be left to
// translate, and packets would pass unchanged. libnetfilter_conntrack does the same
// (NFCT_SOPT_SETUP_REPLY).
std::vector<std::uint8_t> create_connection(const Connection& connection) {
  const auto& [original, protocol, zone] = connection.id;
  const auto& reply = connection.reply;
  MessageWriter out(type_of(IPCTNL_MSG_CT_NEW), NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL);
  begin(out, original.source.family());
  write_tuple(out, CTA_TUPLE_ORIG, original, protocol);
  write_tuple(out, CTA_TUPLE_REPLY, inverse(original), protocol);
  write_zone(out, zone);
  write_state(out, connection);
  if (reply.destination != original.source || reply.destination_port != original.source_port) {
    write_nat(out, CTA_NAT_SRC, reply.destination, reply.destination_port);
  }
  if (reply.source != original.destination || reply.source_port != original.destination_port) {
    write_nat(out, CTA_NAT_DST, reply.source, reply.source_port);
  }
  return out.take();
}

std::vector<std::uint8_t> refresh_connection(const Connection& connection) {
  MessageWriter out(type_of(IPCTNL_MSG_CT_NEW), NLM_F_REQUEST);
  begin(out, connection.id.original.source.family());
  write_tuple(out, CTA_TUPLE_ORIG, connection.id.original, connection.id.protocol);
  write_zone(out, connection.id.zone);
  write_state(out, connection);
  return out.take();
}

std::vector<std::uint8_t> find_connection(const ConnectionId& id) {
  MessageWriter out(type_of(IPCTNL_MSG_CT_GET), NLM_F_REQUEST | NLM_F_ACK);
  begin(out, id.original.source.family());
  write_tuple(out, CTA_TUPLE_ORIG, id.original, id.protocol);
  write_zone(out, id.zone);
  return out.take();
}

std::vector<std::uint8_t> find_by_reply(const Connection& connection) {
  MessageWriter out(type_of(IPCTNL_MSG_CT_GET), NLM_F_REQUEST | NLM_F_ACK);
  begin(out, connection.reply.source.family());
  write_tuple(out, CTA_TUPLE_REPLY, connection.reply, connection.id.protocol);
  write_zone(out, connection.id.zone);
  return out.take();
}

std::vector<std::uint8_t> delete_connection(const ConnectionId& id) {
  MessageWriter out(type_of(IPCTNL_MSG_CT_DELETE), NLM_F_REQUEST);
  begin(out, id.original.source.family());
  write_tuple(out, CTA_TUPLE_ORIG, id.original, id.protocol);
  write_zone(out, id.zone);
  return out.take();
}

}  // namespace cw::netlink
