// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "policy/world.h"

// Rules from peers to peers that can open nothing for some of them, because no router lets both in.
// Pure. Cost: every selector of a rule to peers against every peer once; then the peers of each
// such rule.
namespace cw::policy {

// Peers whom a rule names and who can meet nobody of those it names at the other end.
struct Apart {
  std::size_t rule = 0;
  std::vector<const Peer*> from;  // by name, in the world that was asked
  std::vector<const Peer*> to;    // by name
};

// In the order of the rules. A rule from `any` names nobody at that end. Expiries are left out.
[[nodiscard]] std::vector<Apart> apart(const World& world);

}  // namespace cw::policy
