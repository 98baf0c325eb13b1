// SPDX-License-Identifier: Apache-2.0
#include "ha/reset/segment.h"

#include <algorithm>
#include <array>
#include <utility>

#include <netinet/in.h>

namespace cw::ha::reset {

namespace {

constexpr std::size_t kIpv4Header = 20;
constexpr std::size_t kIpv6Header = 40;
constexpr std::size_t kTcpHeader = 20;

// Where fields are, from the start of their header.
constexpr std::size_t kIpv4SizeAt = 2;
constexpr std::size_t kIpv4FragmentAt = 6;
constexpr std::size_t kIpv4ProtocolAt = 9;
constexpr std::size_t kIpv4ChecksumAt = 10;
constexpr std::size_t kIpv4AddressesAt = 12;
constexpr std::size_t kIpv6SizeAt = 4;
constexpr std::size_t kIpv6NextHeaderAt = 6;
constexpr std::size_t kIpv6AddressesAt = 8;
constexpr std::size_t kTcpOffsetAt = 12;
constexpr std::size_t kTcpFlagsAt = 13;
constexpr std::size_t kTcpChecksumAt = 16;

constexpr std::uint32_t kFragment = 0x3fff;  // more fragments, or not the first
constexpr std::uint16_t kDontFragment = 0x4000;

constexpr std::uint8_t kSyn = 0x02;
constexpr std::uint8_t kRst = 0x04;
constexpr std::uint8_t kAck = 0x10;

constexpr std::uint8_t kHops = 64;  // RFC 1700

std::uint32_t get(Bytes bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (const auto byte : bytes.subspan(at, size)) {
    value = value << 8U | byte;
  }
  return value;
}

void put16(Packet& packet, std::size_t value) {
  packet.push_back(static_cast<std::uint8_t>(value >> 8U));
  packet.push_back(static_cast<std::uint8_t>(value));
}

void put32(Packet& packet, std::uint32_t value) {
  put16(packet, value >> 16U);
  put16(packet, value);
}

void put(Packet& packet, Bytes bytes) {
  packet.insert(packet.end(), bytes.begin(), bytes.end());
}

// RFC 1071; of an even number of bytes.
std::size_t sum_of(Bytes bytes) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    sum += get(bytes, i, 2);
  }
  return sum;
}

void put_checksum(Packet& packet, std::size_t at, std::size_t sum) {
  while (sum > 0xffff) {
    sum = (sum & 0xffffU) + (sum >> 16U);
  }
  packet[at] = static_cast<std::uint8_t>(~sum >> 8U);
  packet[at + 1] = static_cast<std::uint8_t>(~sum);
}

// Without options or data.
struct Written {
  netlink::Tuple tuple;
  std::uint32_t sequence = 0;
  std::uint8_t flags = 0;
};

Packet write(const Written& written) {
  const auto& tuple = written.tuple;
  Packet packet;
  if (tuple.source.is_v4()) {
    put16(packet, 0x4500);  // version 4, five words
    put16(packet, kIpv4Header + kTcpHeader);
    put16(packet, 0);
    put16(packet, kDontFragment);
    packet.push_back(kHops);
    packet.push_back(IPPROTO_TCP);
    put16(packet, 0);
  } else {
    put32(packet, 0x60000000);  // version 6
    put16(packet, kTcpHeader);
    packet.push_back(IPPROTO_TCP);
    packet.push_back(kHops);
  }
  const auto addresses_at = packet.size();
  put(packet, tuple.source.bytes());
  put(packet, tuple.destination.bytes());
  const auto tcp_at = packet.size();
  if (tuple.source.is_v4()) {
    put_checksum(packet, kIpv4ChecksumAt, sum_of(packet));
  }
  put16(packet, tuple.source_port);
  put16(packet, tuple.destination_port);
  put32(packet, written.sequence);
  put32(packet, 0);
  packet.push_back(kTcpHeader / 4 << 4U);
  packet.push_back(written.flags);
  put32(packet, 0);  // window, and checksum
  put16(packet, 0);
  // With the pseudo-header, of which the addresses stand before (RFC 9293, 3.1).
  put_checksum(packet, tcp_at + kTcpChecksumAt,
               sum_of(Bytes(packet).subspan(addresses_at)) + kTcpHeader + IPPROTO_TCP);
  return packet;
}

struct Place {
  std::size_t addresses_at;
  std::size_t tcp_at;
};

