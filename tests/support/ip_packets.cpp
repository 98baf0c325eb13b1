// SPDX-License-Identifier: Apache-2.0
#include "tests/support/ip_packets.h"

namespace cw::test {

namespace {

constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kIcmpv6 = 58;

// Of both versions (RFC 9293 section 3.1, RFC 8200 section 8.1): the same sum in another order.
Bytes pseudo_header(const net::Ip& source, const net::Ip& destination, std::size_t length,
                    std::uint8_t protocol) {
  Bytes bytes;
  put_bytes(bytes, source.bytes());
  put_bytes(bytes, destination.bytes());
  put_number(bytes, length, 4);
  put_number(bytes, protocol, 4);
  return bytes;
}

void set_checksum(Bytes& payload, std::size_t at, const Bytes& pseudo) {
  Bytes covered = pseudo;
  put_bytes(covered, payload);
  const auto sum = static_cast<std::uint16_t>(~ones_complement_sum(covered));
  set_number(payload, at, sum == 0 ? 0xffff : sum, 2);
}

}  // namespace

void put_number(Bytes& to, std::uint64_t value, std::size_t size) {
  for (std::size_t i = size; i-- > 0;) {
    to.push_back(static_cast<std::uint8_t>(value >> 8 * i));
  }
}

void put_bytes(Bytes& to, std::span<const std::uint8_t> bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

void set_number(Bytes& in, std::size_t at, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    in[at + i] = static_cast<std::uint8_t>(value >> 8 * (size - 1 - i));
  }
}

Bytes packet(const Ipv4& header, std::span<const std::uint8_t> payload) {
  const auto length = 20 + header.options.size();
  Bytes made = {static_cast<std::uint8_t>(0x40 | length / 4), header.traffic_class};
  put_number(made, length + payload.size(), 2);
  put_number(made, header.id, 2);
  put_number(made, header.fragment, 2);
  put_number(made, header.ttl, 1);
  put_number(made, header.protocol, 1);
  put_number(made, 0, 2);
  put_bytes(made, header.source.bytes());
  put_bytes(made, header.destination.bytes());
  put_bytes(made, header.options);
  set_number(made, 10, static_cast<std::uint16_t>(~ones_complement_sum(made)), 2);
  put_bytes(made, payload);
  return made;
}

Bytes packet(const Ipv6& header, std::span<const std::uint8_t> payload) {
  Bytes carried;
  for (std::size_t i = 0; i < header.extensions.size(); ++i) {
    auto extension = header.extensions[i].bytes;
    extension[0] = i + 1 < header.extensions.size() ? header.extensions[i + 1].number : header.next;
    put_bytes(carried, extension);
  }
  put_bytes(carried, payload);
  Bytes made;
  put_number(made, 6U << 28U | std::uint32_t{header.traffic_class} << 20U | header.flow, 4);
  put_number(made, carried.size(), 2);
  put_number(made, header.extensions.empty() ? header.next : header.extensions[0].number, 1);
  put_number(made, header.hop_limit, 1);
  put_bytes(made, header.source.bytes());
  put_bytes(made, header.destination.bytes());
  put_bytes(made, carried);
  return made;
}

Extension fragment_header(std::uint16_t offset, bool more, std::uint32_t id) {
  Extension made{.number = 44, .bytes = {0, 0}};
  put_number(made.bytes, offset * 8U + (more ? 1U : 0U), 2);
  put_number(made.bytes, id, 4);
  return made;
}

Bytes tcp(const net::Ip& source, const net::Ip& destination, std::span<const std::uint8_t> data) {
  Bytes made;
  put_number(made, 40000, 2);
  put_number(made, 443, 2);
  put_number(made, 0x12345678, 4);
  put_number(made, 0x9abcdef0, 4);
  put_number(made, 0x5018, 2);  // five words, PSH and ACK
  put_number(made, 0x7210, 2);
  put_number(made, 0, 4);
  put_bytes(made, data);
  set_checksum(made, 16, pseudo_header(source, destination, made.size(), kTcp));
  return made;
}

Bytes udp(const net::Ip& source, const net::Ip& destination, std::span<const std::uint8_t> data) {
  Bytes made;
  put_number(made, 40000, 2);
  put_number(made, 53, 2);
  put_number(made, 8 + data.size(), 2);
  put_number(made, 0, 2);
  put_bytes(made, data);
  set_checksum(made, 6, pseudo_header(source, destination, made.size(), kUdp));
  return made;
}

Bytes icmp(std::uint8_t type, std::uint8_t code, std::uint32_t rest,
           std::span<const std::uint8_t> data) {
  Bytes made = {type, code, 0, 0};
  put_number(made, rest, 4);
  put_bytes(made, data);
  set_checksum(made, 2, {});
  return made;
}

Bytes icmpv6(const net::Ip& source, const net::Ip& destination, std::uint8_t type,
             std::uint8_t code, std::uint32_t rest, std::span<const std::uint8_t> data) {
  Bytes made = {type, code, 0, 0};
  put_number(made, rest, 4);
  put_bytes(made, data);
  set_checksum(made, 2, pseudo_header(source, destination, made.size(), kIcmpv6));
  return made;
}

std::uint16_t ones_complement_sum(std::span<const std::uint8_t> bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += std::uint64_t{bytes[i]} << (i % 2 == 0 ? 8U : 0U);
  }
  while (sum > 0xffff) {
    sum = (sum & 0xffffU) + (sum >> 16U);
  }
  return static_cast<std::uint16_t>(sum);
}

bool has_right_checksums(std::span<const std::uint8_t> packet) {
  const bool v4 = packet[0] >> 4U == 4;
  const std::size_t front = v4 ? (packet[0] & 15U) * 4 : 40;
  if (v4 && ones_complement_sum(packet.subspan(0, front)) != 0xffff) {
    return false;
  }
  const auto protocol = packet[v4 ? 9 : 6];
  const auto payload = packet.subspan(front);
  Bytes covered;
  if (protocol != 1) {
    const auto at = v4 ? std::size_t{12} : std::size_t{8};
    const auto size = v4 ? std::size_t{4} : std::size_t{16};
    covered = pseudo_header(*net::Ip::from_bytes(packet.subspan(at, size)),
                            *net::Ip::from_bytes(packet.subspan(at + size, size)), payload.size(),
                            protocol);
  }
  put_bytes(covered, payload);
  return ones_complement_sum(covered) == 0xffff;
}

}  // namespace cw::test
