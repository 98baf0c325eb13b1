// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "network/netmap.h"
#include "router/api/assignment.h"
#include "router/model/snapshot.h"

// What causeway-failover is to know of the network in force. Pure; linear in a site's gateways.
namespace cw::agent {

// Of the gateways that others may serve as well: router::is_gated() says the same of each.
// `netmap`: none where nothing is in force, or the router is down. `serial`: 0 where it is not
// signed. Gateways that replace another and those they replace have one block: each is shared.
[[nodiscard]] api::Assignment assignment_of(const network::Netmap* netmap, const router::Host& host,
                                            std::uint64_t serial);

// A gateway that other routers may serve as well, of a router without failover; none: "".
[[nodiscard]] std::string shared_for_nothing(const network::Netmap* netmap,
                                             const router::Host& host);

}  // namespace cw::agent
