// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "net/key.h"
#include "network/netmap.h"
#include "router/apply/apply.h"
#include "router/model/snapshot.h"

// Small networks for tests, with keys derived from a number so that texts are stable.
namespace cw::test {

net::PrivateKey private_key(unsigned number);
net::PublicKey public_key(unsigned number);

// Site `prod` (id 1) with router `r1`, gateway `prod` on port 51820 with the lower half of the
// pool, gateway `spare` on 51821 with the upper half, and `peers` peers, named p0001 and so on,
// alternating between the two; peer i has key 1000 + i. With one gateway, `prod` has all.
router::Snapshot snapshot(unsigned gateways, unsigned peers);

// Beside `prod` stands `prod-2`, which replaces it: key 3, and the port a hundred further.
void replace_first_gateway(router::Snapshot& snapshot);

// The keys of the gateways of that network.
router::KeyRing key_ring();

}  // namespace cw::test
