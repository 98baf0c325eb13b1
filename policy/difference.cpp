// SPDX-License-Identifier: Apache-2.0
#include "policy/difference.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "net/port_ranges.h"
#include "policy/evaluate.h"

namespace cw::policy {

namespace {

using net::PortRanges;
using net::Prefix;

// What may be opened at one place, protocol by protocol; Any stands beside the others.
using Services = std::map<Protocol, PortRanges>;

void add(Services& services, const Service& service) {
  services[service.protocol].emplace_back(service.first, service.last);
}

void add(Services& services, const Services& more) {
  for (const auto& [protocol, ranges] : more) {
    auto& all = services[protocol];
    all.insert(all.end(), ranges.begin(), ranges.end());
  }
}

// Whatever has everything has nothing else to be said of it.
Services in_short(Services services) {
  if (services.contains(Protocol::Any)) {
    return {{Protocol::Any, {{0, 65535}}}};
  }
  for (auto& [protocol, ranges] : services) {
    ranges = net::merged(std::move(ranges));
  }
  return services;
}

std::vector<std::string> more_than(const Services& these, const Services& those) {
  std::vector<std::string> texts;
  if (those.contains(Protocol::Any)) {
    return texts;
  }
  for (const auto& [protocol, ranges] : these) {
    const auto found = those.find(protocol);
    for (const auto& [first, last] :
         net::without(ranges, found == those.end() ? PortRanges() : found->second)) {
      texts.push_back(Service{.protocol = protocol,
                              .first = static_cast<std::uint16_t>(first),
                              .last = static_cast<std::uint16_t>(last)}
                          .to_text());
    }
  }
  return texts;
}

// What one source may open: by site and prefix, and by peer.
struct Reach {
  std::map<std::pair<std::string, Prefix>, Services> places;
  std::map<std::string, Services> peers;

  friend bool operator==(const Reach&, const Reach&) = default;
};

class Expander {
 public:
  // Each selector is compared with every peer once, and not for each peer again.
  Expander(const World& world, WallTime now) : world_(world), now_(now) {
    if (!world.policy) {
      return;
    }
    for (const auto& rule : world.policy->rules) {
      if (!is_in_force(rule, now)) {
        continue;
      }
      for (const auto& from : rule.from) {
        for (const auto* peer : find_peers(from)) {
          auto& rules = rules_of_[peer];
          if (rules.empty() || rules.back() != &rule) {
            rules.push_back(&rule);
          }
        }
      }
      for (const auto& to : rule.to) {
        if (is_of_peers(to.kind)) {
          find_peers(to);
        }
      }
    }
  }

  [[nodiscard]] Reach of(const Party& from) const {
    Reach reach;
    if (!world_.policy) {
      if (from.peer != nullptr) {
        for (const auto& site : world_.sites) {
          add_place(reach, from, site, std::nullopt, Service{});
        }
      }
      return reach;
    }
    for (const auto* rule : rules_for(from)) {
      add_rule(reach, from, *rule);
    }
    return reach;
  }

 private:
  using Peers = std::vector<const Peer*>;

  const Peers& find_peers(const Selector& selector) {
    const auto [peers, fresh] = peers_at_.try_emplace(selector.to_text());
    for (const auto& peer : world_.peers) {
      if (fresh && matches_source(world_, selector, Party::of(peer))) {
        peers->second.push_back(&peer);
      }
    }
    return peers->second;
  }

  [[nodiscard]] const Peers& peers_at(const Selector& to) const {
    static const Peers kNobody;
    // A host may be named like something else, "any" for one.
    const auto found = is_of_peers(to.kind) ? peers_at_.find(to.to_text()) : peers_at_.end();
    return found == peers_at_.end() ? kNobody : found->second;
  }

  [[nodiscard]] std::vector<const Rule*> rules_for(const Party& from) const {
    if (from.peer != nullptr) {
      const auto found = rules_of_.find(from.peer);
      return found == rules_of_.end() ? std::vector<const Rule*>() : found->second;
    }
    std::vector<const Rule*> rules;
    if (!world_.policy) {
      return rules;
    }
    for (const auto& rule : world_.policy->rules) {
      const bool applies =
          is_in_force(rule, now_) && std::ranges::any_of(rule.from, [&](const Selector& each) {
            return matches_source(world_, each, from);
          });
      if (applies) {
        rules.push_back(&rule);
      }
    }
    return rules;
  }

