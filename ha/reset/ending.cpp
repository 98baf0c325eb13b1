// SPDX-License-Identifier: Apache-2.0
#include "ha/reset/ending.h"

#include <algorithm>

#include <netinet/in.h>

namespace cw::ha::reset {

bool goes_on(const netlink::Connection& connection, const Moving& moving) {
  const auto& seen = connection.reply.destination;
  return seen == connection.id.original.source ||
         std::ranges::find(moving.addresses, seen) != moving.addresses.end() ||
         std::ranges::any_of(moving.blocks,
                             [&](const net::Prefix& block) { return block.contains(seen); });
}

bool concerns_siblings(const netlink::Connection& connection, const Moving& moving) {
  return connection.id.protocol == IPPROTO_TCP || goes_on(connection, moving);
}

std::vector<netlink::Connection> ended(std::span<const netlink::Connection> told,
                                       const replica::Picture& here, const Moving& moving) {
  std::vector<netlink::Connection> all;
  for (const auto& connection : told) {
    const auto own = here.find(connection.id);
    const bool lives = own != here.end() && own->second.reply == connection.reply;
    if (!lives && connection.id.protocol == IPPROTO_TCP && !goes_on(connection, moving)) {
      all.push_back(connection);
    }
  }
  return all;
}

}  // namespace cw::ha::reset
