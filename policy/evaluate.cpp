// SPDX-License-Identifier: Apache-2.0
#include "policy/evaluate.h"

#include <algorithm>

namespace cw::policy {

namespace {

bool routes(const Site& site, const net::Ip& address) {
  return std::ranges::any_of(site.routes,
                             [&](const net::Prefix& route) { return route.contains(address); });
}

bool may_use(const Peer& peer, const Site& site) {
  return std::ranges::binary_search(peer.sites, site.name);
}

// Of things that are sorted by their names.
template <class T>
const T* named(const std::vector<T>& all, const std::string& name) {
  const auto found = std::ranges::lower_bound(all, name, {}, &T::name);
  return found == all.end() || found->name != name ? nullptr : &*found;
}

// What the policy says of the group that a selector names; null: nothing.
const Group* declared(const World& world, const Selector& selector) {
  const bool of_group = selector.kind == SelectorKind::Group;
  return of_group && world.policy ? named(world.policy->groups, selector.name) : nullptr;
}

bool lists(const Group* group, const Peer& peer) {
  return group != nullptr &&
         (std::ranges::binary_search(group->members, peer.name) ||
          (!peer.user.empty() && std::ranges::binary_search(group->members, peer.user)));
}

// Whether a peer is what the selector, with what is declared of it, names.
bool names_peer(const Selector& selector, const Group* group, const Peer& peer) {
  switch (selector.kind) {
    case SelectorKind::Any:
      return true;
    case SelectorKind::Peer:
      return peer.name == selector.name;
    case SelectorKind::User:
      return !peer.user.empty() && peer.user == selector.name;  // nobody's device is not a user's
    case SelectorKind::Group:
      return std::ranges::binary_search(peer.groups, selector.name) || lists(group, peer);
    case SelectorKind::Site:
    case SelectorKind::Host:
    case SelectorKind::Prefix:
      break;
  }
  return false;
}

// Of things that are sorted.
template <class T>
bool have_common(const std::vector<T>& some, const std::vector<T>& others) {
  return std::ranges::any_of(
      some, [&](const T& each) { return std::ranges::binary_search(others, each); });
}

std::optional<Reason> what_parts(const Peer& one, const Peer& other) {
  if (!have_common(one.sites, other.sites)) {
    return Reason::NoCommonSite;
  }
  return can_meet(one, other) ? std::nullopt : std::optional(Reason::NoCommonRouter);
}

// What is decided before any rule is asked.
std::optional<Reason> foregone(const Connection& connection) {
  const auto& [from, to, service] = connection;
  if (from.peer == nullptr && to.peer == nullptr) {
    return Reason::NotAPeersWay;
  }
  if (from.peer != nullptr && to.peer != nullptr) {
    return what_parts(*from.peer, *to.peer);
  }
  const auto& peer = from.peer != nullptr ? *from.peer : *to.peer;
  const auto& other = from.peer != nullptr ? to : from;
  if (!may_use(peer, *other.site)) {
    return Reason::NotOfSite;
  }
  if (!enters_at(peer, *other.site)) {
    return Reason::NoGateway;
  }
  if (!routes(*other.site, other.address)) {
    return Reason::NotRouted;
  }
  if (to.peer == nullptr && is_own_address(peer, *to.site, to.address)) {
    // The input chain (firewall/ruleset/filter.cpp) knows no policy.
    return service.protocol == Protocol::Icmp ? Reason::RouterAnswers : Reason::RoutersOwn;
  }
  return std::nullopt;
}

Decision decide_without_policy(const Connection& connection) {
  const bool to_site = connection.to.peer == nullptr;
  return {.allowed = to_site, .reason = to_site ? Reason::NoPolicy : Reason::NoRule};
}

bool has_source(const World& world, const Rule& rule, const Party& party) {
  return std::ranges::any_of(rule.from,
                             [&](const auto& from) { return matches_source(world, from, party); });
}

bool has_destination(const World& world, const Rule& rule, const Party& party) {
  return std::ranges::any_of(rule.to,
                             [&](const auto& to) { return matches_destination(world, to, party); });
}

bool has_service(const Rule& rule, const Service& wanted) {
  return std::ranges::any_of(rule.services,
                             [&](const auto& service) { return service.contains(wanted); });
}

struct Match {
  bool source = false;
  bool destination = false;
  bool service = false;
  bool in_force = false;

