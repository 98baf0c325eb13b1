// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "net/ip.h"

// ARP (RFC 826) and IPv6 Neighbour Discovery (RFC 4861) as Ethernet frames: those four that a
// router sends when an address moves, and what is read out of others'. Received frames are
// untrusted: what is shorter, of other hardware or protocol, or fails the RFC's checks says
// nothing; what a frame says is at most "this MAC has that address". Pure.
namespace cw::ha::arp {

using Mac = std::array<std::uint8_t, 6>;
using Frame = std::vector<std::uint8_t>;
using Bytes = std::span<const std::uint8_t>;

// Gratuitous ARP, as a request (the announcement of RFC 5227, 3) or as a reply whose target is its
// sender (RFC 5944, 4.6). Hosts differ in which of the two they believe; see docs/adr/0027.
enum class Form : std::uint8_t { Request, Reply };

[[nodiscard]] Frame arp_announcement(const Mac& own, const net::Ip& ip, Form form);

// "Who has it?", told nobody's address, so that no cache changes (RFC 5227, 2.1.1).
[[nodiscard]] Frame arp_probe(const Mac& own, const net::Ip& ip);

// Unsolicited, to all nodes, overriding what they have (RFC 4861, 7.2.6).
[[nodiscard]] Frame neighbor_advertisement(const Mac& own, const net::Ip& ip);

// From an address of ours that does not move: the answer then comes to us alone. One without a
// source, as for duplicate address detection, would be answered to all nodes, and override what
// they have (RFC 4861, 7.2.4).
[[nodiscard]] Frame neighbor_solicitation(const Mac& own, const net::Ip& source, const net::Ip& ip);

struct Claim {
  net::Ip ip;
  Mac mac{};

  friend bool operator==(const Claim&, const Claim&) = default;
};

// Whom a frame says an address belongs to: the sender of an ARP request or reply, the target of a
// neighbour advertisement. None of a probe.
[[nodiscard]] std::optional<Claim> claim_of(Bytes frame);

// Destination of an IP packet.
[[nodiscard]] std::optional<net::Ip> destination_of(Bytes frame);

// Where the fields are that a socket filter looks at, from the start of the frame.
inline constexpr std::uint32_t kEthernetSize = 14;
inline constexpr std::uint32_t kArpSenderAt = kEthernetSize + 14;
inline constexpr std::uint32_t kIpv4DestinationAt = kEthernetSize + 16;
inline constexpr std::uint32_t kIpv6NextHeaderAt = kEthernetSize + 6;
inline constexpr std::uint32_t kIpv6DestinationAt = kEthernetSize + 24;
inline constexpr std::uint32_t kIcmpv6TypeAt = kEthernetSize + 40;
inline constexpr std::uint32_t kNdTargetAt = kIcmpv6TypeAt + 8;

inline constexpr std::uint8_t kIcmpv6 = 58;
inline constexpr std::uint8_t kNeighborAdvertisement = 136;

// More than any frame above needs; a neighbour advertisement has options, and is read whole for its
// checksum. Of longer ones the rest is not looked at, and they say nothing.
inline constexpr std::size_t kMostRead = 512;

}  // namespace cw::ha::arp