// None: there is no TCP header in it.
std::optional<Place> place_in(Bytes packet) {
  const auto version = packet.empty() ? 0 : packet[0] >> 4U;
  if (version == 4 && packet.size() >= kIpv4Header) {
    const std::size_t header = (packet[0] & 0x0fU) * std::size_t{4};
    if (header >= kIpv4Header && packet[kIpv4ProtocolAt] == IPPROTO_TCP &&
        (get(packet, kIpv4FragmentAt, 2) & kFragment) == 0 &&
        get(packet, kIpv4SizeAt, 2) >= header + kTcpHeader) {
      return Place{.addresses_at = kIpv4AddressesAt, .tcp_at = header};
    }
  } else if (version == 6 && packet.size() >= kIpv6Header) {
    if (packet[kIpv6NextHeaderAt] == IPPROTO_TCP && get(packet, kIpv6SizeAt, 2) >= kTcpHeader) {
      return Place{.addresses_at = kIpv6AddressesAt, .tcp_at = kIpv6Header};
    }
  }
  return std::nullopt;
}

sock_filter load(unsigned size, std::size_t at) {
  return {.code = static_cast<std::uint16_t>(BPF_LD | size),
          .jt = 0,
          .jf = 0,
          .k = static_cast<std::uint32_t>(at)};
}

sock_filter plain(unsigned code, std::uint32_t k = 0) {
  return {.code = static_cast<std::uint16_t>(code), .jt = 0, .jf = 0, .k = k};
}

sock_filter jump(unsigned how, std::uint32_t k, std::uint8_t yes, std::uint8_t no) {
  return {.code = static_cast<std::uint16_t>(BPF_JMP | how), .jt = yes, .jf = no, .k = k};
}

}  // namespace

std::optional<Segment> read(Bytes packet) {
  const auto place = place_in(packet);
  if (!place || packet.size() < place->tcp_at + kTcpHeader) {
    return std::nullopt;
  }
  const std::size_t address = place->addresses_at == kIpv4AddressesAt ? 4 : 16;
  const auto source = net::Ip::from_bytes(packet.subspan(place->addresses_at, address));
  const auto destination =
      net::Ip::from_bytes(packet.subspan(place->addresses_at + address, address));
  if (!source || !destination) {
    return std::nullopt;
  }
  const auto tcp = packet.subspan(place->tcp_at);
  const auto flags = tcp[kTcpFlagsAt];
  return Segment{.tuple = {.source = *source,
                           .destination = *destination,
                           .source_port = static_cast<std::uint16_t>(get(tcp, 0, 2)),
                           .destination_port = static_cast<std::uint16_t>(get(tcp, 2, 2))},
                 .sequence = get(tcp, 4, 4),
                 .acknowledged = get(tcp, 8, 4),
                 .syn = (flags & kSyn) != 0,
                 .rst = (flags & kRst) != 0,
                 .ack = (flags & kAck) != 0};
}

Packet provocation(const netlink::Tuple& tuple) {
  return write({.tuple = netlink::inverse(tuple), .sequence = 0, .flags = kSyn | kAck});
}

Packet reset_of(const Segment& segment) {
  return write(
      {.tuple = netlink::inverse(segment.tuple), .sequence = segment.acknowledged, .flags = kRst});
}

// X: where TCP begins. M[0]: bytes from there on.
std::vector<sock_filter> filter(net::Family family) {
  std::vector<sock_filter> code;
  if (family == net::Family::V4) {
    code = {load(BPF_B | BPF_ABS, kIpv4ProtocolAt),
            jump(BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 2),
            load(BPF_H | BPF_ABS, kIpv4FragmentAt),
            jump(BPF_JSET | BPF_K, kFragment, 0, 1),
            plain(BPF_RET | BPF_K, 0),
            plain(BPF_LDX | BPF_B | BPF_MSH, 0),
            load(BPF_H | BPF_ABS, kIpv4SizeAt),
            plain(BPF_ALU | BPF_SUB | BPF_X)};
  } else {
    code = {load(BPF_B | BPF_ABS, kIpv6NextHeaderAt), jump(BPF_JEQ | BPF_K, IPPROTO_TCP, 1, 0),
            plain(BPF_RET | BPF_K, 0), plain(BPF_LDX | BPF_IMM, kIpv6Header),
            load(BPF_H | BPF_ABS, kIpv6SizeAt)};
  }
  const std::vector<sock_filter> segment = {
      plain(BPF_ST, 0),
      load(BPF_B | BPF_IND, kTcpFlagsAt),
      jump(BPF_JSET | BPF_K, kSyn | kRst, 6, 0),
      load(BPF_B | BPF_IND, kTcpOffsetAt),
      plain(BPF_ALU | BPF_RSH | BPF_K, 2),  // four bits of words, as bytes
      plain(BPF_ALU | BPF_AND | BPF_K, 0x3c),
      plain(BPF_LDX | BPF_MEM, 0),
      jump(BPF_JEQ | BPF_X, 0, 1, 0),
      plain(BPF_RET | BPF_K, 0),
      plain(BPF_RET | BPF_K, kMostRead)};
  code.insert(code.end(), segment.begin(), segment.end());
  return code;
}

}  // namespace cw::ha::reset
