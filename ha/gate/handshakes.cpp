// SPDX-License-Identifier: Apache-2.0
#include "ha/gate/handshakes.h"

#include <algorithm>
#include <functional>
#include <set>

#include "netlink/codec/wireguard_codec.h"

namespace cw::ha::gate {

namespace {

using netlink::HandshakeTime;
using netlink::PeerVerb;
using netlink::WgDevice;
using netlink::WgPeer;
using netlink::WgPeerChange;

// What a peer takes in a message (netlink/codec/wireguard_codec.cpp): a key is 36 bytes, an IPv6
// endpoint 32, flags and keepalive 8 each, a nest 4. Remade, the allowed IPs come on top.
constexpr std::size_t kKickSize = 88 + 56;
constexpr std::size_t kRemadeSize = 48 + 84 + 56;
constexpr std::size_t kAllowedIpSize = 40;  // an IPv6 one
static_assert(kMostAwaited * kKickSize <= netlink::kPeersLimit);

bool has_session(const WgPeer& peer, HandshakeTime wall) {
  return has_session_since(peer, wall - kSessionLifetime);
}

WgPeerChange set_keepalive(const net::PublicKey& key, std::uint16_t seconds) {
  WgPeerChange change{.key = key, .verb = PeerVerb::Update};
  change.keepalive_seconds = seconds;
  return change;
}

void add_kick(std::vector<WgPeerChange>& changes, const Kick& kick) {
  auto begin = set_keepalive(kick.key, kKickKeepaliveSeconds);
  begin.endpoint = kick.endpoint;
  changes.push_back(std::move(begin));
  changes.push_back(set_keepalive(kick.key, 0));
}

void add_remade(std::vector<WgPeerChange>& changes, const Kick& kick, const WgPeer& there) {
  changes.push_back({.key = kick.key, .verb = PeerVerb::Remove});
  WgPeerChange made{.key = kick.key, .verb = PeerVerb::Set, .allowed_ips = there.allowed_ips};
  made.endpoint = kick.endpoint;
  made.keepalive_seconds = kKickKeepaliveSeconds;
  changes.push_back(std::move(made));
  changes.push_back(set_keepalive(kick.key, 0));
}

void start(Gate& gate, std::vector<Due> due, Time now) {
  gate.due = std::move(due);
  gate.next = gate.due.empty() ? std::nullopt : std::optional(now);
}

// Those with an endpoint of their own that are not among the kicks.
void add_others(std::vector<Due>& due, const WgDevice& there,
                const std::function<bool(const WgPeer&)>& wanted) {
  std::set<net::PublicKey> known;
  for (const auto& each : due) {
    known.insert(each.kick.key);
  }
  std::vector<const WgPeer*> others;
  for (const auto& peer : there.peers) {
    if (peer.endpoint && wanted(peer) && !known.contains(peer.key)) {
      others.push_back(&peer);
    }
  }
  std::ranges::stable_sort(others, std::ranges::greater{},
                           [](const WgPeer* peer) { return peer->last_handshake; });
  for (const auto* peer : others) {
    due.push_back(
        {.kick = {.key = peer->key, .endpoint = peer->endpoint.value_or(net::SocketAddress())},
         .remake = true});
  }
}

// Whoever answers from now on, answers this.
Pace begin(Time now, HandshakeTime wall) {
  return {.opened_at = now, .opened = wall};
}

}  // namespace

Gate found(bool open, Time now, HandshakeTime wall) {
  Gate gate{.open = open};
  gate.pace = begin(now - kSessionLifetime, wall - kSessionLifetime);  // any session is as good
  gate.sessions_until = now + kSessionLifetime;
  return gate;
}

bool may_have_sessions(const Gate& gate, Time now) {
  return now < gate.sessions_until;
}

void open(Gate& gate, const std::vector<Kick>& kicks, const WgDevice* there, Time now,
          HandshakeTime wall) {
  gate.open = true;
  gate.stopped = false;
  gate.pace = begin(now, wall);
  std::vector<Due> due;
  due.reserve(kicks.size());
  for (const auto& kick : kicks) {
    const auto* peer = there != nullptr ? find(*there, kick.key) : nullptr;
    due.push_back({.kick = kick, .remake = peer != nullptr && has_session(*peer, wall)});
  }
  if (there != nullptr) {
    add_others(due, *there, [wall](const WgPeer& peer) { return has_session(peer, wall); });
  }
  start(gate, std::move(due), now);
}

void resume(Gate& gate, const std::vector<Kick>& kicks, const WgDevice& there, Time now,
            HandshakeTime wall) {
  gate.stopped = false;
  gate.pace = begin(now, wall);
  std::vector<Due> due;
  due.reserve(kicks.size());
  for (const auto& kick : kicks) {
    due.push_back({.kick = kick, .remake = true});
  }
  add_others(due, there, [wall](const WgPeer& peer) { return has_session(peer, wall); });
  start(gate, std::move(due), now);
}

void reopen(Gate& gate, const WgDevice& there, Time now, HandshakeTime wall) {
  gate.pace = begin(now, wall);
  std::vector<Due> due;
  if (!gate.stopped) {
    // Also a peer without a session may have tried in vain behind the closed mark.
    add_others(due, there, [](const WgPeer& /*peer*/) { return true; });
  }
  start(gate, std::move(due), now);
}

void kick_again(Gate& gate, const std::vector<Kick>& kicks, const WgDevice& there, Time now) {
  if (!gate.open || gate.stopped) {
    return;
  }
  learn(gate.pace, there);
  std::vector<Due> again;
  std::set<net::PublicKey> waiting;
  for (const auto& each : gate.due) {
    waiting.insert(each.kick.key);
  }
  for (const auto& kick : kicks) {
    const auto* peer = find(there, kick.key);
    if (peer == nullptr || has_session_since(*peer, gate.pace.opened) ||
        waiting.contains(kick.key) || is_early(gate.pace, kick.key, now)) {
      continue;
    }
    again.push_back({.kick = kick, .remake = true});
  }
  gate.due.insert(gate.due.begin(), again.begin(), again.end());  // they are the more active ones
  if (!gate.due.empty() && !gate.next) {
    gate.next = now;
  }
}

void stop(Gate& gate) {
  gate.stopped = true;
  gate.due.clear();
  gate.next.reset();
}

void close(Gate& gate, Time now) {
  if (gate.open) {
    gate.sessions_until = now + kSessionLifetime;
  }
  gate.open = false;
  gate.pace.tried.clear();
  stop(gate);
}

bool needs_device(const Gate& gate) {
  const auto end =
      gate.due.begin() + static_cast<std::ptrdiff_t>(std::min(gate.due.size(), kMostAwaited));
  return !gate.pace.tried.empty() ||
         std::any_of(gate.due.begin(), end, [](const Due& each) { return each.remake; });
}

std::vector<WgPeerChange> next_batch(Gate& gate, const WgDevice* there, Time now) {
  std::vector<WgPeerChange> changes;
  if (!gate.next || now < *gate.next) {
    return changes;
  }
  if (there != nullptr) {
    learn(gate.pace, *there);
  }
  const auto most = room(gate.pace, there, now);
  std::size_t remade = 0;
  std::size_t sent = 0;
  std::size_t size = 0;
  std::size_t taken = 0;
  for (; taken < gate.due.size() && sent < most; ++taken) {
    const auto& due = gate.due[taken];
    const auto* peer = there != nullptr ? find(*there, due.kick.key) : nullptr;
    if (due.remake && peer == nullptr) {
      continue;  // the agent has removed it
    }
    const auto more =
        due.remake ? kRemadeSize + kAllowedIpSize * peer->allowed_ips.size() : kKickSize;
    if (due.remake && more > netlink::kPeersLimit) {
      continue;  // it would take two messages, and could be lost between them
    }
    if (size + more > netlink::kPeersLimit || (due.remake && remade == kMostRemade)) {
      break;
    }
    size += more;
    if (due.remake) {
      ++remade;
      add_remade(changes, due.kick, *peer);
    } else {
      add_kick(changes, due.kick);
    }
    auto& tried = gate.pace.tried[due.kick.key];
    tried = {.last = now, .times = tried.times + 1};
    ++sent;
  }
  gate.due.erase(gate.due.begin(), gate.due.begin() + static_cast<std::ptrdiff_t>(taken));
  gate.next.reset();
  if (!gate.due.empty()) {
    gate.next = now + kBatchEvery;
  }
  return changes;
}

std::vector<WgPeerChange> without_keepalive(const WgDevice& there) {
  std::vector<WgPeerChange> changes;
  for (const auto& peer : there.peers) {
    if (peer.keepalive_seconds != 0) {
      changes.push_back(set_keepalive(peer.key, 0));
    }
  }
  return changes;
}

}  // namespace cw::ha::gate
