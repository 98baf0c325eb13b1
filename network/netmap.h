// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/alias.h"
#include "net/block.h"
#include "net/endpoint.h"
#include "net/key.h"
#include "net/prefix.h"
#include "net/via6.h"
#include "network/minisign.h"
#include "policy/policy.h"

// The compiled network: all that a router needs to know, with every check passed and every default
// filled in. It holds no secret. It is the agent's only network input; equal directories compile to
// equal netmaps (everything with a name is sorted by it). Plain values.
namespace cw::network {

enum class EgressMode : std::uint8_t {
  Masquerade,  // the router's own address
  Floating,    // SNAT to an address that moves with the gateway
  Routed,      // no NAT: the site routes the block to the router
};

struct Egress {
  EgressMode mode = EgressMode::Masquerade;
  // Floating only. Without the second, IPv6 leaves as with Masquerade.
  std::optional<net::Ip> address;
  std::optional<net::Ip> address_ipv6;

  friend bool operator==(const Egress&, const Egress&) = default;
};

struct Router {
  std::string name;
  std::optional<net::Ip> address;  // where siblings send heartbeats

  friend bool operator==(const Router&, const Router&) = default;
};

struct Gateway {
  std::string name;
  net::PublicKey public_key;
  net::Endpoint endpoint;
  std::uint16_t listen_port = 0;
  net::Block block;
  net::Ip address;                   // overlay IPv4, source of its ICMP errors
  std::vector<std::string> routers;  // of its site, sorted
  Egress egress;
  // The gateway whose peers move to this one, key by key: of the same site, block, address and
  // routers. Both serve until it is retired; which of the two a peer uses, its handshakes tell.
  std::optional<std::string> replaces;

  friend bool operator==(const Gateway&, const Gateway&) = default;
};

struct Site {
  std::string name;
  net::SiteId id;
  std::vector<net::Prefix> routes;         // sorted
  std::vector<net::Alias> aliases;         // of IPv4 routes, sorted; most have none
  std::vector<Router> routers;             // by name
  std::vector<Gateway> gateways;           // by name
  std::vector<net::SocketAddress> health;  // sorted; what its routers must reach, by TCP

  friend bool operator==(const Site&, const Site&) = default;
};

struct Peer {
  std::string name;
  net::PublicKey public_key;
  net::Ip address;  // overlay IPv4, for ever
  std::string user;
  std::vector<std::string> groups;  // sorted
  std::vector<std::string> sites;   // sorted; the sites it may use
  std::string home;                 // gateway
  bool enabled = true;
  std::optional<WallTime> expires;
  std::optional<std::string> issued;  // the fingerprint of its configuration (client_config.h)

  friend bool operator==(const Peer&, const Peer&) = default;
};

struct Netmap {
  std::string name;
  net::Prefix pool;
  net::Prefix ula;
  net::Prefix via_prefix;
  std::vector<net::Prefix> client_routes;     // sorted
  std::vector<minisign::PublicKey> signers;   // sorted; none: whoever the router trusts
  std::vector<minisign::PublicKey> revokers;  // sorted; who may revoke beside the signers
  std::vector<Site> sites;                    // by name
  std::vector<Peer> peers;                    // by name
  std::optional<policy::Policy> policy;       // none: every peer reaches every route of its sites

  friend bool operator==(const Netmap&, const Netmap&) = default;
};

}  // namespace cw::network
