// SPDX-License-Identifier: Apache-2.0
#include "firewall/ruleset/permissions.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include <netinet/in.h>

#include "firewall/ruleset/never.h"

namespace cw::firewall {

namespace {

bool is_in(const std::vector<net::Prefix>& prefixes, const net::Ip& address) {
  return std::ranges::any_of(prefixes,
                             [&](const net::Prefix& each) { return each.contains(address); });
}

bool is_for(const Grant& grant, const Opening& opening) {
  switch (grant.protocol) {
    case Protocol::Any:
      return true;
    case Protocol::Icmp:
      return opening.to.is_v4() ? opening.protocol == IPPROTO_ICMP
                                : opening.protocol == IPPROTO_ICMPV6;
    case Protocol::Tcp:
    case Protocol::Udp:
      break;
  }
  return opening.protocol == static_cast<std::uint8_t>(grant.protocol) &&
         grant.first <= opening.port && opening.port <= grant.last;
}

std::vector<net::Prefix> never() {
  std::vector<net::Prefix> prefixes;
  const auto add = [&](const auto& texts) {
    for (const auto text : texts) {
      if (const auto prefix = net::Prefix::parse(text)) {  // each is one (tested)
        prefixes.push_back(*prefix);
      }
    }
  };
  add(kNeverIpv4);
  add(kNeverIpv6);
  return prefixes;
}

std::vector<Grant> everything_at(const std::vector<net::Prefix>& routes) {
  std::vector<Grant> grants;
  for (const auto& route : routes) {
    grants.push_back({.to = route});
  }
  return grants;
}

}  // namespace

Permissions::Grants::Grants(const std::vector<Grant>& grants) {
  for (const auto& grant : grants) {
    lengths_.insert(grant.to.length());
    by_prefix_[grant.to].push_back(grant);
  }
}

bool Permissions::Grants::allow(const Opening& opening) const {
  return std::ranges::any_of(lengths_, [&](std::uint8_t length) {
    if (length > net::bits(opening.to.family())) {
      return false;
    }
    const auto found = by_prefix_.find(net::Prefix::of(opening.to, length));
    return found != by_prefix_.end() && std::ranges::any_of(found->second, [&](const Grant& grant) {
             return is_for(grant, opening);
           });
  });
}

Permissions::Permissions(const Filter& filter, std::vector<net::Alias> gone)
    : has_policy_(filter.rights.has_value()),
      never_(never()),
      routes_(filter.routes),
      aliases_(filter.aliases),
      gone_aliases_(std::move(gone)),
      from_site_(filter.from_site) {
  for (const auto& tunnel : filter.tunnels) {
    ours_.insert(ours_.end(), {tunnel.block, tunnel.block_ipv6, tunnel.image});
    gateways_.insert(gateways_.end(), {tunnel.address, tunnel.address_ipv6});
  }
  std::map<std::string_view, std::shared_ptr<const Grants>> by_name;
  if (filter.rights) {
    for (const auto& rights : *filter.rights) {
      by_name.emplace(rights.name, std::make_shared<const Grants>(rights.grants));
    }
  }
  const auto every_route = std::make_shared<const Grants>(everything_at(filter.routes));
  of_peer_.reserve(3 * filter.peers.size());
  for (const auto& peer : filter.peers) {
    const auto named = by_name.find(peer.rights);
    const auto grants = !has_policy_             ? every_route
                        : named == by_name.end() ? nullptr
                                                 : named->second;
    for (const auto& address : {peer.address, peer.address_ipv6, peer.image}) {
      of_peer_.emplace(address, grants);
    }
  }
}

bool Permissions::is_ours(const net::Ip& address) const {
  return is_in(ours_, address);
}

bool Permissions::judge(const Opening& opening) const {
  const auto is_gateway = [this](const net::Ip& address) {
    return std::ranges::find(gateways_, address) != gateways_.end();
  };
  return (is_ours(opening.from) || is_ours(opening.to)) && !is_gateway(opening.from) &&
         !is_gateway(opening.to);
}

bool Permissions::came_by_what_is_gone(const Opening& opening) const {
  if (!opening.asked || *opening.asked == opening.to) {
    return false;
  }
  const auto is_of = [&](const net::Alias& alias) {
    return net::from_alias(alias, net::Prefix::host(*opening.asked)) ==
           net::Prefix::host(opening.to);
  };
  return std::ranges::any_of(gone_aliases_, is_of) && std::ranges::none_of(aliases_, is_of);
}

bool Permissions::allow(const Opening& opening) const {
  if (!is_ours(opening.from)) {
    return has_policy_ && is_in(routes_, opening.from) && from_site_.allow(opening);
  }
  const auto peer = of_peer_.find(opening.from);
  return !came_by_what_is_gone(opening) && peer != of_peer_.end() && peer->second &&
         !is_in(never_, opening.to) && (has_policy_ || !is_ours(opening.to)) &&
         peer->second->allow(opening);
}

}  // namespace cw::firewall
