// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "net/prefix.h"
#include "netlink/codec/route_values.h"

namespace cw::router {

// A prefix of a gateway's that this host uses for something else. Plain value.
struct Overlap {
  std::string gateway;
  net::Prefix ours;
  netlink::HostPrefix theirs;
  // Ours was there first. It stays, since people are connected by it; otherwise the gateway is left
  // out, since taking the addresses over could cut the host off.
  bool in_force = false;

  friend auto operator<=>(const Overlap&, const Overlap&) = default;
};

}  // namespace cw::router
