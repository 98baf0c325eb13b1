// SPDX-License-Identifier: Apache-2.0
#include "router/plan/overlap.h"

#include <algorithm>

namespace cw::router {

std::vector<GatewayPrefix> gateway_prefixes(const network::Netmap& netmap, const Host& host) {
  std::vector<GatewayPrefix> prefixes;
  const auto site = std::ranges::find(netmap.sites, host.site, &network::Site::name);
  if (site == netmap.sites.end()) {
    return prefixes;
  }
  for (const auto& gateway : site->gateways) {
    // The prefixes of one that replaces another are the other's.
    if (gateway.replaces || !std::ranges::binary_search(gateway.routers, host.router)) {
      continue;
    }
    prefixes.push_back({.gateway = gateway.name, .prefix = gateway.block.ipv4()});
    prefixes.push_back({.gateway = gateway.name, .prefix = gateway.block.image()});
    if (host.ipv6) {
      prefixes.push_back({.gateway = gateway.name, .prefix = gateway.block.ipv6(netmap.ula)});
    }
  }
  std::ranges::sort(prefixes);
  return prefixes;
}

std::vector<Overlap> overlaps(const std::vector<GatewayPrefix>& ours,
                              const std::vector<netlink::HostPrefix>& theirs,
                              const std::vector<net::Prefix>& in_force) {
  std::vector<Overlap> found;
  for (const auto& [gateway, prefix] : ours) {
    const bool there = std::ranges::find(in_force, prefix) != in_force.end();
    for (const auto& other : theirs) {
      if (prefix.overlaps(other.prefix)) {
        found.push_back({.gateway = gateway, .ours = prefix, .theirs = other, .in_force = there});
      }
    }
  }
  std::ranges::sort(found);
  return found;
}

bool is_left_out(const std::string& gateway, const std::vector<Overlap>& overlaps) {
  return std::ranges::any_of(overlaps, [&](const Overlap& overlap) {
    return overlap.gateway == gateway && !overlap.in_force;
  });
}

}  // namespace cw::router
