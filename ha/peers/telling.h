// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "ha/peers/book.h"

// How an owner tells one sibling what its book says: all of it when they meet and every kRound, in
// between what is news. So a sibling that lost a piece is right again after a round. The payloads
// are for letters of Kind::Peers, in this order. Pure; one for each sibling and gateway, no thread.
// A call without news costs nothing, one with news looks at all peers.
namespace cw::ha::peers {

// A lost piece matters only if a takeover follows. 10,000 peers are 670 KB, 22 KB/s.
inline constexpr std::chrono::seconds kRound{30};
// What a receiver's socket buffer holds by default (212,992 bytes, of which a letter takes up to
// 4,352) and leaves room for heartbeats. 10,000 peers take 19 calls.
inline constexpr std::size_t kMostAtOnce = 32;

class Telling {
 public:
  // `boot`: our own, so that rounds of two boots never have one number.
  explicit Telling(std::uint64_t boot) : round_(boot) {}

  struct Told {
    std::vector<std::vector<std::uint8_t>> payloads;  // at most kMostAtOnce
    bool more = false;  // call again at the next heartbeat; else after the next look at the device
  };

  // `to_boot`: the sibling's, as believed (Session::believed); another one has been told nothing
  // yet. 0: nobody is there to be told.
  [[nodiscard]] Told next(const PeerBook& book, std::uint64_t to_boot, SteadyTime now);

 private:
  struct Cursor {
    std::uint16_t index = 0;            // of the next piece
    std::optional<net::PublicKey> key;  // told up to here
  };

  void begin_round(const PeerBook& book, SteadyTime now);
  void tell_news(const PeerBook& book, Told& told);
  void tell_round(const PeerBook& book, Told& told);

  std::uint64_t round_;
  std::uint64_t to_boot_ = 0;
  SteadyTime begun_{};
  std::optional<Cursor> cursor_;  // while a round is told
  std::uint64_t version_ = 0;     // of the book, told
  Wall accepted_from_{};          // told
};

}  // namespace cw::ha::peers
