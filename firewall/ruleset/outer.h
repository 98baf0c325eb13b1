// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "firewall/ruleset/filter.h"
#include "firewall/ruleset/writer.h"
#include "net/endpoint.h"

// WireGuard's own packets, between the router and its clients: which ports they may come to, and
// that conntrack knows nothing of them, which would cost each peer an entry and each packet a
// lookup. Pure.
//
// But what came to another port than the gateway's own was redirected, and conntrack has to turn
// the answers back: so those who come that way are remembered, and what goes to them is tracked
// (docs/adr/0018-outer-packets-are-not-tracked.md).
namespace cw::firewall {

// In the chain raw_prerouting, behind what is dropped there.
void write_untracked(Writer& out, const Filter& filter);

// The chains of their own, and the sets of those who are remembered.
void write_outer(Writer& out, const Filter& filter);

// For a table that is built anew and so remembers nobody: at each of these somebody may be who was
// redirected. As nft text; whoever was not is forgotten again, and loses nothing meanwhile.
[[nodiscard]] std::string remember_text(const std::vector<net::SocketAddress>& clients, bool ipv6);

}  // namespace cw::firewall
