// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "net/ip.h"

// IP packets of both versions as bytes, for tests: whatever is asked for, also what no stack would
// send. Checksums are right unless something says otherwise. Pure.
namespace cw::test {

using Bytes = std::vector<std::uint8_t>;

void put_number(Bytes& to, std::uint64_t value, std::size_t size);  // in network order
void put_bytes(Bytes& to, std::span<const std::uint8_t> bytes);
void set_number(Bytes& in, std::size_t at, std::uint64_t value, std::size_t size);

struct Ipv4 {
  net::Ip source;
  net::Ip destination;
  std::uint8_t protocol = 0;
  std::uint8_t traffic_class = 0;
  std::uint8_t ttl = 64;
  std::uint16_t id = 0;
  std::uint16_t fragment = 0x4000;  // flags and offset as they are in the header
  Bytes options = {};               // a multiple of four
};

struct Extension {
  std::uint8_t number = 0;
  Bytes bytes;  // all of it; the first byte is set to what comes next
};

struct Ipv6 {
  net::Ip source;
  net::Ip destination;
  std::uint8_t next = 0;  // behind the extensions
  std::uint8_t traffic_class = 0;
  std::uint8_t hop_limit = 64;
  std::uint32_t flow = 0;
  std::vector<Extension> extensions = {};
};

Bytes packet(const Ipv4& header, std::span<const std::uint8_t> payload);
Bytes packet(const Ipv6& header, std::span<const std::uint8_t> payload);

Extension fragment_header(std::uint16_t offset, bool more, std::uint32_t id);

// Payloads for these addresses (of either version), their checksum right.
Bytes tcp(const net::Ip& source, const net::Ip& destination, std::span<const std::uint8_t> data);
Bytes udp(const net::Ip& source, const net::Ip& destination, std::span<const std::uint8_t> data);
Bytes icmp(std::uint8_t type, std::uint8_t code, std::uint32_t rest,
           std::span<const std::uint8_t> data);
Bytes icmpv6(const net::Ip& source, const net::Ip& destination, std::uint8_t type,
             std::uint8_t code, std::uint32_t rest, std::span<const std::uint8_t> data);

// Sum of 16-bit words, folded; 0xffff where a checksum is right (RFC 1071). A last odd byte is the
// first of its word.
std::uint16_t ones_complement_sum(std::span<const std::uint8_t> bytes);

// Whether the transport checksum of a whole packet is right, and an IPv4 header's.
bool has_right_checksums(std::span<const std::uint8_t> packet);

}  // namespace cw::test
