// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "net/endpoint.h"
#include "net/key.h"

// What a gateway's owner tells its siblings about the gateway's peers, so that one of them can take
// over: values, and their bytes as the payload of letters of Kind::Peers (ha/wire/sealed.h):
//
//   round                                             8 bytes
//   index in the round, flags, peers                  2, 1 and 1 bytes
//   accepted from (ms since 1970)                     8 bytes
//   each peer: key                                    32 bytes
//              0, 4 or 6; address and port            1 byte; 0, 4 + 2 or 16 + 2
//              handshake, active (ms since 1970)      8 bytes each
//
// The whole picture is a round of pieces; what changes in between comes in pieces outside of its
// order. Numbers are in network order, peers ascend by key. Refused: flags, times and addresses
// that none has, bytes left over; what is taken has one form only. Pure; microseconds.
namespace cw::ha::peers {

// The owner's calendar time; the epoch itself: never. Siblings' clocks agree to 100 ms, or they do
// not take over (ClockChecked in ha/step.h).
using Wall = std::chrono::sys_time<std::chrono::milliseconds>;

// From 1970 to the year 9999; other times are a broken clock's, and are not told.
[[nodiscard]] constexpr bool is_plausible(Wall time) {
  constexpr std::int64_t kMost = 253'402'300'799'999;
  const auto since = time.time_since_epoch().count();
  return since >= 0 && since <= kMost;
}

// Of one gateway; design.md's limit of a network. 1.5 MB at most.
inline constexpr std::size_t kMostPeers = 10'000;
// With IPv6 endpoints all of them fill 1,159 of the 1,197 bytes that a letter has for them.
inline constexpr std::size_t kPeersInPiece = 17;
// Of a round: what 10,000 peers need is 589; peers that come while it is told are a few more.
inline constexpr std::size_t kMostPieces = 1024;
// A receiver refuses an initiation that is not younger than the last it took of the same key, and
// WireGuard cuts its time to multiples of 2^24 ns (16.8 ms). And the millisecond that ours are cut
// to.
inline constexpr std::chrono::milliseconds kInitiationGrain{18};

struct PeerFact {
  net::PublicKey key;
  std::optional<net::SocketAddress> endpoint;
  Wall handshake{};  // its last one, with whoever was owner
  Wall active{};     // when bytes received from it last grew

  friend bool operator==(const PeerFact&, const PeerFact&) = default;
};

struct Piece {
  std::uint64_t round = 0;
  bool whole = false;       // of the round; otherwise what changed while or after it was told
  bool last = false;        // of the round
  std::uint16_t index = 0;  // in the round, from 0
  // From this time by its clock a router's own handshake initiation is accepted: all peers, if
  // they took one of an owner before, took it earlier.
  Wall accepted_from{};
  std::vector<PeerFact> peers;  // at most kPeersInPiece, ascending

  friend bool operator==(const Piece&, const Piece&) = default;
};

// Bug for a piece that read() would refuse.
Result<std::vector<std::uint8_t>> write(const Piece& piece);
Result<Piece> read(std::span<const std::uint8_t> payload);

}  // namespace cw::ha::peers
