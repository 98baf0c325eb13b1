// SPDX-License-Identifier: Apache-2.0
#include "firewall/ruleset/filter.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "firewall/ruleset/contents.h"
#include "firewall/ruleset/egress.h"
#include "firewall/ruleset/never.h"
#include "firewall/ruleset/outer.h"
#include "firewall/ruleset/rights_chains.h"
#include "firewall/ruleset/writer.h"

namespace cw::firewall {

namespace {

// A refused packet is answered, so that applications fail at once, but not without end: an answer
// to each packet of a flood would be a second flood.
constexpr auto kRefusalsPerSecond = 100;
// Enough for a ping flood by hand and for every path-MTU message; not for a denial of service.
constexpr auto kIcmpPerSecond = 1000;

constexpr auto kFlowtable = "established";

// Two tunnels may have one block, where one replaces the other.
std::vector<std::string> texts(const std::vector<TunnelFilter>& tunnels,
                               net::Prefix TunnelFilter::* which) {
  std::vector<std::string> all;
  for (const auto& tunnel : tunnels) {
    auto text = (tunnel.*which).to_text();
    if (std::ranges::find(all, text) == all.end()) {
      all.push_back(std::move(text));
    }
  }
  return all;
}

void write_sources(Writer& out, const Filter& filter) {
  const auto ours = texts(filter.tunnels, &TunnelFilter::block);
  const auto ours6 = texts(filter.tunnels, &TunnelFilter::block_ipv6);
  out.open("chain raw_prerouting");
  out.line("type filter hook prerouting priority raw; policy accept;");
  for (const auto& tunnel : filter.tunnels) {
    out.line(R"(iifname "{}" ip saddr != {{ {}, {} }} drop)", tunnel.device, tunnel.block.to_text(),
             tunnel.image.to_text());
    out.line6(R"(iifname "{}" ip6 saddr != {} drop)", tunnel.device, tunnel.block_ipv6.to_text());
  }
  out.line(R"(iifname {{ "cw-*", "lo" }} accept)");
  out.line("ip saddr {{ {}, 240.0.0.0/4 }} drop", fmt::join(ours, ", "));
  out.line("ip daddr 240.0.0.0-255.255.255.254 drop");  // broadcasts are the host's own
  out.line6("ip6 saddr {{ {} }} drop", fmt::join(ours6, ", "));
  write_untracked(out, filter);
  out.close();
}

// Whatever is allowed goes here, and nothing else has the mark.
void write_pass(Writer& out, const Filter& filter) {
  out.open("chain pass");
  out.line("meta mark set meta mark & {:#010x} | {:#010x} accept", ~filter.mark_mask,
           filter.mark_judged);
  out.close();
}

void write_input(Writer& out) {
  out.open("chain input");
  out.line("type filter hook input priority filter; policy accept;");
  out.line(R"(iifname "cw-*" goto to_router)");
  out.close();
  out.open("chain to_router");
  out.line("ct state established accept");
  out.line("meta l4proto {{ 1, 58 }} ct state related accept");
  out.line("ct state invalid drop");
  out.line("icmp type {{ 3, 8, 11, 12 }} limit rate {0}/second burst {0} packets accept",
           kIcmpPerSecond);
  out.line6("icmpv6 type {{ 1, 2, 3, 4, 128 }} limit rate {0}/second burst {0} packets accept",
            kIcmpPerSecond);
  out.line("goto refuse");
  out.close();
}

void declare_flowtable(Writer& out, const std::vector<std::string>& devices) {
  out.declare(
      fmt::format(R"(flowtable {} {{ hook ingress priority filter; devices = {{ "{}" }}; }})",
                  kFlowtable, fmt::join(devices, R"(", ")")));
}

// With the first answer, which nobody gets who was refused.
void fill_flowtable(Writer& out) {
  out.line("ct state established ct direction reply meta l4proto {{ 6, 17 }} flow add @{}",
           kFlowtable);
}

// Both ends of a connection's way have to be in it (nf_flowtable.rst).
void write_flowtable(Writer& out, const Filter& filter) {
  if (filter.flowtable_devices.empty()) {
    return;
  }
  auto devices = filter.flowtable_devices;
  for (const auto& tunnel : filter.tunnels) {
    devices.push_back(tunnel.device);
  }
  declare_flowtable(out, devices);
}

// Only answers pass as such, and errors about what passed. What somebody opened is judged packet by
// packet, so that a permission that goes takes the open connections along. And so is what conntrack
// expects because of another connection (another program's helper, for FTP say): it is related,
// and asked for by who may have no right to it.
void write_answers(Writer& out) {
  out.line("ct state established ct direction reply goto pass");
  out.line("meta l4proto {{ 1, 58 }} ct state related goto pass");  // ICMP and ICMPv6
  out.line("ct state invalid drop");
}

// Judged before it is routed, and the mark is the verdict: where a chain of these is emptied or
// deleted, nothing has the mark and nothing is routed, whichever it is, also for a packet that is
// in the middle of them.
void write_judgement(Writer& out, const Filter& filter) {
  const auto ours = texts(filter.tunnels, &TunnelFilter::block);
  const auto images = texts(filter.tunnels, &TunnelFilter::image);
  const auto ours6 = texts(filter.tunnels, &TunnelFilter::block_ipv6);
  out.open("chain from_tunnel");
  write_answers(out);
  out.line("ip daddr {{ {} }} goto refuse_forwarded", fmt::join(kNeverIpv4, ", "));
  out.line6("ip6 daddr {{ {} }} goto refuse_forwarded", fmt::join(kNeverIpv6, ", "));
  out.line("ip saddr vmap @peer4");
  out.line6("ip6 saddr vmap @peer6");
  out.line("drop");
  out.close();
  out.open("chain to_tunnel");
  write_answers(out);
  if (filter.rights) {
    out.line("ip saddr @route4 goto {}", kFromSite);
    out.line6("ip6 saddr @route6 goto {}", kFromSite);
  }
  out.line("goto refuse_forwarded");
  out.close();
  out.open("chain mark_prerouting");
  out.line("type filter hook prerouting priority dstnat + 10; policy accept;");
  out.line(R"(iifname "cw-*" goto from_tunnel)");
  out.line("ip daddr {{ {}, {} }} goto to_tunnel", fmt::join(ours, ", "), fmt::join(images, ", "));
  out.line6("ip6 daddr {{ {} }} goto to_tunnel", fmt::join(ours6, ", "));
  out.close();
}

void write_forward(Writer& out, const Filter& filter) {
  const auto ours = texts(filter.tunnels, &TunnelFilter::block);
  const auto images = texts(filter.tunnels, &TunnelFilter::image);
  const auto ours6 = texts(filter.tunnels, &TunnelFilter::block_ipv6);
  out.open("chain forwarded");
  // Routed without the mark: somebody has removed the rules that refuse such a route.
  out.line("meta mark & {:#010x} != {:#010x} drop", filter.mark_mask, filter.mark_judged);
  out.line("tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu");
  if (!filter.flowtable_devices.empty()) {
    fill_flowtable(out);
  }
  out.close();
  out.open("chain forward");
  out.line("type filter hook forward priority filter; policy accept;");
  out.line(R"(iifname "cw-*" goto forwarded)");
  out.line(R"(oifname "cw-*" goto forwarded)");
  // A reply whose device is gone must not leave by the default route, in the clear.
  out.line("ip daddr {{ {}, {} }} drop", fmt::join(ours, ", "), fmt::join(images, ", "));
  out.line6("ip6 daddr {{ {} }} drop", fmt::join(ours6, ", "));
  write_unrouted(out, filter);
  out.close();
}

// What is allowed without looking who asked.
void write_every_route(Writer& out) {
  out.open("chain every_route");
  out.line("ip daddr @route4 goto pass");
  out.line6("ip6 daddr @route6 goto pass");
  out.line("goto refuse_forwarded");
  out.close();
}

void write_refuse(Writer& out) {
  out.declare(fmt::format("counter {} {{ }}", kRefusedCounter));
  out.open("chain refuse");
  out.line("counter name {}", kRefusedCounter);
  out.line("limit rate {0}/second burst {0} packets reject with icmpx admin-prohibited",
           kRefusalsPerSecond);
  out.line("drop");
  out.close();
  // What is for the router itself is the input chain's to judge.
  out.open("chain refuse_forwarded");
  out.line("fib daddr type local accept");
  out.line("goto refuse");
  out.close();
}

// Before the judgement, so that it, its counters and the flowtable see real destinations alone.
// Answers and errors are translated back by what conntrack remembers.
void write_aliases(Writer& out, const std::vector<net::Alias>& aliases) {
  if (aliases.empty()) {
    return;
  }
  out.open("chain alias_prerouting");
  out.line("type nat hook prerouting priority dstnat; policy accept;");
  for (const auto& [route, alias] : aliases) {
    const bool one = route.is_host();
    out.line(R"(iifname "cw-*" ip daddr {} dnat ip {}to {})", text_of(alias), one ? "" : "prefix ",
             text_of(route));
  }
  out.close();
}

// All but the contents.
std::string structure_of(const Filter& filter) {
  Writer out(filter.ipv6);
  out.declare("map peer4 { type ipv4_addr : verdict; }");
  out.declare("set route4 { type ipv4_addr; flags interval; }");
  if (filter.ipv6) {
    out.declare("map peer6 { type ipv6_addr : verdict; }");
    out.declare("set route6 { type ipv6_addr; flags interval; }");
  }
  write_flowtable(out, filter);
  write_refuse(out);
  write_pass(out, filter);
  if (!filter.rights) {
    write_every_route(out);
  }
  write_sources(out, filter);
  write_outer(out, filter);
  write_aliases(out, filter.aliases);
  write_judgement(out, filter);
  write_input(out);
  write_forward(out, filter);
  write_egress(out, filter);
  return out.take();
}

}  // namespace

Ruleset compile(const Filter& filter) {
  Ruleset made{
      .structure = structure_of(filter), .contents = contents_of(filter), .ipv6 = filter.ipv6};
  made.digest = digest_of(made);
  return made;
}

Ruleset compile(const Filter& filter, const Filter& before, const Ruleset& made) {
  auto contents = contents_after(before, made, filter);
  Ruleset after{.structure = structure_of(filter),
                .contents = std::move(contents.contents),
                .ipv6 = filter.ipv6};
  after.digest = {.structure = hash_of(after.structure), .contents = contents.digest};
  return after;
}

std::string flowtable_trial(const std::string& device) {
  Writer out(false);
  declare_flowtable(out, {device});
  out.open("chain forward");
  out.line("type filter hook forward priority filter; policy accept;");
  fill_flowtable(out);
  out.close();
  return fmt::format("table inet {}_trial {{\n{}}}\n", kTable, out.take());
}

}  // namespace cw::firewall
