// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/endpoint.h"
#include "net/key.h"
#include "netlink/codec/wireguard_values.h"
#include "network/netmap.h"
#include "router/model/overlap.h"

// The only input of desired(): everything that is known at one moment. Plain value; it can be kept
// and replayed.
namespace cw::router {

// What this machine is, from router.toml and from looking at the host.
struct Host {
  std::string router;  // name in the netmap
  std::string site;
  std::map<std::string, net::PublicKey> keys;     // gateway -> public half of the key we hold
  std::vector<std::uint16_t> alternate_ports;     // UDP ports redirected to the first gateway's
  std::vector<std::string> flowtable_devices;     // towards the site, and there; none: no flowtable
  bool ipv6 = true;                               // the kernel has IPv6
  std::vector<std::string> ra_devices;            // the kernel takes router advertisements there
  std::optional<std::uint64_t> conntrack_memory;  // bytes; none: its table is not ours to size
  bool failover = false;                          // causeway-failover runs here, and has the gates

  friend bool operator==(const Host&, const Host&) = default;
};

// A peer as an audit saw it, kept because a deleted device takes its peers' endpoints with it.
struct LastSeen {
  net::SocketAddress endpoint;
  netlink::HandshakeTime last_handshake{};
  std::string device;

  friend bool operator==(const LastSeen&, const LastSeen&) = default;
};

struct Snapshot {
  network::Netmap netmap;
  Host host;
  std::vector<Overlap> overlaps;  // of the netmap's gateways with what the host has
  std::map<net::PublicKey, LastSeen> last_seen;
  std::set<net::PublicKey> moved;  // peers that are on a gateway that replaces theirs (rotation.h)
  WallTime now{};
};

}  // namespace cw::router
