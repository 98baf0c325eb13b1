// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "network/netmap.h"

// What a router must know to serve a netmap, by name, in the netmap's body: a router that lacks one
// keeps the netmap it has, and says which. A feature is added here together with the code that a
// router needs for it, and only where leaving it out would let through, or lead astray, what the
// netmap does not mean, or where the body has a key that an older router refuses anyway. Pure.
namespace cw::network {

// Of this netmap; sorted: `floating-ipv6`, where a gateway's egress has an IPv6 address, `health`,
// where a site has targets, and `ipv4-aliases`, where a site has one.
[[nodiscard]] std::vector<std::string> features_of(const Netmap& netmap);

[[nodiscard]] bool is_known_feature(std::string_view name);

}  // namespace cw::network
