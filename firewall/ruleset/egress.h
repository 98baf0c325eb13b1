// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "firewall/ruleset/filter.h"
#include "firewall/ruleset/writer.h"

// From which address what peers send leaves towards the site, and what becomes of packets to a
// floating address that are of no connection here: they are dropped and never answered. An answer,
// a reset above all, would end connections that another router has, or that this one has taken over
// and hears of first by the site's packets. A drop also keeps conntrack from remembering such a
// packet as a connection that begins at the site, in whose way the peer's own would be. Pure
// (docs/adr/0030-how-packets-leave.md).
namespace cw::firewall {

// In the chain `forward`, for packets that no tunnel is an end of: a floating address that is
// routed here without being the host's would go round in a circle.
void write_unrouted(Writer& out, const Filter& filter);

// The chains of their own.
void write_egress(Writer& out, const Filter& filter);

}  // namespace cw::firewall
