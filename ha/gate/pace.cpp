// SPDX-License-Identifier: Apache-2.0
#include "ha/gate/pace.h"

#include <algorithm>
#include <chrono>

namespace cw::ha::gate {

using netlink::HandshakeTime;
using netlink::WgDevice;
using netlink::WgPeer;

namespace {

// What is still on its way, at the most: `least` as long as no answer has taken longer.
Duration answer_time(const Pace& pace, Duration least) {
  return std::clamp(kSlower * pace.slowest, least, std::max(least, kMostAnswerTime));
}

}  // namespace

const WgPeer* find(const WgDevice& device, const net::PublicKey& key) {
  const auto found = std::ranges::lower_bound(device.peers, key, {}, &WgPeer::key);
  return found != device.peers.end() && found->key == key ? &*found : nullptr;
}

bool has_session_since(const WgPeer& peer, HandshakeTime since) {
  return peer.last_handshake && *peer.last_handshake >= since;
}

void learn(Pace& pace, const WgDevice& there) {
  pace.answers = 0;
  for (const auto& [key, tried] : pace.tried) {
    const auto* peer = find(there, key);
    const auto sent = pace.opened + (tried.last - pace.opened_at);
    const auto answered = peer != nullptr ? peer->last_handshake : std::nullopt;
    if (answered && *answered >= sent && *answered - sent < kMostAnswerTime) {
      const auto took = std::chrono::duration_cast<Duration>(*answered - sent);
      pace.slowest = std::max(pace.slowest, took);
      ++pace.answers;
    }
  }
}

std::size_t awaited(const Pace& pace, const WgDevice* there, Time now) {
  const auto limit = answer_time(pace, kLeastAnswerTime);
  std::size_t count = 0;
  for (const auto& [key, tried] : pace.tried) {
    if (now - tried.last >= limit) {
      continue;
    }
    const auto* peer = there != nullptr ? find(*there, key) : nullptr;
    if (peer == nullptr || !has_session_since(*peer, pace.opened)) {
      ++count;
    }
  }
  return count;
}

std::size_t room(const Pace& pace, const WgDevice* there, Time now) {
  const auto most = std::min(kMostAwaited, kFirstAwaited + pace.answers);
  return most - std::min(most, awaited(pace, there, now));
}

bool is_early(const Pace& pace, const net::PublicKey& key, Time now) {
  constexpr unsigned kMostDoublings = 8;  // 51 s: longer than anybody kicks
  const auto tried = pace.tried.find(key);
  if (tried == pace.tried.end()) {
    return false;
  }
  const auto doublings = std::min(tried->second.times - 1, kMostDoublings);
  const auto patience = std::max(answer_time(pace, kPatience), kPatience * (1U << doublings));
  return now - tried->second.last < patience;
}

}  // namespace cw::ha::gate
