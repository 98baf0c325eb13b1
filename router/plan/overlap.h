// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "router/model/overlap.h"
#include "router/model/snapshot.h"

// Which of the prefixes that this router would route into its tunnels the host uses already. Pool
// addresses are of 100.64.0.0/10, and so are some clouds' pods and other VPNs; what the host
// reached there before would be cut off. A site's routes are no concern here: that the host has
// them is what a router is for. Pure.
namespace cw::router {

// What goes into the tunnel of each gateway that this router serves: its block, the block's IPv6
// and its image. Sorted.
struct GatewayPrefix {
  std::string gateway;
  net::Prefix prefix;

  friend auto operator<=>(const GatewayPrefix&, const GatewayPrefix&) = default;
};

[[nodiscard]] std::vector<GatewayPrefix> gateway_prefixes(const network::Netmap& netmap,
                                                          const Host& host);

// `in_force`: prefixes that are routed into a tunnel of ours now. Sorted.
[[nodiscard]] std::vector<Overlap> overlaps(const std::vector<GatewayPrefix>& ours,
                                            const std::vector<netlink::HostPrefix>& theirs,
                                            const std::vector<net::Prefix>& in_force);

// Is the gateway left out for one of these?
[[nodiscard]] bool is_left_out(const std::string& gateway, const std::vector<Overlap>& overlaps);

}  // namespace cw::router
