// SPDX-License-Identifier: Apache-2.0
#include "ha/peers/book.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace cw::ha::peers {

namespace {

Wall handshake_of(const netlink::WgPeer& seen) {
  if (!seen.last_handshake) {
    return {};
  }
  const Wall time = std::chrono::floor<std::chrono::milliseconds>(*seen.last_handshake);
  return is_plausible(time) ? time : Wall{};
}

std::optional<net::SocketAddress> endpoint_of(const netlink::WgPeer& seen) {
  return seen.endpoint && seen.endpoint->port != 0 ? seen.endpoint : std::nullopt;
}

Wall at_most_ahead(Wall told, Wall now) {
  return told > now + kMostAhead ? now : told;
}

std::pair<Wall, Wall> age_of(const PeerFact& fact) {
  return {fact.handshake, fact.active};
}

}  // namespace

void PeerBook::note(std::span<const netlink::WgPeer> dump, Wall now, bool owning) {
  for (auto& [key, peer] : peers_) {
    peer.configured = false;
  }
  for (const netlink::WgPeer& seen : dump) {
    if (const auto known = peers_.find(seen.key); known != peers_.end()) {
      known->second.configured = true;
    }
  }
  if (owning) {
    std::erase_if(peers_, [](const auto& entry) { return !entry.second.configured; });
  }
  for (const netlink::WgPeer& seen : dump) {
    if (KnownPeer* peer = find_or_add(seen.key)) {
      note(*peer, seen, is_plausible(now) ? now : Wall{});
    }
  }
  noted_ = true;
}

void PeerBook::note(KnownPeer& peer, const netlink::WgPeer& seen, Wall now) {
  // A peer that was removed and added again counts from zero. The first dump says how much, not
  // since when.
  const bool grew =
      noted_ && seen.received_bytes != 0 && seen.received_bytes != peer.received_bytes;
  const Wall handshake = handshake_of(seen);
  peer.configured = true;
  peer.received_bytes = seen.received_bytes;
  if (handshake == Wall{}) {
    return;  // what came, if it did, proves nothing: anybody can repeat an initiation
  }
  note_initiation(handshake);  // if it was ours, it was not later
  PeerFact fact = peer.fact;
  const bool is_new = handshake > fact.handshake;
  peer.is_ours = peer.is_ours || handshake >= fact.handshake;
  if (!peer.is_ours || (!is_new && !grew)) {
    return;
  }
  if (const auto endpoint = endpoint_of(seen)) {
    fact.endpoint = endpoint;
  }
  fact.handshake = std::max(fact.handshake, handshake);
  fact.active = std::max(fact.active, grew ? now : handshake);
  take_news(peer, fact);
}

void PeerBook::note_initiation(Wall at) {
  if (is_plausible(at) && is_plausible(at + kInitiationGrain)) {
    accepted_from_ = std::max(accepted_from_, at + kInitiationGrain);
  }
}

void PeerBook::merge(const Piece& piece, Wall now) {
  accepted_from_ = std::max(accepted_from_, piece.accepted_from);
  for (const PeerFact& fact : piece.peers) {
    if (KnownPeer* peer = find_or_add(fact.key)) {
      peer->round = piece.round;
      merge(*peer, fact, now);
    }
  }
  if (piece.whole) {
    count(piece);
  }
}

void PeerBook::merge(KnownPeer& peer, PeerFact fact, Wall now) {
  fact.handshake = at_most_ahead(fact.handshake, now);
  fact.active = at_most_ahead(fact.active, now);
  if (age_of(fact) < age_of(peer.fact)) {
    return;
  }
  if (fact.handshake > peer.fact.handshake) {
    peer.is_ours = false;
  }
  take_news(peer, fact);
}

std::vector<Kick> PeerBook::kicks(Wall now) const {
  using Order = std::pair<Wall, Wall>;
  std::vector<std::pair<Order, Kick>> asked;
  for (const auto& [key, peer] : peers_) {
    const PeerFact& fact = peer.fact;
    if (fact.endpoint && fact.handshake != Wall{} && fact.handshake >= now - kAskedWithin) {
      asked.emplace_back(
          Order(fact.active, fact.handshake),
          Kick{.key = key, .endpoint = *fact.endpoint, .seen_elsewhere = !peer.is_ours});
    }
  }
  std::ranges::stable_sort(asked, std::ranges::greater(), &std::pair<Order, Kick>::first);
  std::vector<Kick> kicks;
  kicks.reserve(asked.size());
  for (const auto& [order, kick] : asked) {
    kicks.push_back(kick);
  }
  return kicks;
}

bool PeerBook::seen_elsewhere(const net::PublicKey& key) const {
  const auto known = peers_.find(key);
  return known != peers_.end() && known->second.fact.handshake != Wall{} && !known->second.is_ours;
}

KnownPeer* PeerBook::find_or_add(const net::PublicKey& key) {
  const auto at = peers_.lower_bound(key);
  if (at != peers_.end() && at->first == key) {
    return &at->second;
  }
  if (peers_.size() >= kMostPeers) {
    ++refused_;
    return nullptr;
  }
  return &peers_.emplace_hint(at, key, KnownPeer{.fact = {.key = key}})->second;
}

void PeerBook::take_news(KnownPeer& peer, const PeerFact& fact) {
  const bool is_news = fact.endpoint != peer.fact.endpoint ||
                       fact.handshake != peer.fact.handshake ||
                       fact.active >= peer.told_active + kActivityGrain;
  peer.fact = fact;
  if (is_news) {
    peer.version = ++version_;
    peer.told_active = fact.active;
  }
}

void PeerBook::count(const Piece& piece) {
  if (round_.id != piece.round) {
    round_ = {.id = piece.round};
  }
  if (piece.index >= kMostPieces || round_.seen.test(piece.index)) {
    return;
  }
  round_.seen.set(piece.index);
  if (piece.last) {
    round_.pieces = piece.index + std::size_t{1};
  }
  if (round_.pieces != 0 && round_.seen.count() == round_.pieces) {
    std::erase_if(peers_, [&](const auto& entry) {
      return !entry.second.configured && entry.second.round != piece.round;
    });
  }
}

}  // namespace cw::ha::peers
