// SPDX-License-Identifier: Apache-2.0
#include "firewall/ruleset/revoked.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <netinet/in.h>

#include "firewall/ruleset/peer_changes.h"
#include "net/hash.h"

namespace cw::firewall {

namespace {

using Name = std::string_view;

constexpr std::uint8_t kIcmp = IPPROTO_ICMP;
constexpr std::uint8_t kIcmpIpv6 = IPPROTO_ICMPV6;

// Each of its addresses would be asked for by itself.
constexpr std::size_t kAddressesOfAPeer = 3;

std::vector<Openings> everything() {
  return {Openings{}};
}

Openings opening_of(const Grant& grant) {
  const auto family = grant.to.family();
  Openings openings{.family = family};
  if (grant.to.is_host() && family == net::Family::V4) {
    openings.to = grant.to.address();
  }
  if (grant.protocol == Protocol::Icmp) {
    openings.protocol = family == net::Family::V4 ? kIcmp : kIcmpIpv6;
  } else if (grant.protocol != Protocol::Any) {
    openings.protocol = static_cast<std::uint8_t>(grant.protocol);
    if (grant.first == grant.last) {
      openings.port = grant.first;
    }
  }
  return openings;
}

// Of which rule a grant is does not matter here.
std::vector<Grant> without_rules(const std::vector<Grant>& grants) {
  auto plain = grants;
  for (auto& grant : plain) {
    grant.rule = 0;
  }
  std::ranges::sort(plain);
  return plain;
}

std::vector<Openings> lost(const std::vector<Grant>& before, const std::vector<Grant>& after) {
  std::vector<Grant> gone;
  std::ranges::set_difference(without_rules(before), without_rules(after),
                              std::back_inserter(gone));
  std::vector<Openings> openings;
  std::ranges::transform(gone, std::back_inserter(openings), opening_of);
  std::ranges::sort(openings);
  openings.erase(std::ranges::unique(openings).begin(), openings.end());
  return openings;
}

std::vector<Openings> from_peer(const PeerFilter& peer) {
  std::vector<Openings> openings;
  for (const auto& address : {peer.address, peer.address_ipv6, peer.image}) {
    auto& some = openings.emplace_back(Openings{.family = address.family()});
    if (address.is_v4()) {
      some.from = address;
    }
  }
  return openings;
}

std::map<Name, const std::vector<Grant>*> by_name(const Filter& filter) {
  std::map<Name, const std::vector<Grant>*> grants;
  if (filter.rights) {
    for (const auto& rights : *filter.rights) {
      grants.emplace(rights.name, &rights.grants);
    }
  }
  return grants;
}

// What one peer may count for what it may reach: the same question for all who moved alike.
class Moves {
 public:
  Moves(const Filter& before, const Filter& after)
      : before_(by_name(before)), after_(by_name(after)) {}

  // Named as in PeerFilter; empty: nothing.
  void add(const PeerFilter& peer, Name to) {
    auto& move = moves_[{peer.rights, to}];
    ++move.peers;
    move.from = either(std::move(move.from), from_peer(peer));
  }

  [[nodiscard]] std::vector<Openings> lost() const {
    std::vector<Openings> all;
    for (const auto& [names, move] : moves_) {
      const auto what = firewall::lost(grants(before_, names.first), grants(after_, names.second));
      all =
          either(std::move(all), what.size() <= move.peers * kAddressesOfAPeer ? what : move.from);
    }
    return all;
  }

 private:
  struct Move {
    std::size_t peers = 0;
    std::vector<Openings> from;
  };

  using Grants = std::map<Name, const std::vector<Grant>*>;

  static const std::vector<Grant>& grants(const Grants& of, Name name) {
    static const std::vector<Grant> kNothing;
    const auto found = of.find(name);
    return found == of.end() ? kNothing : *found->second;
  }

  Grants before_;
  Grants after_;
  std::map<std::pair<Name, Name>, Move> moves_;
};

// Rights of one name that say something else: those who have them lose something and stay as they
// are.
bool rights_differ(const Filter& before, const Filter& after) {
  const auto then = by_name(before);
  const auto now = by_name(after);
  return std::ranges::any_of(then, [&](const auto& rights) {
    const auto found = now.find(rights.first);
    return found != now.end() && *found->second != *rights.second;
  });
}

// Those who may lose something by what they are and become; all, where that is not quick to tell.
PeerChanges changes_of(const Filter& before, const Filter& after) {
  auto changes =
      rights_differ(before, after) ? std::nullopt : peer_changes(before.peers, after.peers);
  return changes ? std::move(*changes) : PeerChanges{.gone = before.peers, .came = after.peers};
}

std::vector<Openings> lost_by_peers(const Filter& before, const Filter& after) {
  const auto changes = changes_of(before, after);
  std::unordered_map<net::Ip, const PeerFilter*, net::HashOfBytes> there;
  there.reserve(changes.came.size());
  for (const auto& peer : changes.came) {
    there.emplace(peer.address, &peer);
  }
  Moves moves(before, after);
  std::vector<Openings> of_the_gone;
  for (const auto& peer : changes.gone) {
    const auto found = there.find(peer.address);
    const bool stays = found != there.end() && found->second->address_ipv6 == peer.address_ipv6 &&
                       found->second->image == peer.image;
    if (!stays) {
      of_the_gone = either(std::move(of_the_gone), from_peer(peer));
    } else if (!peer.rights.empty()) {
      moves.add(peer, found->second->rights);
    }
  }
  return either(std::move(of_the_gone), moves.lost());
}

}  // namespace

std::vector<Openings> either(std::vector<Openings> some, const std::vector<Openings>& others) {
  some.insert(some.end(), others.begin(), others.end());
  std::ranges::sort(some);
  some.erase(std::ranges::unique(some).begin(), some.end());
  const bool all = std::ranges::find(some, Openings{}) != some.end();
  return all || some.size() > kMostOpenings ? everything() : some;
}

std::vector<net::Alias> aliases_gone(const Filter& before, const Filter& after) {
  auto gone = before.aliases;
  std::erase_if(gone, [&](const net::Alias& alias) {
    return std::ranges::find(after.aliases, alias) != after.aliases.end();
  });
  std::ranges::sort(gone);
  return gone;
}

std::vector<Openings> revoked(const Filter& before, const Filter& after) {
  // Whose addresses are ours decides who is judged at all; such a change is rare.
  if (before.tunnels != after.tunnels || before.rights.has_value() != after.rights.has_value()) {
    return everything();
  }
  auto routes = before.routes;
  std::erase_if(routes, [&](const net::Prefix& route) {
    return std::ranges::find(after.routes, route) != after.routes.end();
  });
  std::vector<Openings> openings;
  for (const auto& route : routes) {
    if (before.rights) {  // what the site may open comes from a route
      openings = either(std::move(openings), everything());
    } else {
      openings = either(std::move(openings), {opening_of({.to = route})});
    }
  }
  if (!aliases_gone(before, after).empty()) {  // the kernel cannot look for the part of an alias
    openings = either(std::move(openings), {Openings{.family = net::Family::V4}});
  }
  openings = either(std::move(openings), lost(before.from_site, after.from_site));
  return either(std::move(openings), lost_by_peers(before, after));
}

}  // namespace cw::firewall
