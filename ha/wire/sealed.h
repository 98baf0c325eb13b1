// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ha/wire/heartbeat.h"
#include "ha/wire/key.h"

// A letter: what one sibling tells another about a gateway that is too much for a heartbeat and
// nobody else's business, as one UDP datagram of at most kMostLetterBytes. Authentic and secret:
//
//   "CWHS", version, kind                             6 bytes
//   sender's boot, receiver's boot, sequence          8 bytes each
//   gateway, sender, receiver                         a length byte and the name, each
//   nonce                                             24 bytes, random
//   payload, encrypted, with its tag                  what it has, and 16 bytes
//
// Numbers are in network order. libsodium's XChaCha20-Poly1305
// (crypto_aead_xchacha20poly1305_ietf); what stands before the nonce is authenticated with it.
// Nothing but the gateway's name is read before that. Refused: other lengths, versions and kinds
// than these, names with other characters than a netmap's. What it means that a letter is
// authentic: some sibling of the gateway wrote it, at some time. Whether it says anything now:
// correspondence.h. Pure but for the nonce; some microseconds.
namespace cw::ha::wire {

// Below every MTU that a site's LAN has, so that no letter is cut to pieces on its way.
inline constexpr std::size_t kMostLetterBytes = 1400;
inline constexpr std::size_t kNonceBytes = 24;
inline constexpr std::size_t kLetterFixedBytes = 6 + 3 * 8;
// What fits whatever the names are.
inline constexpr std::size_t kMostPayload = kMostLetterBytes - kLetterFixedBytes -
                                            (1 + kMostGatewayName) - 2 * (1 + kMostName) -
                                            kNonceBytes - kTagBytes;

using Nonce = std::array<std::uint8_t, kNonceBytes>;

enum class Kind : std::uint8_t {
  Peers = 1,        // ha/peers
  Connections = 2,  // ha/replica
  Netmap = 3,       // ha/netmap
  Revocations = 4,  // the same, of a list of revocations
};

// Against repetition; see correspondence.h.
struct Stamp {
  std::uint64_t boot = 0;      // the sender's, random, new with each start
  std::uint64_t to_boot = 0;   // the receiver's, for which alone the letter is
  std::uint64_t sequence = 0;  // of the sender's letters to this receiver for this gateway; from 1

  friend bool operator==(const Stamp&, const Stamp&) = default;
};

struct Letter {
  Kind kind = Kind::Peers;
  std::string gateway;
  std::string from;  // a router
  std::string to;    // a router
  Stamp stamp;
  std::vector<std::uint8_t> payload;  // at most kMostPayload

  friend bool operator==(const Letter&, const Letter&) = default;
};

// Bug where a name is none, the payload is too long, or a boot or the sequence is 0.
Result<std::vector<std::uint8_t>> seal(const Letter& letter, const LetterKey& key);

// For tests: a nonce must never be used twice.
Result<std::vector<std::uint8_t>> seal(const Letter& letter, const LetterKey& key,
                                       const Nonce& nonce);

// Begins as one: letters and heartbeats may come to the same socket.
[[nodiscard]] bool is_letter(std::span<const std::uint8_t> datagram);

// Whose key open() needs. Nothing is verified yet. Points into the datagram.
Result<std::string_view> gateway_of_letter(std::span<const std::uint8_t> datagram);

// Permission: not by this key. Unsupported: another version. Invalid: what no seal() makes. The
// caller compares `gateway`, `from` and `to` with whose key it was, its siblings and itself.
Result<Letter> open(std::span<const std::uint8_t> datagram, const LetterKey& key);

}  // namespace cw::ha::wire
