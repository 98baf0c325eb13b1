// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <linux/filter.h>

#include "net/ip.h"
#include "netlink/codec/connection.h"

// TCP segments as IP packets without a link header, which is what a WireGuard device has: the two
// that end a connection in somebody else's name, and those of a client that are read. What is read
// is untrusted: what is shorter, a fragment or not TCP is none. Pure.
namespace cw::ha::reset {

using Packet = std::vector<std::uint8_t>;
using Bytes = std::span<const std::uint8_t>;

// Of a client: addresses and ports as it sent them.
struct Segment {
  netlink::Tuple tuple;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledged = 0;
  bool syn = false;
  bool rst = false;
  bool ack = false;

  friend bool operator==(const Segment&, const Segment&) = default;
};

[[nodiscard]] std::optional<Segment> read(Bytes packet);

// From the server of a connection to its client, whose `tuple` it is: a SYN with ACK, which a
// client that has the connection open answers with what it expects next, whatever numbers it
// carries (the challenge of RFC 5961, 4.2; RFC 9293, 3.10.7.4), and nothing else changes. With ACK,
// for a firewall that the client has: Linux' conntrack calls a SYN from there invalid, and this one
// of the connection.
[[nodiscard]] Packet provocation(const netlink::Tuple& tuple);

// What ends the connection that this segment, which has ACK, is of: its number is exactly the next
// one that the client expects (RFC 9293, 3.10.7.1; RFC 5961, 3.2).
[[nodiscard]] Packet reset_of(const Segment& segment);

// For a packet socket of that family on a device without a link header: TCP that carries no data,
// or begins or ends something, and no more than kMostRead bytes of it. What clients upload wakes
// nobody.
[[nodiscard]] std::vector<sock_filter> filter(net::Family family);

inline constexpr std::uint32_t kMostRead = 128;  // both headers, options included

}  // namespace cw::ha::reset