  [[nodiscard]] int failures() const { return 4 - (source + destination + service + in_force); }
};

Match match(const World& world, const Rule& rule, const Connection& connection, WallTime now) {
  return {.source = has_source(world, rule, connection.from),
          .destination = has_destination(world, rule, connection.to),
          .service = has_service(rule, connection.service),
          .in_force = is_in_force(rule, now)};
}

NearMiss::But what_fails(const Match& match) {
  if (!match.source) {
    return NearMiss::But::Source;
  }
  if (!match.destination) {
    return NearMiss::But::Destination;
  }
  return match.service ? NearMiss::But::Expired : NearMiss::But::Service;
}

}  // namespace

bool enters_at(const Peer& peer, const Site& site) {
  const auto found = std::ranges::lower_bound(peer.entrances, site.name, {}, &Entrance::site);
  return found != peer.entrances.end() && found->site == site.name;
}

bool is_own_address(const Peer& peer, const Site& site, const net::Ip& address) {
  const auto router = std::ranges::find(site.routers, address, &RouterAddress::address);
  return router != site.routers.end() && enters_at(peer, site) &&
         std::ranges::all_of(peer.entrances, [&](const Entrance& entrance) {
           return entrance.site != site.name || entrance.router == router->router;
         });
}

bool can_meet(const Peer& one, const Peer& other) {
  return have_common(one.entrances, other.entrances);
}

bool is_in_force(const Rule& rule, WallTime now) {
  return !rule.expires || *rule.expires > now;
}

std::vector<const Peer*> peers_of(const World& world, const Selector& from) {
  std::vector<const Peer*> all;
  if (from.kind == SelectorKind::Peer) {
    if (const auto* peer = named(world.peers, from.name)) {
      all.push_back(peer);
    }
    return all;
  }
  const auto* group = declared(world, from);
  for (const auto& peer : world.peers) {
    if (names_peer(from, group, peer)) {
      all.push_back(&peer);
    }
  }
  return all;
}

bool matches_source(const World& world, const Selector& from, const Party& party) {
  if (party.peer == nullptr) {
    return from.kind == SelectorKind::Site && from.name == party.site->name;
  }
  return names_peer(from, declared(world, from), *party.peer);
}

bool matches_destination(const World& world, const Selector& to, const Party& party) {
  if (party.peer != nullptr) {
    return to.kind != SelectorKind::Any && names_peer(to, declared(world, to), *party.peer);
  }
  switch (to.kind) {
    case SelectorKind::Site:
      return to.name == party.site->name;
    case SelectorKind::Prefix:
      return party.site->meant(to.prefix).contains(party.address);
    case SelectorKind::Host: {
      const auto* host = world.policy ? named(world.policy->hosts, to.name) : nullptr;
      return host != nullptr && party.site->meant(host->prefix).contains(party.address) &&
             (!host->site || *host->site == party.site->name);
    }
    default:
      return false;
  }
}

Decision decide(const World& world, const Connection& connection, WallTime now) {
  if (const auto reason = foregone(connection)) {
    return {.allowed = *reason == Reason::RouterAnswers, .reason = *reason};
  }
  if (!world.policy) {
    return decide_without_policy(connection);
  }
  Decision decision;
  const auto& rules = world.policy->rules;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const auto matched = match(world, rules[i], connection, now);
    if (matched.failures() == 0) {
      return {.allowed = true, .reason = Reason::Rule, .rule = i};
    }
    if (matched.failures() == 1) {
      decision.misses.push_back({.rule = i, .but = what_fails(matched)});
    }
  }
  return decision;
}

ToOnePlace::ToOnePlace(const World& world, const Party& to, const Service& service, WallTime now)
    : world_(world), to_(to), service_(service) {
  if (!world.policy) {
    return;
  }
  const auto& rules = world.policy->rules;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (is_in_force(rules[i], now) && has_service(rules[i], service) &&
        has_destination(world, rules[i], to)) {
      rules_.push_back(i);
    }
  }
}

Decision ToOnePlace::decide(const Party& from) const {
  const Connection connection{.from = from, .to = to_, .service = service_};
  if (const auto reason = foregone(connection)) {
    return {.allowed = *reason == Reason::RouterAnswers, .reason = *reason};
  }
  if (!world_.policy) {
    return decide_without_policy(connection);
  }
  for (const auto i : rules_) {
    if (has_source(world_, world_.policy->rules[i], from)) {
      return {.allowed = true, .reason = Reason::Rule, .rule = i};
    }
  }
  return {};
}

}  // namespace cw::policy
