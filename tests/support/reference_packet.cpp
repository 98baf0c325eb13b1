// SPDX-License-Identifier: Apache-2.0
#include "tests/support/reference_packet.h"

#include <algorithm>
#include <array>

namespace cw::test::reference {

namespace {

// RFC 7915 section 5.1.1: what may not come behind a fragment header.
bool is_extension_header(std::uint8_t number) {
  constexpr std::array<std::uint8_t, 8> kNumbers = {0, 43, 44, 51, 60, 135, 139, 140};
  return std::ranges::find(kNumbers, number) != kNumbers.end();
}

}  // namespace

std::uint32_t big(View bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    value = value << 8U | bytes[at + i];
  }
  return value;
}

bool is_only_of_ipv6(std::uint8_t protocol) {
  return protocol == kIcmpv6 || (protocol != 51 && is_extension_header(protocol));
}

// The headers behind the first 40 bytes, of a packet that ends with `bytes`.
Or<Packet> parse_chain(View bytes, Packet packet, std::uint8_t next, std::size_t payload_length) {
  std::size_t at = 40;
  for (std::size_t headers = 0;; ++headers) {
    const bool skipped = next == 0 || next == 43 || next == 60;
    if (!skipped && next != kFragmentHeader) {
      break;
    }
    if (headers == CW_VIA6_EXTENSIONS || (next == 0 && headers > 0)) {
      return CW_VIA6_EXTENSION;
    }
    if (bytes.size() < at + 8) {
      return CW_VIA6_TRUNCATED;
    }
    if (next == kFragmentHeader) {
      const auto field = big(bytes, at + 2, 2);
      packet.fragment = {.id = big(bytes, at + 4, 4),
                         .offset = static_cast<std::uint16_t>(field / 8),
                         .more = field % 2 == 1};
      next = bytes[at];
      at += 8;
      if (is_extension_header(next)) {
        return CW_VIA6_EXTENSION;
      }
      break;
    }
    if (next == 43 && bytes[at + 3] > 0) {
      return CW_VIA6_SOURCE_ROUTE;
    }
    next = bytes[at];
    at += (std::size_t{bytes[at + 1]} + 1) * 8;
    if (at > bytes.size()) {
      return CW_VIA6_TRUNCATED;
    }
  }
  packet.protocol = next;
  packet.payload = bytes.subspan(at);
  if (payload_length + 40 < at) {
    return CW_VIA6_TRUNCATED;
  }
  packet.declared = payload_length + 40 - at;
  return packet;
}

Packet parse_front6(View bytes) {
  return {.traffic_class = static_cast<std::uint8_t>(big(bytes, 0, 2) >> 4U),
          .hops = bytes[7],
          .source = *net::Ip::from_bytes(bytes.subspan(8, 16)),
          .destination = *net::Ip::from_bytes(bytes.subspan(24, 16))};
}

Or<bool> has_unfinished_route(View options) {
  while (!options.empty() && options[0] != 0) {
    if (options[0] == 1) {
      options = options.subspan(1);
      continue;
    }
    if (options.size() < 2 || options[1] < 2 || options[1] > options.size()) {
      return CW_VIA6_MALFORMED;
    }
    if (options[0] == 131 || options[0] == 137) {
      if (options[1] < 3) {
        return CW_VIA6_MALFORMED;
      }
      if (options[2] <= options[1]) {
        return true;
      }
    }
    options = options.subspan(options[1]);
  }
  return false;
}

Packet parse_front4(View bytes) {
  Packet packet{.traffic_class = bytes[1],
                .hops = bytes[8],
                .protocol = bytes[9],
                .source = *net::Ip::from_bytes(bytes.subspan(12, 4)),
                .destination = *net::Ip::from_bytes(bytes.subspan(16, 4))};
  const auto field = big(bytes, 6, 2);
  const auto offset = static_cast<std::uint16_t>(field & 0x1fffU);
  const bool more = (field & 0x2000U) != 0;
  if (offset != 0 || more) {
    packet.fragment = {.id = big(bytes, 4, 2), .offset = offset, .more = more};
  }
  return packet;
}

}  // namespace cw::test::reference
