// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include <rapidcheck.h>

#include "router/model/snapshot.h"
#include "tests/support/networks.h"

namespace cw::router {

// One gateway or two, one perhaps being replaced, up to a dozen peers; some locked out, some seen
// lately, some on the replacement.
inline Snapshot random_snapshot() {
  const auto gateways = *rc::gen::inRange(1U, 3U);
  auto snapshot = test::snapshot(gateways, *rc::gen::inRange(0U, 12U));
  snapshot.host.ipv6 = *rc::gen::arbitrary<bool>();
  snapshot.host.failover = *rc::gen::arbitrary<bool>();
  if (*rc::gen::arbitrary<bool>()) {
    snapshot.netmap.sites.front().routers.push_back({.name = "r2"});
    snapshot.netmap.sites.front().gateways.front().routers.emplace_back("r2");
  }
  if (*rc::gen::arbitrary<bool>()) {
    snapshot.netmap.sites.front().routes.push_back(*net::Prefix::parse("10.1.0.0/16"));
  }
  for (auto& peer : snapshot.netmap.peers) {
    peer.enabled = *rc::gen::weightedElement<bool>({{4, true}, {1, false}});
    if (*rc::gen::weightedElement<bool>({{3, false}, {1, true}})) {
      snapshot.last_seen[peer.public_key] = {
          {*net::Ip::parse("203.0.113.2"), 4000}, snapshot.now, "cw-" + peer.home};
    }
    if (*rc::gen::weightedElement<bool>({{3, false}, {1, true}})) {
      snapshot.moved.insert(peer.public_key);
    }
  }
  if (*rc::gen::weightedElement<bool>({{3, false}, {1, true}})) {
    test::replace_first_gateway(snapshot);
  }
  // Two people who exchange their addresses: the hard case for allowed IPs.
  if (snapshot.netmap.peers.size() > 2 && *rc::gen::arbitrary<bool>()) {
    std::swap(snapshot.netmap.peers[0].address, snapshot.netmap.peers[1].address);
  }
  return snapshot;
}

}  // namespace cw::router
