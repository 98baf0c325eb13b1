// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "firewall/ruleset/ruleset.h"
#include "netlink/codec/route_values.h"
#include "netlink/codec/wireguard_values.h"
#include "via6/sink.h"

// What the kernel looks like, filtered to what is ours. A part that could not be read whole says
// so, and nothing of it is pruned. Plain values.
namespace cw::router {

template <class T>
struct Dump {
  std::vector<T> items;
  bool complete = false;

  friend bool operator==(const Dump&, const Dump&) = default;
};

struct KernelState {
  Dump<netlink::Link> links;        // named cw-*
  Dump<netlink::WgDevice> devices;  // of those links
  Dump<netlink::Address> addresses;
  Dump<netlink::Route> routes;
  Dump<netlink::Rule> rules;
  // Of those devices, where it could be read, and of those that have left but counters.
  std::vector<via6::Attached> translators;
  std::vector<netlink::Sysctl> sysctls;          // those that were asked for and exist
  std::optional<firewall::TableState> firewall;  // none: could not be read

  friend bool operator==(const KernelState&, const KernelState&) = default;
};

}  // namespace cw::router
