// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>

#include "net/ip.h"
#include "via6/program/parameters.h"

// Packets of either version taken apart, for the reference translator. Pure.
namespace cw::test::reference {

using View = std::span<const std::uint8_t>;
using Outcome = cw_via6_outcome;

inline constexpr std::uint8_t kIcmp = 1;
inline constexpr std::uint8_t kTcp = 6;
inline constexpr std::uint8_t kUdp = 17;
inline constexpr std::uint8_t kIcmpv6 = 58;
inline constexpr std::uint8_t kFragmentHeader = 44;
inline constexpr std::size_t kSmallestMtu = 1280;

std::uint32_t big(View bytes, std::size_t at, std::size_t size);  // a number in network order

// A packet of either version, taken apart: what both have.
struct Packet {
  std::uint8_t traffic_class = 0;
  std::uint8_t hops = 0;
  std::uint8_t protocol = 0;  // of what is carried, in its own version's numbers
  net::Ip source;
  net::Ip destination;

  struct Fragment {
    std::uint32_t id = 0;
    std::uint16_t offset = 0;  // in units of 8 bytes
    bool more = false;
  };

  std::optional<Fragment> fragment;
  View payload;              // as much as is here
  std::size_t declared = 0;  // how long the payload is by the headers

  [[nodiscard]] bool is_part() const {
    return fragment && (fragment->offset != 0 || fragment->more);
  }

  [[nodiscard]] bool is_first() const { return !fragment || fragment->offset == 0; }
};

template <class T>
using Or = std::variant<Outcome, T>;

// Numbers that IPv6 takes for its own.
bool is_only_of_ipv6(std::uint8_t protocol);

// The fixed headers; there are as many bytes as they have.
Packet parse_front6(View bytes);
Packet parse_front4(View bytes);

// `packet` with what is behind its first 40 bytes, of a packet that ends with `bytes`.
Or<Packet> parse_chain(View bytes, Packet packet, std::uint8_t next, std::size_t payload_length);

// RFC 791 section 3.1: options, one after the other.
Or<bool> has_unfinished_route(View options);

}  // namespace cw::test::reference
