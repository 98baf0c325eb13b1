// SPDX-License-Identifier: Apache-2.0
#include "network/policy_world.h"

#include <algorithm>
#include <utility>

namespace cw::network {

namespace {

std::vector<policy::Entrance> entrances_of(const Peer& peer, const Netmap& netmap) {
  std::vector<policy::Entrance> found;
  for (const auto& name : peer.sites) {
    const auto site = std::ranges::lower_bound(netmap.sites, name, {}, &Site::name);
    if (site == netmap.sites.end() || site->name != name) {
      continue;
    }
    for (const auto& gateway : site->gateways) {
      if (gateway.block.contains(peer.address)) {
        for (const auto& router : gateway.routers) {
          found.push_back({.site = name, .router = router});
        }
      }
    }
  }
  std::ranges::sort(found);  // two gateways may have one block, where one replaces the other
  const auto [first, last] = std::ranges::unique(found);
  found.erase(first, last);
  return found;
}

// Also those that float, which are on the router that serves their gateway.
std::vector<policy::RouterAddress> addresses_of(const Site& site) {
  std::vector<policy::RouterAddress> found;
  for (const auto& router : site.routers) {
    if (router.address) {
      found.push_back({.router = router.name, .address = *router.address});
    }
  }
  for (const auto& gateway : site.gateways) {
    for (const auto& router : gateway.routers) {
      for (const auto& address : {gateway.egress.address, gateway.egress.address_ipv6}) {
        if (address) {
          found.push_back({.router = router, .address = *address});
        }
      }
    }
  }
  return found;
}

}  // namespace

policy::World policy_world(const Netmap& netmap, WallTime now) {
  policy::World world;
  for (const auto& site : netmap.sites) {
    world.sites.push_back({.name = site.name,
                           .routes = site.routes,
                           .via = net::site_via(netmap.via_prefix, site.id),
                           .aliases = site.aliases,
                           .routers = addresses_of(site)});
  }
  for (const auto& peer : netmap.peers) {
    const bool expired = peer.expires && *peer.expires <= now;
    policy::Peer one{.name = peer.name,
                     .user = peer.user,
                     .groups = peer.groups,
                     .sites = peer.sites,
                     .address = peer.address,
                     .entrances = entrances_of(peer, netmap)};
    if (!peer.enabled) {
      world.locked_out.push_back({.peer = std::move(one), .expired = std::nullopt});
    } else if (expired) {
      world.locked_out.push_back({.peer = std::move(one), .expired = peer.expires});
    } else {
      world.peers.push_back(std::move(one));
    }
  }
  world.policy = netmap.policy;
  return world;
}

}  // namespace cw::network
