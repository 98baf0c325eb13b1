// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "netlink/codec/sinks.h"
#include "router/api/status.h"

// What the agent has to know about the host before it turns on forwarding. Linux drops the IPv6
// default route it learnt from router advertisements when a device forwards, unless the device's
// accept_ra is 2; systemd-networkd handles advertisements itself, but may remove our routes.
namespace cw::agent {

struct HostFacts {
  bool ipv6 = true;                     // the kernel has it, and new devices get it
  std::vector<std::string> ra_devices;  // on which the kernel takes router advertisements
  std::vector<std::string> uplinks;     // devices of default routes, sorted
  // Of the machine, in bytes, where it is the agent's to size conntrack's table for it: the table
  // is of the whole machine, and only the first network namespace may.
  std::optional<std::uint64_t> conntrack_memory;
  std::vector<api::Problem> problems;

  friend bool operator==(const HostFacts&, const HostFacts&) = default;
};

// Reads /proc/net/route, /proc/net/ipv6_route, networkd's configuration and the memory's size. What
// cannot be read is taken as absent.
[[nodiscard]] HostFacts read_host(netlink::SysctlSink& sysctls);

struct DefaultRoute6 {
  std::string device;
  bool from_advertisement = false;  // the kernel's own; networkd's are not marked so

  friend bool operator==(const DefaultRoute6&, const DefaultRoute6&) = default;
};

// From the text of /proc/net/ipv6_route; lines that are none are left out. Pure.
[[nodiscard]] std::vector<DefaultRoute6> default_routes6(std::string_view text);

// Devices of the default routes in the text of /proc/net/route. Pure.
[[nodiscard]] std::vector<std::string> default_devices4(std::string_view text);

// Will systemd-networkd remove routes and rules that it did not make? From its configuration files
// in the order in which they override each other (networkd.conf(5)). Pure.
[[nodiscard]] bool removes_foreign_routes(const std::vector<std::string>& files);

}  // namespace cw::agent
