// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "network/netmap.h"
#include "policy/world.h"

// What a netmap's policy speaks of. Peers that are not enabled are nobody; expiries are for whoever
// knows the time. Pure.
namespace cw::network {

[[nodiscard]] policy::World policy_world(const Netmap& netmap);

}  // namespace cw::network
