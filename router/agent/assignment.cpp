// SPDX-License-Identifier: Apache-2.0
#include "router/agent/assignment.h"

#include <algorithm>
#include <set>

#include "router/plan/desired.h"

namespace cw::agent {

namespace {

// A ULA as a part of etcd's keys: letters, digits and '-' (ha/etcd/codec/messages.h).
std::string id_of(const net::Prefix& ula) {
  auto text = ula.address().to_text();
  text.resize(text.find_last_not_of(':') + 1);
  std::ranges::replace(text, ':', '-');
  return text;
}

std::vector<net::Prefix> blocks_of(const network::Netmap& netmap, const network::Gateway& gateway,
                                   bool ipv6) {
  std::vector<net::Prefix> blocks{gateway.block.ipv4(), gateway.block.image()};
  if (ipv6) {
    blocks.push_back(gateway.block.ipv6(netmap.ula));
  }
  return blocks;
}

// Translated IPv4 has the image's addresses and leaves as IPv4 does.
std::vector<net::Prefix> replicated_of(const network::Netmap& netmap,
                                       const network::Gateway& gateway, bool ipv6) {
  const auto& egress = gateway.egress;
  if (egress.mode == network::EgressMode::Masquerade) {
    return {};
  }
  const bool ipv6_too = egress.mode == network::EgressMode::Routed || egress.address_ipv6;
  return blocks_of(netmap, gateway, ipv6 && ipv6_too);
}

std::vector<net::Ip> egress_of(const network::Egress& egress) {
  std::vector<net::Ip> addresses;
  for (const auto& address : {egress.address, egress.address_ipv6}) {
    if (address) {
      addresses.push_back(*address);
    }
  }
  return addresses;
}

}  // namespace

api::Assignment assignment_of(const network::Netmap* netmap, const router::Host& host,
                              std::uint64_t serial) {
  api::Assignment assignment{.router = host.router};
  if (netmap == nullptr) {
    return assignment;
  }
  const auto site = std::ranges::find(netmap->sites, host.site, &network::Site::name);
  if (site == netmap->sites.end()) {
    return assignment;
  }
  assignment.network = id_of(netmap->ula);
  assignment.site = site->id.value;
  assignment.serial = serial;
  assignment.health = site->health;
  std::set<std::string> siblings;
  for (const auto& gateway : site->gateways) {
    const bool shared = gateway.routers.size() > 1;
    if (!shared || !std::ranges::binary_search(gateway.routers, host.router)) {
      continue;
    }
    siblings.insert(gateway.routers.begin(), gateway.routers.end());
    assignment.gateways.push_back({.name = gateway.name,
                                   .device = router::device_name(gateway.name),
                                   .public_key = gateway.public_key,
                                   .listen_port = gateway.listen_port,
                                   .blocks = blocks_of(*netmap, gateway, host.ipv6),
                                   .egress = egress_of(gateway.egress),
                                   .replicated = replicated_of(*netmap, gateway, host.ipv6),
                                   .routers = gateway.routers});
  }
  for (const auto& router : site->routers) {
    if (siblings.contains(router.name)) {
      assignment.routers.push_back({.name = router.name, .address = router.address});
    }
  }
  return assignment;
}

std::string shared_for_nothing(const network::Netmap* netmap, const router::Host& host) {
  if (host.failover) {
    return {};
  }
  const auto assignment = assignment_of(netmap, host, 0);
  return assignment.gateways.empty() ? std::string() : assignment.gateways.front().name;
}

}  // namespace cw::agent