  void add_rule(Reach& reach, const Party& from, const Rule& rule) const {
    for (const auto& to : rule.to) {
      for (const auto& service : rule.services) {
        if (from.peer != nullptr) {
          for (const auto& site : world_.sites) {
            add_destination(reach, from, site, to, service);
          }
        }
        for (const auto* peer : peers_at(to)) {
          if (from.peer != nullptr ? can_meet(*from.peer, *peer) : enters_at(*peer, *from.site)) {
            add(reach.peers[peer->name], service);
          }
        }
      }
    }
  }

  void add_destination(Reach& reach, const Party& from, const Site& site, const Selector& to,
                       const Service& service) const {
    if (to.kind == SelectorKind::Site && to.name == site.name) {
      add_place(reach, from, site, std::nullopt, service);
    } else if (to.kind == SelectorKind::Prefix) {
      add_place(reach, from, site, to.prefix, service);
    } else if (to.kind == SelectorKind::Host) {
      const auto& hosts = world_.policy->hosts;
      const auto host = std::ranges::find(hosts, to.name, &Host::name);
      if (host != hosts.end() && host->site.value_or(site.name) == site.name) {
        add_place(reach, from, site, host->prefix, service);
      }
    }
  }

  // The part of `prefix` that the site has routes to; nothing: all of them.
  static void add_place(Reach& reach, const Party& from, const Site& site,
                        const std::optional<Prefix>& prefix, const Service& service) {
    if (!enters_at(*from.peer, site)) {
      return;
    }
    const auto meant = prefix ? std::optional(site.meant(*prefix)) : std::nullopt;
    if (meant && meant->is_host() && is_own_address(*from.peer, site, meant->address())) {
      return;  // no rule changes what a router answers
    }
    for (const auto& route : site.routes) {
      if (!meant || meant->contains(route)) {
        add(reach.places[{site.name, route}], service);
      } else if (route.contains(*meant)) {
        add(reach.places[{site.name, *meant}], service);
      }
    }
  }

  const World& world_;
  WallTime now_;
  std::map<std::string, Peers> peers_at_;  // by selector
  std::unordered_map<const Peer*, std::vector<const Rule*>> rules_of_;
};

// All that may be opened at a place, by what is said of it and of the wider places around it.
Services services_at(const Reach& reach, const std::string& site, const Prefix& place) {
  Services services;
  for (const auto& [where, allowed] : reach.places) {
    if (where.first == site && where.second.contains(place)) {
      add(services, allowed);
    }
  }
  return in_short(std::move(services));
}

// Whether smaller places that are looked at themselves leave nothing of this one.
bool is_made_up_of(const Prefix& place, const std::set<Prefix>& all) {
  const auto bits = net::bits(place.family());
  if (place.length() == bits) {
    return false;
  }
  const auto half = static_cast<std::uint8_t>(place.length() + 1);
  const auto lower = Prefix::of(place.address(), half);
  const auto upper = Prefix::of(place.last(), half);
  const auto there = [&](const Prefix& part) {
    return all.contains(part) ||
           (std::ranges::any_of(
                all, [&](const Prefix& each) { return each != part && part.contains(each); }) &&
            is_made_up_of(part, all));
  };
  return there(lower) && there(upper);
}

// Lines about one place; what was said of a wider place around it is not said again.
class Lines {
 public:
  void add(const Prefix& place, const std::string& site, const std::vector<std::string>& services,
           std::vector<std::string>& out) {
    while (!around_.empty() && !around_.back().first.contains(place)) {
      around_.pop_back();
    }
    for (const auto& service : services) {
      const bool said = !around_.empty() && std::ranges::find(around_.back().second, service) !=
                                                around_.back().second.end();
      if (!said) {
        out.push_back(fmt::format("{} on {} at {}", service,
                                  place.is_host() ? place.address().to_text() : place.to_text(),
                                  site));
      }
    }
    around_.emplace_back(place, services);
  }

