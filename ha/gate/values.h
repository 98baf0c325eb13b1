// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "net/endpoint.h"
#include "net/ip.h"
#include "net/key.h"
#include "net/prefix.h"
#include "netlink/codec/route_values.h"

// The gate of a gateway: what a router that does not own it keeps shut, so that nothing is answered
// or begun with the key that it shares with its siblings (docs/adr/0028). It is the firewall mark
// of the WireGuard device: with the closed one the kernel has no route for what the device sends.
// Plain values.
namespace cw::ha::gate {

// What is ours in the kernel: router::gate_numbers() (router/model/ownership.h).
struct Numbers {
  netlink::Ownership ownership;       // with the gates' own protocol
  std::uint32_t mark_open = 0;        // of a device's own packets
  std::uint32_t mark_closed = 0;      // the same; they go nowhere
  std::uint32_t mark_mask = 0;        // of both
  std::uint32_t first_table = 0;      // of the gateways' sources, one for each
  std::uint32_t tables = 0;           // so many
  std::uint32_t priority_closed = 0;  // fwmark CLOSED/MASK blackhole; the agent has it too
  std::uint32_t priority_block = 0;   // to BLOCK unreachable
  std::uint32_t priority_source = 0;  // fwmark OPEN/MASK ipproto udp sport PORT lookup TABLE

  friend bool operator==(const Numbers&, const Numbers&) = default;
};

struct Gateway {
  std::string name;
  std::string device;
  std::uint16_t listen_port = 0;
  std::vector<net::Prefix> blocks;  // all that is routed to the device: IPv4, its twin, its image
  std::vector<net::Ip> addresses;   // that clients send to; at most one of each family

  friend bool operator==(const Gateway&, const Gateway&) = default;
};

// A peer to shake hands with, and where it was last.
struct Kick {
  net::PublicKey key;
  net::SocketAddress endpoint;

  friend bool operator==(const Kick&, const Kick&) = default;
};

}  // namespace cw::ha::gate
