// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "net/prefix.h"

// Ranges that no peer, pool, route or address of a gateway may touch: this host, loopback, the link
// (with a cloud's metadata address), multicast, and what 4via6 translates to (RFC 6890; 240.0.0.0/4
// by our design). Pure.
namespace cw::network {

// The prefix itself. Invalid: it overlaps one of them; the message says which.
[[nodiscard]] Result<net::Prefix> not_special(const net::Prefix& prefix);

}  // namespace cw::network
