// SPDX-License-Identifier: Apache-2.0
#include "router/agent/peer_events.h"

#include <algorithm>
#include <utility>

#include "router/api/status.h"

namespace cw::agent {

namespace {

bool is_active(const netlink::WgPeer& peer, netlink::HandshakeTime now) {
  return peer.last_handshake && now - *peer.last_handshake < api::kActiveFor;
}

// Notes a move to `to`; true if the peer had been there before.
bool moved(Track& track, const net::SocketAddress& to) {
  const bool been_there = std::find(track.left.begin(), track.left.end(), to) != track.left.end();
  track.left = {track.endpoint.value_or(net::SocketAddress{}), track.left[0]};
  return been_there;
}

bool too_soon(netlink::HandshakeTime handshake, netlink::HandshakeTime before) {
  return handshake > before && handshake - before < kRekeyAfter;
}

class Comparison {
 public:
  Comparison(const std::string& device, netlink::HandshakeTime now, std::vector<PeerEvent>& events)
      : device_(device), now_(now), events_(events) {}

  void look(const netlink::WgPeer& peer, Track& track) {
    const bool active = is_active(peer, now_);
    const auto handshake = peer.last_handshake.value_or(netlink::HandshakeTime{});
    if (active && !track.active) {
      say(PeerEventKind::Connected, peer);
    } else if (!active && track.active) {
      say(PeerEventKind::Silent, peer);
    }
    if (peer.endpoint && track.endpoint && peer.endpoint != track.endpoint) {
      const auto before = track.endpoint;
      const bool came_back = moved(track, *peer.endpoint);
      if (active && track.active) {
        say(PeerEventKind::Roamed, peer, before);
      }
      if (came_back && too_soon(handshake, track.last_handshake)) {
        std::shift_right(track.returns.begin(), track.returns.end(), 1);
        track.returns[0] = now_;
      }
    }
    judge(peer, track);
    track.active = active;
    track.last_handshake = handshake;
    if (peer.endpoint) {
      track.endpoint = peer.endpoint;
    }
  }

 private:
  void judge(const netlink::WgPeer& peer, Track& track) {
    const auto since = now_ - kFlappingWindow;
    if (!track.flapping && track.returns.back() > since) {
      track.flapping = true;
      say(PeerEventKind::FlappingBegan, peer, track.left[0]);
    } else if (track.flapping && track.returns.front() <= since) {
      track.flapping = false;
      say(PeerEventKind::FlappingEnded, peer);
    }
  }

  void say(PeerEventKind kind, const netlink::WgPeer& peer,
           std::optional<net::SocketAddress> before = std::nullopt) {
    events_.push_back({.kind = kind,
                       .device = device_,
                       .key = peer.key,
                       .endpoint = peer.endpoint,
                       .before = before});
  }

  const std::string& device_;
  netlink::HandshakeTime now_;
  std::vector<PeerEvent>& events_;
};

}  // namespace

std::vector<PeerEvent> PeerHistory::observe(const std::vector<netlink::WgDevice>& devices,
                                            netlink::HandshakeTime now) {
  std::vector<PeerEvent> events;
  for (const netlink::WgDevice& device : devices) {
    Tracks before = std::exchange(devices_[device.name], {});
    Tracks& after = devices_[device.name];
    Comparison comparison(device.name, now, events);
    for (const netlink::WgPeer& peer : device.peers) {
      // Moving the node keeps a no-op look free of allocations.
      auto node = before.extract(peer.key);
      const auto at = node.empty() ? after.emplace_hint(after.end(), peer.key, Track{})
                                   : after.insert(after.end(), std::move(node));
      comparison.look(peer, at->second);
    }
  }
  if (!looked_) {
    looked_ = true;
    events.clear();
  }
  return events;
}

bool PeerHistory::flapping(const std::string& device, const net::PublicKey& key) const {
  const auto tracks = devices_.find(device);
  if (tracks == devices_.end()) {
    return false;
  }
  const auto track = tracks->second.find(key);
  return track != tracks->second.end() && track->second.flapping;
}

}  // namespace cw::agent
