// SPDX-License-Identifier: Apache-2.0
#include "router/failover/reset_sender.h"

namespace cw::failover {

Ranks by_activity(const std::vector<ha::gate::Kick>& kicks,
                  std::span<const netlink::WgPeer> peers) {
  std::map<net::PublicKey, std::size_t> places;
  for (const auto& kick : kicks) {
    places.emplace(kick.key, places.size());
  }
  Ranks ranks;
  for (const auto& peer : peers) {
    const auto place = places.find(peer.key);
    for (const auto& prefix : peer.allowed_ips) {
      if (place != places.end() && prefix.is_host()) {
        ranks.emplace(prefix.address(), place->second);
      }
    }
  }
  return ranks;
}

}  // namespace cw::failover
