// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <linux/filter.h>

#include "net/ip.h"

// Which frames wake us, as classic BPF for a packet socket (linux/filter.h): few, whatever goes on
// on the LAN. Each takes addresses of both families and lets through frames for those of its own;
// for none, nothing. Of IPv6 addresses it compares the last 32 bits, and whoever reads the frame
// the rest: a filter counts against net.core.optmem_max (20 KiB until Linux 6.6), of which four
// words each would be too much soon. The socket's EtherType decides what else there is. Pure.
namespace cw::ha::arp {

using Filter = std::vector<sock_filter>;

// Two instructions each, of eight bytes: with room below optmem_max, of which the socket needs
// more.
inline constexpr std::size_t kMostAddresses = 400;

// ARP by a sender that says it has one of them.
[[nodiscard]] Filter arp_by(const std::vector<net::Ip>& addresses);
// Neighbour advertisements of one of them.
[[nodiscard]] Filter advertisements_of(const std::vector<net::Ip>& addresses);
// IP packets to one of them, and to this machine's MAC.
[[nodiscard]] Filter packets_to(const std::vector<net::Ip>& addresses, net::Family family);

}  // namespace cw::ha::arp
