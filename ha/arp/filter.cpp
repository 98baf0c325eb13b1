// SPDX-License-Identifier: Apache-2.0
#include "ha/arp/filter.h"

#include <linux/if_packet.h>

#include "ha/arp/frame.h"

namespace cw::ha::arp {

namespace {

// Bytes of the frame that a filter lets through. 0: none.
constexpr std::uint32_t kAll = kMostRead;

sock_filter load(std::uint16_t size, std::uint32_t at) {
  return {.code = static_cast<std::uint16_t>(BPF_LD | size | BPF_ABS), .jt = 0, .jf = 0, .k = at};
}

sock_filter skip_if_equal(std::uint32_t value) {
  return {.code = BPF_JMP | BPF_JEQ | BPF_K, .jt = 1, .jf = 0, .k = value};
}

sock_filter skip_unless_equal(std::uint32_t value) {
  return {.code = BPF_JMP | BPF_JEQ | BPF_K, .jt = 0, .jf = 1, .k = value};
}

sock_filter let_through(std::uint32_t bytes) {
  return {.code = BPF_RET | BPF_K, .jt = 0, .jf = 0, .k = bytes};
}

void require(Filter& filter, std::uint16_t size, std::uint32_t at, std::uint32_t value) {
  filter.push_back(load(size, at));
  filter.push_back(skip_if_equal(value));
  filter.push_back(let_through(0));
}

// Through with the last 32 bits of one of these there, `at` being where the address begins.
void any_of(Filter& filter, const std::vector<net::Ip>& addresses, net::Family family,
            std::uint32_t at) {
  filter.push_back(load(BPF_W, at + net::bits(family) / 8U - 4));
  for (const auto& ip : addresses) {
    if (ip.family() == family) {
      filter.push_back(skip_unless_equal(ip.low32()));
      filter.push_back(let_through(kAll));
    }
  }
  filter.push_back(let_through(0));
}

}  // namespace

Filter arp_by(const std::vector<net::Ip>& addresses) {
  Filter filter;
  any_of(filter, addresses, net::Family::V4, kArpSenderAt);
  return filter;
}

Filter advertisements_of(const std::vector<net::Ip>& addresses) {
  Filter filter;
  require(filter, BPF_B, kIpv6NextHeaderAt, kIcmpv6);
  require(filter, BPF_B, kIcmpv6TypeAt, kNeighborAdvertisement);
  any_of(filter, addresses, net::Family::V6, kNdTargetAt);
  return filter;
}

Filter packets_to(const std::vector<net::Ip>& addresses, net::Family family) {
  Filter filter;
  require(filter, BPF_W, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PKTTYPE), PACKET_HOST);
  any_of(filter, addresses, family,
         family == net::Family::V4 ? kIpv4DestinationAt : kIpv6DestinationAt);
  return filter;
}

}  // namespace cw::ha::arp
