// SPDX-License-Identifier: Apache-2.0
#include "netlink/codec/host_address.h"

#include <algorithm>

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace cw::netlink {

namespace {

constexpr std::uint32_t kForEver = 0xffffffff;  // INFINITY_LIFE_TIME of net/addrconf.h

ifaddrmsg header_of(const HostAddress& address, int index) {
  ifaddrmsg header{};
  header.ifa_family = address.ip.is_v4() ? AF_INET : AF_INET6;
  header.ifa_prefixlen = net::bits(address.ip.family());
  header.ifa_index = static_cast<std::uint32_t>(index);
  return header;
}

}  // namespace

std::optional<EthernetLink> decode_ethernet_link(const Message& message) {
  const auto header = front<ifinfomsg>(message.payload);
  if (message.header.nlmsg_type != RTM_NEWLINK || !header || header->ifi_type != ARPHRD_ETHER) {
    return std::nullopt;
  }
  const auto mac = Attributes(message.payload, sizeof *header).find(IFLA_ADDRESS);
  const auto bytes = mac ? front<Mac>(mac->payload) : std::nullopt;
  if (!bytes || mac->payload.size() != sizeof(Mac)) {
    return std::nullopt;
  }
  return EthernetLink{.index = header->ifi_index,
                      .up = (header->ifi_flags & IFF_UP) != 0,
                      .running = (header->ifi_flags & IFF_RUNNING) != 0,
                      .mac = *bytes};
}

std::optional<HostAddress> decode_any_address(const Message& message, const DeviceName& name) {
  const auto header = front<ifaddrmsg>(message.payload);
  if (message.header.nlmsg_type != RTM_NEWADDR || !header) {
    return std::nullopt;
  }
  const Attributes attributes(message.payload, sizeof *header);
  // The local address of a point-to-point link; IFA_ADDRESS is then the peer's.
  const auto local = attributes.find(IFA_LOCAL);
  const auto address = local ? local : attributes.find(IFA_ADDRESS);
  if (!address) {
    return std::nullopt;
  }
  const auto ip = net::Ip::from_bytes(address->payload);
  auto device = name(static_cast<int>(header->ifa_index));
  if (!ip || device.empty()) {
    return std::nullopt;
  }
  const auto protocol = attributes.find(IFA_PROTO);
  return HostAddress{.device = std::move(device),
                     .ip = *ip,
                     .protocol = protocol ? protocol->as<std::uint8_t>().value_or(std::uint8_t{0})
                                          : std::uint8_t{0}};
}

bool is_local_route(const Message& message, const net::Ip& ip, int index) {
  const auto header = front<rtmsg>(message.payload);
  if (message.header.nlmsg_type != RTM_NEWROUTE || !header || header->rtm_type != RTN_LOCAL ||
      header->rtm_dst_len != net::bits(ip.family())) {
    return false;
  }
  const Attributes attributes(message.payload, sizeof *header);
  const auto destination = attributes.find(RTA_DST);
  const auto device = attributes.find(RTA_OIF);
  return destination && device && std::ranges::equal(destination->payload, ip.bytes()) &&
         device->as<std::int32_t>() == index;
}

// libnl-route 3.7 knows no IFA_PROTO, so these are written by hand.
std::vector<std::uint8_t> new_host_address(const HostAddress& address, int index,
                                           AddressScope scope) {
  MessageWriter request(RTM_NEWADDR, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
  auto header = header_of(address, index);
  header.ifa_scope = scope == AddressScope::Host ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
  request.header(header);
  request.bytes(IFA_LOCAL, address.ip.bytes());
  request.bytes(IFA_ADDRESS, address.ip.bytes());
  request.number(IFA_PROTO, address.protocol);
  std::uint32_t flags = IFA_F_NOPREFIXROUTE;
  if (!address.ip.is_v4()) {
    flags |= IFA_F_NODAD;
    const ifa_cacheinfo lifetimes{
        .ifa_prefered = 0, .ifa_valid = kForEver, .cstamp = 0, .tstamp = 0};
    request.bytes(IFA_CACHEINFO,
                  {reinterpret_cast<const std::uint8_t*>(&lifetimes), sizeof lifetimes});
  }
  request.number(IFA_FLAGS, flags);
  return request.take();
}

std::vector<std::uint8_t> delete_host_address(const HostAddress& address, int index) {
  MessageWriter request(RTM_DELADDR, NLM_F_REQUEST | NLM_F_ACK);
  request.header(header_of(address, index));
  request.bytes(IFA_LOCAL, address.ip.bytes());
  request.bytes(IFA_ADDRESS, address.ip.bytes());
  return request.take();
}

}  // namespace cw::netlink
