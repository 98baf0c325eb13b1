// SPDX-License-Identifier: Apache-2.0
#include "firewall/ruleset/outer.h"

#include <algorithm>
#include <cstdint>
#include <ranges>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace cw::firewall {

namespace {

// Clients that came to a redirected port, by where WireGuard sees them.
constexpr auto kRedirected4 = "redirected4";
constexpr auto kRedirected6 = "redirected6";

// No session outlives this (REJECT_AFTER_TIME, WireGuard paper section 6.1), and a client that
// hears something answers within ten seconds. Longer than conntrack keeps the entry of a silent one
// (nf_conntrack_udp_timeout_stream, 120 s), so that it never has one for whom it is not asked.
constexpr auto kRememberedSeconds = 180;

// Whoever sends what looks like WireGuard from made-up addresses fills it, and then has kept new
// clients from the redirected ports for three minutes, as with conntrack itself. Some 8 MB.
constexpr auto kMostRemembered = 65536;

// Of an error's payload, in bits behind the header of ICMP: the packet that it is about, without IP
// options, which WireGuard's have not.
struct Quoted {
  std::string_view match;
  int protocol;
  int source_port;
};

constexpr int kIcmpBits = 64;
constexpr Quoted kQuoted4{
    .match = "icmp type { 3, 11, 12 }", .protocol = kIcmpBits + 72, .source_port = kIcmpBits + 160};
constexpr Quoted kQuoted6{.match = "icmpv6 type { 1, 2, 3, 4 }",
                          .protocol = kIcmpBits + 48,
                          .source_port = kIcmpBits + 320};

std::string ports_of(const Filter& filter) {
  std::vector<std::uint16_t> ports;
  for (const auto& tunnel : filter.tunnels) {
    ports.push_back(tunnel.listen_port);
  }
  return fmt::format("{{ {} }}", fmt::join(ports, ", "));
}

// A port that one of our gateways listens on is its own.
std::vector<std::uint16_t> redirected_ports(const Filter& filter) {
  auto ports = filter.alternate_ports;
  std::erase_if(ports, [&](std::uint16_t port) {
    return std::ranges::find(filter.tunnels, port, &TunnelFilter::listen_port) !=
           filter.tunnels.end();
  });
  return ports;
}

void write_alternate_ports(Writer& out, const Filter& filter) {
  const auto ports = redirected_ports(filter);
  out.open("chain nat_prerouting");
  out.line("type nat hook prerouting priority dstnat; policy accept;");
  if (!ports.empty()) {
    // Only what begins like WireGuard's handshake initiation (1) or data (4) message: QUIC and
    // IPsec on the same ports stay with whoever serves them on this host.
    for (const auto* message : {"0x01000000", "0x04000000"}) {
      out.line(
          R"(iifname != "cw-*" udp dport {{ {} }} @th,64,32 {} fib daddr type local redirect to :{})",
          fmt::join(ports, ", "), message, filter.tunnels.front().listen_port);
    }
  }
  out.close();
}

std::string quoting(const Quoted& quoted, const std::string& ports) {
  return fmt::format("{} @th,{},8 17 @th,{},16 {} fib daddr type local notrack", quoted.match,
                     quoted.protocol, quoted.source_port, ports);
}

void append(std::string& text, std::string_view set, const std::vector<std::string>& elements) {
  if (!elements.empty()) {
    text +=
        fmt::format("add element inet {} {} {{ {} }}\n", kTable, set, fmt::join(elements, ", "));
  }
}

}  // namespace

void write_untracked(Writer& out, const Filter& filter) {
  const auto ports = ports_of(filter);
  out.line("udp dport {} fib daddr type local notrack", ports);
  // And the errors about them: of what it does not know, conntrack calls these invalid, and other
  // programs' rules drop what is invalid. WireGuard's IPv6 needs "packet too big".
  out.line("{}", quoting(kQuoted4, ports));
  out.line6("{}", quoting(kQuoted6, ports));
}

void write_outer(Writer& out, const Filter& filter) {
  const auto declare = [&out](std::string_view set, std::string_view address) {
    out.declare(fmt::format(
        "set {} {{ type {} . inet_service; flags dynamic, timeout; timeout {}s; size {}; }}", set,
        address, kRememberedSeconds, kMostRemembered));
  };
  declare(kRedirected4, "ipv4_addr");
  if (out.ipv6()) {
    declare(kRedirected6, "ipv6_addr");
  }
  write_alternate_ports(out, filter);
  const auto ports = ports_of(filter);
  out.open("chain outer_input");
  // Behind the input hook's own NAT (srcnat, 100), which may have given the client another port:
  // the address that the answers will go to. Whoever redirected it, us or another program.
  out.line("type filter hook input priority 110; policy accept;");
  out.line("udp dport {} ct status dnat update @{} {{ ip saddr . udp sport }}", ports,
           kRedirected4);
  out.line6("udp dport {} ct status dnat update @{} {{ ip6 saddr . udp sport }}", ports,
            kRedirected6);
  out.close();
  out.open("chain raw_output");
  out.line("type filter hook output priority raw; policy accept;");
  out.line("udp sport {} ip daddr . udp dport @{} accept", ports, kRedirected4);
  out.line6("udp sport {} ip6 daddr . udp dport @{} accept", ports, kRedirected6);
  out.line("udp sport {} notrack", ports);
  out.close();
}

std::string remember_text(const std::vector<net::SocketAddress>& clients, bool ipv6) {
  std::vector<std::string> clients4;
  std::vector<std::string> clients6;
  for (const auto& client : clients | std::views::take(kMostRemembered)) {
    auto& family = client.ip.is_v4() ? clients4 : clients6;
    family.push_back(fmt::format("{} . {}", client.ip.to_text(), client.port));
  }
  std::string text;
  append(text, kRedirected4, clients4);
  if (ipv6) {
    append(text, kRedirected6, clients6);
  }
  return text;
}

}  // namespace cw::firewall
