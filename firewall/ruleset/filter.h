// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "firewall/ruleset/rights.h"
#include "firewall/ruleset/ruleset.h"
#include "net/alias.h"
#include "net/prefix.h"

// What a router lets pass, and its translation to the table's chains. Pure.
//
// The base chains accept by policy and judge only packets of our devices and of our addresses;
// everything else on the host passes as if we were not there. Static chains, elements in sets:
// a peer is one element, not one chain (10,000 chains take 12 s to load).
//
//   prerouting raw        a source that is not the device's, or that comes from elsewhere: drop;
//                         WireGuard's own packets: not tracked (outer.h), nor at output raw
//   prerouting dstnat     UDP 443 and 4500 that carry WireGuard: to the gateway's port;
//                         from a tunnel to an IPv4 alias: to what it stands for
//   prerouting dstnat+10  from a tunnel: by peer; to a tunnel: replies, and what the policy opens.
//                         What is allowed gets the mark without which no route is found (ADR 0003)
//   input raw             to a floating address, and of no connection: drop (egress.h)
//   input                 from a tunnel to the router itself: ICMP only
//   forward               nothing without the mark; MSS clamp; nothing for a peer leaves by another
//                         device
//   postrouting           towards the site: masquerade, or what the tunnel's egress says
//   ingress               with a flowtable: TCP and UDP that were answered, past all of the above
//
// Of what passes by a rule, new connections are counted for it (tally.h); of what does not,
// packets.
namespace cw::firewall {

// How what came from a tunnel leaves towards the site.
enum class EgressMode : std::uint8_t {
  Masquerade,  // from the router's own address
  Floating,    // from an address that moves with the gateway
  Routed,      // from the peer's own, also where it was translated
};

struct Egress {
  EgressMode mode = EgressMode::Masquerade;
  // Floating only. Without the second, IPv6 is masqueraded.
  std::optional<net::Ip> address;
  std::optional<net::Ip> address_ipv6;

  friend bool operator==(const Egress&, const Egress&) = default;
};

struct TunnelFilter {
  std::string device;
  std::uint16_t listen_port = 0;
  net::Prefix block;       // overlay IPv4
  net::Prefix block_ipv6;  // its twin
  net::Prefix image;       // translated sources, in 240.0.0.0/4
  net::Ip address = {};    // the gateway's own, in the block
  net::Ip address_ipv6 = {};
  Egress egress = {};  // of two with one block the same

  friend bool operator==(const TunnelFilter&, const TunnelFilter&) = default;
};

struct PeerFilter {
  net::Ip address;
  net::Ip address_ipv6;
  net::Ip image;
  std::string rights = {};  // of Filter::rights, by name; empty: see there

  friend bool operator==(const PeerFilter&, const PeerFilter&) = default;
};

struct Filter {
  std::vector<TunnelFilter> tunnels;
  std::vector<PeerFilter> peers;
  std::vector<net::Prefix> routes;             // of the site
  std::vector<net::Alias> aliases;             // of IPv4 routes
  std::vector<std::uint16_t> alternate_ports;  // to the first tunnel's listen_port
  // None: every peer reaches every route. Else each peer what its rights say, and a peer without
  // any, nothing.
  std::optional<std::vector<Rights>> rights;
  // Devices towards the site: established connections between them and the tunnels bypass the
  // chains. All of them and the tunnels' are there when the ruleset is loaded. None: no bypass.
  std::vector<std::string> flowtable_devices;
  std::vector<Grant> from_site;  // peers that what is at the site may open connections to
  // Names of all rules, in the order in which they are written; every grant is one's. Also of those
  // that have expired or grant nothing here: what they have counted stays to be seen.
  std::vector<std::string> rules;
  std::uint32_t mark_mask = 0;
  std::uint32_t mark_judged = 0;
  bool ipv6 = true;

  friend bool operator==(const Filter&, const Filter&) = default;
};

// At least one tunnel.
[[nodiscard]] Ruleset compile(const Filter& filter);

// The same, and several times quicker where few peers differ from another filter and what was made
// of it.
[[nodiscard]] Ruleset compile(const Filter& filter, const Filter& before, const Ruleset& made);

// As nft text a table of its own that has a flowtable on this device and fills it: what a kernel
// refuses that has no flowtables, or none there. To be checked and not to be committed.
[[nodiscard]] std::string flowtable_trial(const std::string& device);

}  // namespace cw::firewall
