// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "ha/values.h"
#include "ha/wire/key.h"

// A heartbeat as one UDP datagram of at most kMostBytes, to one sibling. Authentic, not secret:
//
//   "CWHB", version, flags, role, fitness             8 bytes
//   boot, sequence, echoed boot, echoed sequence      8 bytes each
//   wall clock (ms since 1970)                        8 bytes
//   term, serial, ready, handover                     8 bytes each
//   owned, pauses, silence (ms)                       4 bytes each
//   targets out of reach                              2 bytes
//   gateway, sender, receiver, handed over to         a length byte and the name, each
//   tag                                               16 bytes
//
// Numbers are in network order. The tag is keyed BLAKE2b (crypto_generichash, 16 bytes) of
// everything before it. It is checked before anything but the gateway's name is read. Refused:
// other lengths, versions, flags and values than these, names with other characters than a
// netmap's, bytes left over; what is taken has one form only. Pure; some microseconds.
namespace cw::ha::wire {

inline constexpr std::size_t kMostName = 63;  // network/name.h
inline constexpr std::size_t kMostGatewayName = 12;
inline constexpr std::size_t kTagBytes = 16;
inline constexpr std::size_t kFixedBytes = 8 + 9 * 8 + 3 * 4 + 2;
inline constexpr std::size_t kLeastBytes = kFixedBytes + 2 + 2 + 2 + 1 + kTagBytes;
inline constexpr std::size_t kMostBytes =
    kFixedBytes + (1 + kMostGatewayName) + 3 * (1 + kMostName) + kTagBytes;

// Against repetition; see session.h.
struct Proof {
  std::uint64_t boot = 0;      // random, new with each start of the sender
  std::uint64_t sequence = 0;  // of the sender's to this receiver for this gateway; from 1
  std::uint64_t echoed_boot = 0;
  std::uint64_t echoed_sequence = 0;  // the receiver's latest that the sender got; 0: none

  friend bool operator==(const Proof&, const Proof&) = default;
};

struct Heartbeat {
  Beat beat;
  std::string to;  // a router
  Proof proof;
  std::int64_t wall = 0;  // the sender's clock, milliseconds since 1970

  friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
};

// Invalid where a name is none, or `silence` is negative or over a minute.
Result<std::vector<std::uint8_t>> seal(const Heartbeat& heartbeat, const HeartbeatKey& key);

// Whose key open() needs. Nothing is verified yet. Points into the datagram.
Result<std::string_view> gateway_of(std::span<const std::uint8_t> datagram);

// Permission: the tag is not by this key. Unsupported: another version. Invalid: what no seal()
// makes.
Result<Heartbeat> open(std::span<const std::uint8_t> datagram, const HeartbeatKey& key);

}  // namespace cw::ha::wire
