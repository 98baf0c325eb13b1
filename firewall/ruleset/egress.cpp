// SPDX-License-Identifier: Apache-2.0
#include "firewall/ruleset/egress.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace cw::firewall {

namespace {

using Texts = std::vector<std::string>;

// Of two tunnels with one block, the first: their egress is the same.
std::vector<const TunnelFilter*> tunnels_of(const Filter& filter, EgressMode mode) {
  std::vector<const TunnelFilter*> some;
  for (const auto& tunnel : filter.tunnels) {
    const auto same_block = [&](const TunnelFilter* other) { return other->block == tunnel.block; };
    if (tunnel.egress.mode == mode && std::ranges::none_of(some, same_block)) {
      some.push_back(&tunnel);
    }
  }
  return some;
}

Texts floating(const Filter& filter, std::optional<net::Ip> Egress::* which) {
  Texts addresses;
  for (const auto* tunnel : tunnels_of(filter, EgressMode::Floating)) {
    if (const auto& address = tunnel->egress.*which) {
      addresses.push_back(address->to_text());
    }
  }
  return addresses;
}

void write_masquerade(Writer& out, const Filter& filter) {
  Texts sources;
  Texts images;
  Texts sources6;
  for (const auto* tunnel : tunnels_of(filter, EgressMode::Masquerade)) {
    sources.push_back(tunnel->block.to_text());
    images.push_back(tunnel->image.to_text());
    sources6.push_back(tunnel->block_ipv6.to_text());
  }
  for (const auto* tunnel : tunnels_of(filter, EgressMode::Floating)) {
    if (!tunnel->egress.address_ipv6) {
      sources6.push_back(tunnel->block_ipv6.to_text());
    }
  }
  if (!sources.empty()) {
    out.line("ip saddr {{ {}, {} }} masquerade", fmt::join(sources, ", "), fmt::join(images, ", "));
  }
  if (!sources6.empty()) {
    out.line6("ip6 saddr {{ {} }} masquerade", fmt::join(sources6, ", "));
  }
}

// The port stays where it is free, so that a router that takes over makes the same of the same
// packet, without knowing the connection.
void write_floating(Writer& out, const Filter& filter) {
  for (const auto* tunnel : tunnels_of(filter, EgressMode::Floating)) {
    if (const auto& address = tunnel->egress.address) {
      out.line("ip saddr {{ {}, {} }} snat ip to {}", tunnel->block.to_text(),
               tunnel->image.to_text(), address->to_text());
    }
    if (const auto& address = tunnel->egress.address_ipv6) {
      out.line6("ip6 saddr {} snat ip6 to {}", tunnel->block_ipv6.to_text(), address->to_text());
    }
  }
}

// What has the peer's own address keeps it. An image has the same bits behind its prefix as the
// peer's address behind the block's (net::translated_image()).
void write_routed(Writer& out, const Filter& filter) {
  for (const auto* tunnel : tunnels_of(filter, EgressMode::Routed)) {
    out.line("ip saddr {} snat ip prefix to {}", tunnel->image.to_text(), tunnel->block.to_text());
  }
}

// Before anybody's filter, who might reject. Not here: what WireGuard gets, where clients name this
// very address, which is not tracked, nor is Neighbour Discovery; and what a tunnel sends, which
// the chain to_router refuses as at every address of the router's.
void write_standing_drop(Writer& out, const Texts& addresses, const Texts& addresses6) {
  if (addresses.empty() && addresses6.empty()) {
    return;
  }
  out.open("chain egress_input");
  out.line("type filter hook input priority raw; policy accept;");
  out.line(R"(iifname "cw-*" accept)");
  constexpr std::string_view kOfNoConnection = "ct state { new, invalid } drop";
  if (!addresses.empty()) {
    out.line("ip daddr {{ {} }} {}", fmt::join(addresses, ", "), kOfNoConnection);
  }
  if (!addresses6.empty()) {
    out.line6("ip6 daddr {{ {} }} {}", fmt::join(addresses6, ", "), kOfNoConnection);
  }
  out.close();
}

}  // namespace

void write_unrouted(Writer& out, const Filter& filter) {
  if (const auto addresses = floating(filter, &Egress::address); !addresses.empty()) {
    out.line("ip daddr {{ {} }} drop", fmt::join(addresses, ", "));
  }
  if (const auto addresses = floating(filter, &Egress::address_ipv6); !addresses.empty()) {
    out.line6("ip6 daddr {{ {} }} drop", fmt::join(addresses, ", "));
  }
}

void write_egress(Writer& out, const Filter& filter) {
  write_standing_drop(out, floating(filter, &Egress::address),
                      floating(filter, &Egress::address_ipv6));
  out.open("chain nat_postrouting");
  out.line("type nat hook postrouting priority srcnat; policy accept;");
  out.line(R"(oifname {{ "cw-*", "lo" }} accept)");
  write_masquerade(out, filter);
  write_floating(out, filter);
  write_routed(out, filter);
  out.close();
}

}  // namespace cw::firewall
