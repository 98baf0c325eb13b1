// SPDX-License-Identifier: Apache-2.0
#include "network/policy_world.h"

namespace cw::network {

policy::World policy_world(const Netmap& netmap, WallTime now) {
  policy::World world;
  for (const auto& site : netmap.sites) {
    world.sites.push_back({.name = site.name,
                           .routes = site.routes,
                           .via = net::site_via(netmap.via_prefix, site.id),
                           .aliases = site.aliases});
  }
  for (const auto& peer : netmap.peers) {
    if (peer.enabled && (!peer.expires || *peer.expires > now)) {
      world.peers.push_back({.name = peer.name,
                             .user = peer.user,
                             .groups = peer.groups,
                             .sites = peer.sites,
                             .address = peer.address});
    }
  }
  world.policy = netmap.policy;
  return world;
}

}  // namespace cw::network
