// SPDX-License-Identifier: Apache-2.0
#include "ha/gate/source_route.h"

#include <algorithm>
#include <cstring>
#include <map>

#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace cw::ha::gate {

namespace {

using Payload = std::vector<std::uint8_t>;

// What the kernel adds to an answer, and what a copy has of its own.
constexpr std::uint16_t kNotCopied[] = {RTA_TABLE, RTA_PREFSRC, RTA_CACHEINFO};
// What a next hop object says better; a request with both is refused.
constexpr std::uint16_t kOfNextHop[] = {RTA_OIF,       RTA_GATEWAY, RTA_VIA,
                                        RTA_MULTIPATH, RTA_ENCAP,   RTA_ENCAP_TYPE};

bool is_link_local(const netlink::Attribute& destination) {
  const auto& bytes = destination.payload;
  return bytes.size() == 16 && bytes[0] == 0xfe && (bytes[1] & 0xc0U) == 0x80;
}

// The state of a next hop, dead or without a carrier, is refused in a request.
Payload without_state(netlink::Bytes multipath) {
  Payload hops(multipath.begin(), multipath.end());
  for (std::size_t at = 0; at + sizeof(rtnexthop) <= hops.size();) {
    rtnexthop hop{};
    std::memcpy(&hop, hops.data() + at, sizeof hop);
    hop.rtnh_flags &= RTNH_F_ONLINK;
    std::memcpy(hops.data() + at, &hop, sizeof hop);
    if (hop.rtnh_len < sizeof hop) {
      break;
    }
    at += netlink::aligned(hop.rtnh_len);
  }
  return hops;
}

}  // namespace

std::uint32_t table_of(const netlink::Message& message) {
  const auto header = netlink::front<rtmsg>(message.payload);
  if (!header) {
    return 0;
  }
  const auto table = netlink::Attributes(message.payload, sizeof *header).find(RTA_TABLE);
  return table ? table->as<std::uint32_t>().value_or(0) : header->rtm_table;
}

std::optional<Payload> copied_route(const netlink::Message& message, std::uint32_t table,
                                    std::uint8_t protocol, const std::optional<net::Ip>& source) {
  auto header = netlink::front<rtmsg>(message.payload);
  if (!header || header->rtm_type != RTN_UNICAST || (header->rtm_flags & RTM_F_CLONED) != 0) {
    return std::nullopt;
  }
  std::map<std::uint16_t, Payload> attributes;
  netlink::Attributes all(message.payload, sizeof *header);
  while (const auto attribute = all.next()) {
    if (attribute->type == RTA_DST && is_link_local(*attribute)) {
      return std::nullopt;
    }
    const bool own = attribute->type == RTA_PREFSRC && !source;
    if (own || std::ranges::find(kNotCopied, attribute->type) == std::end(kNotCopied)) {
      attributes[attribute->type] =
          attribute->type == RTA_MULTIPATH
              ? without_state(attribute->payload)
              : Payload(attribute->payload.begin(), attribute->payload.end());
    }
  }
  if (all.malformed()) {
    return std::nullopt;
  }
  if (attributes.contains(RTA_NH_ID)) {
    for (const auto type : kOfNextHop) {
      attributes.erase(type);
    }
  }
  if (source) {
    const auto bytes = source->bytes();
    attributes[RTA_PREFSRC] = Payload(bytes.begin(), bytes.end());
  }
  header->rtm_table = RT_TABLE_UNSPEC;  // it is in the attribute, which has room for it
  header->rtm_protocol = protocol;
  header->rtm_flags &= RTNH_F_ONLINK;
  netlink::MessageWriter out(0, 0);
  out.header(*header);
  out.number(RTA_TABLE, table);
  for (const auto& [type, payload] : attributes) {
    out.bytes(type, payload);
  }
  const auto bytes = out.take();
  return Payload(bytes.begin() + static_cast<std::ptrdiff_t>(netlink::kMessageHeaderSize),
                 bytes.end());
}

}  // namespace cw::ha::gate
