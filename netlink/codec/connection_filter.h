// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <linux/filter.h>

#include "net/prefix.h"
#include "netlink/codec/connection.h"

// Which connections are a gateway's: one end, as the overlay knows it, lies in its addresses. Pure.
namespace cw::netlink {

[[nodiscard]] bool concerns(const Connection& connection, const std::vector<net::Prefix>& ours);

// The same as a socket filter (classic BPF) of conntrack events, so that the rest of the host's
// connections wake nobody. Lets through what it does not understand, and everything where there are
// more prefixes than a filter has room for.
[[nodiscard]] std::vector<sock_filter> connection_filter(const std::vector<net::Prefix>& ours);

}  // namespace cw::netlink
