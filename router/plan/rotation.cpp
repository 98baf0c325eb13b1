// SPDX-License-Identifier: Apache-2.0
#include "router/plan/rotation.h"

#include <algorithm>

#include "router/plan/desired.h"

namespace cw::router {

namespace {

const netlink::WgPeer* find(const std::vector<netlink::WgDevice>& devices,
                            const std::string& device, const net::PublicKey& key) {
  const auto there = std::ranges::find(devices, device, &netlink::WgDevice::name);
  if (there == devices.end()) {
    return nullptr;
  }
  const auto peer = std::ranges::lower_bound(there->peers, key, {}, &netlink::WgPeer::key);
  return peer == there->peers.end() || peer->key != key ? nullptr : &*peer;
}

}  // namespace

std::vector<Replacement> replacements(const network::Netmap& netmap, const Host& host) {
  std::vector<Replacement> found;
  const auto site = std::ranges::find(netmap.sites, host.site, &network::Site::name);
  if (site == netmap.sites.end()) {
    return found;
  }
  for (const auto& gateway : site->gateways) {
    if (gateway.replaces && std::ranges::binary_search(gateway.routers, host.router)) {
      found.push_back(
          {.before = device_name(*gateway.replaces), .after = device_name(gateway.name)});
    }
  }
  return found;
}

std::set<net::PublicKey> moved(const std::vector<Replacement>& replacements,
                               const std::vector<netlink::WgDevice>& devices) {
  std::set<net::PublicKey> keys;
  for (const auto& [before, after] : replacements) {
    const auto device = std::ranges::find(devices, after, &netlink::WgDevice::name);
    if (device == devices.end()) {
      continue;
    }
    for (const auto& peer : device->peers) {
      const auto* old = find(devices, before, peer.key);
      if (peer.last_handshake &&
          (old == nullptr || !old->last_handshake || *old->last_handshake < *peer.last_handshake)) {
        keys.insert(peer.key);
      }
    }
  }
  return keys;
}

}  // namespace cw::router
