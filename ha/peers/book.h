// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "ha/peers/peers.h"
#include "netlink/codec/wireguard_values.h"

// What a router knows about the peers of one gateway: from its own device, and from the siblings
// that owned the gateway. So the owner's book has also what earlier owners told, and is what it
// tells on (telling.h).
//
// - Of two accounts the one with the later handshake wins, of one handshake that with the later
// activity, of equal ones the one that came last. What a former owner still says undoes nothing.
// - A peer that speaks to our own device is with us, whatever anybody says.
// - Peers that the owner does not have any more are forgotten when a round came whole, unless our
// own device has them.
//
// It refuses peers beyond kMostPeers, and counts what it refused. Times are calendar times of
// siblings that agree on it; one that lies over kMostAhead ahead of ours is taken for ours. Pure;
// no thread. A dump of 10,000 peers costs milliseconds, a piece microseconds.
namespace cw::ha::peers {

// WireGuard's REJECT_AFTER_TIME: no session is older.
inline constexpr std::chrono::seconds kSessionLife{180};
// Whom to ask at a takeover: a client that keeps alive has a handshake every 120 s, so a peer
// without one for a session's life was gone already. As much again for the time without an owner,
// in which it could have none. Who was silent for longer begins by itself when it has something to
// say; asking 10,000 that are gone delays those that wait.
inline constexpr std::chrono::seconds kAskedWithin = 2 * kSessionLife;
// The rule for clocks: over a second ahead does not take over.
inline constexpr std::chrono::milliseconds kMostAhead{1000};
// Activity decides the order of asking alone. The round tells it; in between only whoever was idle
// for longer is news, else every busy peer were told at every look.
inline constexpr std::chrono::seconds kActivityGrain{60};

struct KnownPeer {
  PeerFact fact;
  // Our own device's account, of the last dump that had the peer.
  bool configured = false;  // the last dump had it
  bool is_ours = false;     // its last handshake that we know of was with us
  std::uint64_t received_bytes = 0;
  // For telling on.
  std::uint64_t version = 0;  // of the book when the fact last changed in a way that is news
  Wall told_active{};
  std::uint64_t round = 0;  // the last in which it was mentioned

  friend bool operator==(const KnownPeer&, const KnownPeer&) = default;
};

// A handshake to start.
struct Kick {
  net::PublicKey key;
  net::SocketAddress endpoint;
  bool seen_elsewhere = false;

  friend bool operator==(const Kick&, const Kick&) = default;
};

class PeerBook {
 public:
  using Peers = std::map<net::PublicKey, KnownPeer>;

  // A dump of our own device, owner or not. `owning`: the peers it lacks are forgotten; another's
  // device may only be behind.
  void note(std::span<const netlink::WgPeer> dump, Wall now, bool owning);

  // We started handshakes at this time, by our clock. The kernel's own need no telling: what came
  // of them is in the dump.
  void note_initiation(Wall at);

  // What a sibling told.
  void merge(const Piece& piece, Wall now);

  // Whom to ask at a takeover and where, the most recently active first: all that have an endpoint
  // and had a handshake within kAskedWithin. Each has to be asked, ours as well: our device may
  // hold a session that the client has long replaced by one with another owner.
  [[nodiscard]] std::vector<Kick> kicks(Wall now) const;

  // The last handshake that we know of was with another router: a session in our device is dead.
  [[nodiscard]] bool seen_elsewhere(const net::PublicKey& key) const;

  // When, by our clock, our initiations will be accepted; the epoch: any time. Who would have to
  // wait for more than kMostAhead asks anyway, since a client that always began itself takes any.
  [[nodiscard]] Wall accepted_from() const { return accepted_from_; }

  [[nodiscard]] const Peers& peers() const { return peers_; }

  [[nodiscard]] std::uint64_t version() const { return version_; }  // grows with news

  [[nodiscard]] std::uint64_t refused() const { return refused_; }  // peers beyond kMostPeers

 private:
  struct Round {
    std::uint64_t id = 0;
    std::bitset<kMostPieces> seen;
    std::size_t pieces = 0;  // 0: the last one has not come
  };

  KnownPeer* find_or_add(const net::PublicKey& key);
  void note(KnownPeer& peer, const netlink::WgPeer& seen, Wall now);
  void merge(KnownPeer& peer, PeerFact fact, Wall now);
  void take_news(KnownPeer& peer, const PeerFact& fact);
  void count(const Piece& piece);

  Peers peers_;
  Wall accepted_from_{};
  bool noted_ = false;  // a dump
  Round round_;
  std::uint64_t version_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace cw::ha::peers
