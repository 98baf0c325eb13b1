// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "network/netmap.h"
#include "policy/world.h"

// What a netmap's policy speaks of. Peers that are not let in at that time stand apart, as locked
// out: they are nobody to a rule. Pure.
namespace cw::network {

[[nodiscard]] policy::World policy_world(const Netmap& netmap, WallTime now);

}  // namespace cw::network