 private:
  std::vector<std::pair<Prefix, std::vector<std::string>>> around_;
};

void compare_places(const Reach& before, const Reach& after, Difference& difference) {
  std::map<std::string, std::set<Prefix>> places;
  for (const auto* reach : {&before, &after}) {
    for (const auto& [where, services] : reach->places) {
      places[where.first].insert(where.second);
    }
  }
  for (const auto& [site, prefixes] : places) {
    Lines gains;
    Lines losses;
    for (const auto& place : prefixes) {  // the wider ones first
      if (is_made_up_of(place, prefixes)) {
        continue;
      }
      const auto was = services_at(before, site, place);
      const auto is = services_at(after, site, place);
      gains.add(place, site, more_than(is, was), difference.gains);
      losses.add(place, site, more_than(was, is), difference.loses);
    }
  }
}

void compare_peers(const Reach& before, const Reach& after, Difference& difference) {
  std::set<std::string> peers;
  for (const auto* reach : {&before, &after}) {
    for (const auto& [peer, services] : reach->peers) {
      peers.insert(peer);
    }
  }
  for (const auto& peer : peers) {
    const auto at = [&](const Reach& reach) {
      const auto found = reach.peers.find(peer);
      return found == reach.peers.end() ? Services() : in_short(found->second);
    };
    const auto tell = [&](const std::vector<std::string>& services, std::vector<std::string>& out) {
      for (const auto& service : services) {
        out.push_back(fmt::format("{} on peer:{}", service, peer));
      }
    };
    tell(more_than(at(after), at(before)), difference.gains);
    tell(more_than(at(before), at(after)), difference.loses);
  }
}

template <class T>
const T* named(const std::vector<T>& items, const std::string& name) {
  const auto found = std::ranges::lower_bound(items, name, {}, &T::name);
  return found == items.end() || found->name != name ? nullptr : &*found;
}

}  // namespace

std::vector<Difference> difference(const World& before, const World& after, WallTime now) {
  const Expander old_world(before, now);
  const Expander new_world(after, now);
  std::map<std::pair<std::vector<std::string>, std::vector<std::string>>, Difference> found;
  const auto take = [&](const std::string& name, const Reach& was, const Reach& is) {
    if (was == is) {
      return;
    }
    Difference one;
    compare_places(was, is, one);
    compare_peers(was, is, one);
    if (one.gains.empty() && one.loses.empty()) {
      return;
    }
    auto& all = found[{one.gains, one.loses}];
    one.who = std::move(all.who);
    one.who.push_back(name);
    all = std::move(one);
  };
  std::set<std::string> peers;
  std::set<std::string> sites;
  for (const auto* world : {&before, &after}) {
    for (const auto& peer : world->peers) {
      peers.insert(peer.name);
    }
    for (const auto& site : world->sites) {
      sites.insert(site.name);
    }
  }
  for (const auto& name : peers) {
    const auto* was = named(before.peers, name);
    const auto* is = named(after.peers, name);
    take(name, was != nullptr ? old_world.of(Party::of(*was)) : Reach(),
         is != nullptr ? new_world.of(Party::of(*is)) : Reach());
  }
  for (const auto& name : sites) {
    const auto* was = named(before.sites, name);
    const auto* is = named(after.sites, name);
    take("site:" + name, was != nullptr ? old_world.of(Party::at(*was, {})) : Reach(),
         is != nullptr ? new_world.of(Party::at(*is, {})) : Reach());
  }
  std::vector<Difference> all;
  for (auto& [key, one] : found) {
    all.push_back(std::move(one));
  }
  std::ranges::sort(all, {}, &Difference::who);
  return all;
}

std::string to_text(const std::vector<Difference>& differences) {
  std::string text;
  for (const auto& one : differences) {
    text += fmt::format("{}\n", fmt::join(one.who, ", "));
    for (const auto& gain : one.gains) {
      text += fmt::format("  + {}\n", gain);
    }
    for (const auto& loss : one.loses) {
      text += fmt::format("  - {}\n", loss);
    }
  }
  return text;
}

}  // namespace cw::policy
