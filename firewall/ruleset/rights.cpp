// SPDX-License-Identifier: Apache-2.0
#include "firewall/ruleset/rights.h"

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sodium.h>

#include "net/port_ranges.h"

namespace cw::firewall {

namespace {

using net::PortRanges;
using net::Prefix;

bool is_within(const Prefix& inner, const std::vector<Prefix>& outer) {
  return std::ranges::any_of(outer, [&](const Prefix& each) { return each.contains(inner); });
}

// Prefixes overlap only by nesting: what lies in another is left out. Sorted, the wider one comes
// before all that lies in it.
std::vector<Prefix> outermost(std::vector<Prefix> prefixes) {
  std::ranges::sort(prefixes);
  std::vector<Prefix> out;
  for (const auto& prefix : prefixes) {
    if (out.empty() || !out.back().contains(prefix)) {
      out.push_back(prefix);
    }
  }
  return out;
}

std::vector<Prefix> places(const std::vector<Grant>& grants, net::Family family, Protocol protocol,
                           const std::vector<Prefix>& but) {
  std::vector<Prefix> found;
  for (const auto& grant : grants) {
    if (grant.to.family() == family && grant.protocol == protocol && !is_within(grant.to, but)) {
      found.push_back(grant.to);
    }
  }
  return outermost(std::move(found));
}

// A place needs no port that a wider place around it has.
void add_ports(const std::map<Prefix, PortRanges>& wanted, Protocol protocol,
               std::vector<Grant>& out) {
  std::vector<std::pair<Prefix, PortRanges>> around;  // with all that their own surroundings allow
  for (const auto& [place, ranges] : wanted) {
    while (!around.empty() && !around.back().first.contains(place)) {
      around.pop_back();
    }
    const auto allowed = around.empty() ? PortRanges() : around.back().second;
    for (const auto& [first, last] : net::without(net::merged(ranges), allowed)) {
      out.push_back({.to = place,
                     .protocol = protocol,
                     .first = static_cast<std::uint16_t>(first),
                     .last = static_cast<std::uint16_t>(last)});
    }
    auto all = allowed;
    all.insert(all.end(), ranges.begin(), ranges.end());
    around.emplace_back(place, net::merged(std::move(all)));
  }
}

}  // namespace

std::string short_hash(const std::string& text) {
  std::array<unsigned char, crypto_generichash_BYTES_MIN> hash{};
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(text.data()),
                     text.size(), nullptr, 0);
  // 64 bits: accidents do not collide.
  return fmt::format("{:02x}", fmt::join(std::span(hash).first(8), ""));
}

std::string rights_name(const std::string& signature) {
  return "g_" + short_hash(signature);
}

DisjointGrants disjoint(const std::vector<Grant>& grants, net::Family family) {
  DisjointGrants out;
  out.all = places(grants, family, Protocol::Any, {});
  out.icmp = places(grants, family, Protocol::Icmp, out.all);
  for (const auto protocol : {Protocol::Tcp, Protocol::Udp}) {
    std::map<Prefix, PortRanges> wanted;
    for (const auto& grant : grants) {
      if (grant.to.family() == family && grant.protocol == protocol &&
          !is_within(grant.to, out.all)) {
        wanted[grant.to].emplace_back(grant.first, grant.last);
      }
    }
    add_ports(wanted, protocol, out.ports);
  }
  std::ranges::sort(out.ports);
  return out;
}

}  // namespace cw::firewall
