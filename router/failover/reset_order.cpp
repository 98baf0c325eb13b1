// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "router/failover/reset_sender.h"

namespace cw::failover {

std::vector<netlink::Tuple> by_activity(const std::vector<netlink::Connection>& connections,
                                        const std::vector<ha::gate::Kick>& kicks,
                                        std::span<const netlink::WgPeer> peers) {
  std::map<net::PublicKey, std::size_t> places;
  for (const auto& kick : kicks) {
    places.emplace(kick.key, places.size());
  }
  std::map<net::Ip, std::size_t> ranks;
  for (const auto& peer : peers) {
    const auto place = places.find(peer.key);
    for (const auto& prefix : peer.allowed_ips) {
      if (place != places.end() && prefix.is_host()) {
        ranks.emplace(prefix.address(), place->second);
      }
    }
  }
  std::vector<std::pair<std::size_t, netlink::Tuple>> ranked;
  ranked.reserve(connections.size());
  for (const auto& connection : connections) {
    const auto& client = connection.id.original;
    const auto rank = ranks.find(client.source);
    ranked.emplace_back(rank == ranks.end() ? places.size() : rank->second, client);
  }
  std::ranges::sort(ranked);
  std::vector<netlink::Tuple> clients;
  clients.reserve(ranked.size());
  for (const auto& [rank, client] : ranked) {
    clients.push_back(client);
  }
  return clients;
}

}  // namespace cw::failover
