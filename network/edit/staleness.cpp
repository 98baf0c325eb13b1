// SPDX-License-Identifier: Apache-2.0
#include "network/edit/staleness.h"

#include <algorithm>

#include <fmt/format.h>

#include "network/client_config.h"

namespace cw::network {

namespace {

void add_sites(const Netmap& netmap, const Peer& peer, std::vector<std::string>& may) {
  for (const Site& site : netmap.sites) {
    const bool reached = std::ranges::any_of(
        site.gateways, [&](const Gateway& each) { return each.block.contains(peer.address); });
    if (reached && !std::ranges::binary_search(peer.sites, site.name)) {
      may.push_back(fmt::format("site {}", site.name));
    }
  }
}

// A catch-all leads to the home gateway's site, and a route there needs nothing else.
bool caught(const Netmap& netmap, const net::Prefix& route) {
  return std::ranges::any_of(netmap.client_routes,
                             [&](const net::Prefix& each) { return each.contains(route); });
}

// A gateway that is being replaced serves until it is retired.
void add_gateways(const Netmap& netmap, const Peer& peer, std::vector<std::string>& may) {
  for (const auto& way : client_config(netmap, peer).peers) {
    const auto& gateways = std::ranges::find(netmap.sites, way.site, &Site::name)->gateways;
    if (std::ranges::find(gateways, way.gateway, &Gateway::name)->replaces) {
      may.push_back(fmt::format("gateway {}", way.gateway));
    }
  }
}

void add_routes(const Netmap& netmap, const Peer& peer, const LocatedList<SiteRoute>& had,
                std::vector<std::string>& may) {
  for (const auto& site : client_config(netmap, peer).peers) {
    for (const auto& route : site.routes) {
      const auto at = [&](const Located<SiteRoute>& each) { return each.value.route == route; };
      const auto other = std::ranges::find_if(had, at);
      if (std::ranges::any_of(
              had, [&](const auto& each) { return at(each) && each.value.site == site.site; })) {
        continue;
      }
      if (other != had.end()) {
        may.push_back(fmt::format("{} at {}, no longer at {}", route.to_text(), site.site,
                                  other->value.site));
      } else if (site.gateway != peer.home || !caught(netmap, route)) {
        may.push_back(fmt::format("{} at {}", route.to_text(), site.site));
      }
    }
  }
}

}  // namespace

std::vector<Staleness> stale_peers(const Directory& directory, const Netmap& netmap) {
  std::vector<Staleness> stale;
  for (const Peer& peer : netmap.peers) {
    const auto file = directory.peers.find(peer.name);
    if (!peer.issued || file == directory.peers.end()) {
      continue;
    }
    Staleness one{.peer = peer.name, .must = !still_works(netmap, peer, *peer.issued)};
    if (!one.must && *peer.issued != fingerprint(netmap, peer)) {
      add_gateways(netmap, peer, one.may);
    }
    add_sites(netmap, peer, one.may);
    if (file->second.routes) {
      add_routes(netmap, peer, *file->second.routes, one.may);
    }
    if (one.must || !one.may.empty()) {
      stale.push_back(std::move(one));
    }
  }
  return stale;
}

}  // namespace cw::network
