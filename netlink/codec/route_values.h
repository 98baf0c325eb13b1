// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "net/prefix.h"

// What rtnetlink(7) speaks of, as plain values: links, addresses, routes, rules, and the sysctls
// that go with them. Devices are named, never numbered: an index belongs to one life of a device.
namespace cw::netlink {

struct Link {
  int index = 0;
  std::string name;
  std::string kind;  // IFLA_INFO_KIND, "wireguard"; empty for hardware
  std::uint32_t mtu = 0;
  bool up = false;  // IFF_UP

  friend auto operator<=>(const Link&, const Link&) = default;
};

// An address on a device; always added with noprefixroute, routes are ours to write.
struct Address {
  std::string device;
  net::Prefix prefix;  // /32 or /128

  friend auto operator<=>(const Address&, const Address&) = default;
};

enum class RouteType : std::uint8_t { Unicast, Unreachable, Blackhole };

// A route of our table and protocol.
struct Route {
  net::Prefix destination;
  RouteType type = RouteType::Unicast;
  std::string device;  // Unicast only
  std::optional<net::Ip> preferred_source;
  std::uint32_t mtu = 0;  // of packets that take it, where it is not its device's
  // What the kernel's route has besides and these values cannot express, "metric 50". Only ever
  // read, so that such a route equals no desired one; it can be removed.
  std::string extra;

  friend auto operator<=>(const Route&, const Route&) = default;
};

// Addresses that the host uses and that are none of ours: an address of a device, or where a route
// leads.
struct HostPrefix {
  net::Prefix prefix;  // an address: /32 or /128
  std::string device;  // empty: a route by several
  bool route = false;

  friend auto operator<=>(const HostPrefix&, const HostPrefix&) = default;
};

enum class RuleAction : std::uint8_t { Lookup, Prohibit, Blackhole, Unreachable };

struct Mark {
  std::uint32_t value = 0;
  std::uint32_t mask = 0;

  friend auto operator<=>(const Mark&, const Mark&) = default;
};

// A policy routing rule of our priority range.
struct Rule {
  net::Family family = net::Family::V4;
  std::uint32_t priority = 0;
  std::string iif;                         // empty: any
  std::optional<net::Prefix> destination;  // none: any
  std::optional<Mark> mark;
  RuleAction action = RuleAction::Lookup;
  std::uint32_t table = 0;  // Lookup only
  // Only of gates' rules, whose protocol is Ownership::gate_protocol; 0: any.
  std::uint8_t gate_protocol = 0;  // 0: not of a gate
  std::uint8_t ip_protocol = 0;
  std::uint16_t source_port = 0;
  std::string extra;  // as in Route: "uid_range"

  friend auto operator<=>(const Rule&, const Rule&) = default;
};

// A file below /proc/sys, "net/ipv4/ip_forward", and its value without the newline.
struct Sysctl {
  std::string key;
  std::string value;

  friend auto operator<=>(const Sysctl&, const Sysctl&) = default;
};

// What is ours in the kernel, so that it can be told apart without a memory of our own.
struct Ownership {
  std::string device_prefix;
  std::uint32_t table = 0;
  std::uint8_t protocol = 0;
  std::uint32_t first_priority = 0;
  std::uint32_t last_priority = 0;
  // Of the gates (ha/gate): what they write has a protocol of its own. Between this priority and
  // the first a rule is ours only by its protocol. 0: there are none.
  std::uint8_t gate_protocol = 0;
  std::uint32_t gate_priority = 0;

  friend bool operator==(const Ownership&, const Ownership&) = default;
};

}  // namespace cw::netlink
