// SPDX-License-Identifier: Apache-2.0
#include "router/plan/rights.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "net/alias.h"
#include "net/block.h"
#include "net/via6.h"
#include "policy/evaluate.h"

namespace cw::router {

namespace {

using firewall::Grant;
using net::Prefix;
using network::Peer;
using policy::Policy;
using policy::Selector;
using policy::SelectorKind;

firewall::Protocol protocol_of(policy::Protocol protocol) {
  switch (protocol) {
    case policy::Protocol::Any:
      return firewall::Protocol::Any;
    case policy::Protocol::Tcp:
      return firewall::Protocol::Tcp;
    case policy::Protocol::Udp:
      return firewall::Protocol::Udp;
    case policy::Protocol::Icmp:
      break;
  }
  return firewall::Protocol::Icmp;
}

std::string text_of(SelectorKind kind, const std::string& name) {
  return Selector{.kind = kind, .name = name, .prefix = {}}.to_text();
}

class Compiler {
 public:
  Compiler(const network::Netmap& netmap, const network::Site& site,
           const std::vector<const Peer*>& served, WallTime now)
      : netmap_(netmap), policy_(*netmap.policy), site_(site), served_(served) {
    for (const auto& group : policy_.groups) {
      for (const auto& member : group.members) {
        groups_of_[member].push_back(group.name);
      }
    }
    for (const auto* peer : served) {
      for (const auto& text : sources_of(*peer)) {
        peers_of_[text].push_back(peer);
      }
    }
    for (std::size_t i = 0; i < policy_.rules.size(); ++i) {
      take_rule(i, now);
    }
  }

  SiteRights run() {
    using Rules = const std::vector<std::size_t>*;
    std::map<std::string, std::vector<Rules>> rules_of;  // by signature, of each source in it
    for (const auto* peer : served_) {
      std::string signature;
      std::vector<Rules> rules;
      for (const auto& text : sources_of(*peer)) {
        if (const auto found = rules_by_source_.find(text); found != rules_by_source_.end()) {
          signature += text + '\n';
          rules.push_back(&found->second);
        }
      }
      if (!signature.empty()) {
        made_.of_peer.emplace(peer->name, firewall::rights_name(signature));
        rules_of.try_emplace(std::move(signature), std::move(rules));
      }
    }
    for (const auto& [signature, sources] : rules_of) {
      firewall::Rights rights{.name = firewall::rights_name(signature), .grants = {}};
      std::set<std::size_t> rules;
      for (const auto* source : sources) {
        rules.insert(source->begin(), source->end());
      }
      for (const auto rule : rules) {
        add_grants(rule, rights.grants);
      }
      sort(rights.grants);
      made_.rights.push_back(std::move(rights));
    }
    std::ranges::sort(made_.rights, {}, &firewall::Rights::name);
    const auto from_site = rules_by_source_.find(text_of(SelectorKind::Site, site_.name));
    if (from_site != rules_by_source_.end()) {
      for (const auto rule : from_site->second) {
        add_grants_to_peers(rule, made_.from_site);
      }
      sort(made_.from_site);
    }
    return std::move(made_);
  }

 private:
  static void sort(std::vector<Grant>& grants) {
    std::ranges::sort(grants);
    const auto [first, last] = std::ranges::unique(grants);
    grants.erase(first, last);
  }

  void take_rule(std::size_t number, WallTime now) {
    const auto& rule = policy_.rules[number];
    if (!policy::is_in_force(rule, now)) {
      return;
    }
    if (rule.expires && (!made_.next_change || *rule.expires < *made_.next_change)) {
      made_.next_change = rule.expires;
    }
    for (const auto& from : rule.from) {
      auto& rules = rules_by_source_[from.to_text()];
      if (rules.empty() || rules.back() != number) {
        rules.push_back(number);
      }
    }
  }

  // Every selector that names this peer, sorted.
  std::set<std::string> sources_of(const Peer& peer) {
    std::set<std::string> texts = {text_of(SelectorKind::Any, {}),
                                   text_of(SelectorKind::Peer, peer.name)};
    const auto add_groups_of = [&](const std::string& member) {
      if (const auto found = groups_of_.find(member); found != groups_of_.end()) {
        for (const auto& group : found->second) {
          texts.insert(text_of(SelectorKind::Group, group));
        }
      }
    };
    add_groups_of(peer.name);
    if (!peer.user.empty()) {
      texts.insert(text_of(SelectorKind::User, peer.user));
      add_groups_of(peer.user);
    }
    for (const auto& group : peer.groups) {
      texts.insert(text_of(SelectorKind::Group, group));
    }
    return texts;
  }

  // The part of a prefix that the site has routes to.
  void add_routed(const Prefix& prefix, std::vector<Prefix>& out) const {
    for (const auto& route : site_.routes) {
      if (route.contains(prefix)) {
        out.push_back(prefix);
      } else if (prefix.contains(route)) {
        out.push_back(route);
      }
    }
  }

  // 4via6 addresses and aliases are other forms of the site's own.
  Prefix meant(const Prefix& written) const {
    return net::meant_at(net::site_via(netmap_.via_prefix, site_.id), site_.aliases, written);
  }

  std::vector<Prefix> places_of(const Selector& to) const {
    std::vector<Prefix> places;
    switch (to.kind) {
      case SelectorKind::Prefix:
        add_routed(meant(to.prefix), places);
        break;
      case SelectorKind::Host: {
        const auto host = std::ranges::find(policy_.hosts, to.name, &policy::Host::name);
        if (host != policy_.hosts.end() && host->site.value_or(site_.name) == site_.name) {
          add_routed(meant(host->prefix), places);
        }
        break;
      }
      case SelectorKind::Site:
        if (to.name == site_.name) {
          places = site_.routes;
        }
        break;
      default:
        break;
    }
    return places;
  }

  std::vector<Prefix> peers_at(const Selector& to) const {
    std::vector<Prefix> places;
    // A host may be named like something else, "any" for one.
    const auto found =
        policy::is_of_peers(to.kind) ? peers_of_.find(to.to_text()) : peers_of_.end();
    if (found == peers_of_.end()) {
      return places;
    }
    for (const auto* peer : found->second) {
      places.push_back(Prefix::host(peer->address));
      places.push_back(Prefix::host(net::ipv6_twin(netmap_.ula, peer->address)));
    }
    return places;
  }

  void add(std::size_t rule, const std::vector<Prefix>& places, std::vector<Grant>& grants) const {
    for (const auto& place : places) {
      for (const auto& service : policy_.rules[rule].services) {
        grants.push_back({.to = place,
                          .protocol = protocol_of(service.protocol),
                          .first = service.first,
                          .last = service.last,
                          .rule = static_cast<std::uint32_t>(rule)});
      }
    }
  }

  void add_grants(std::size_t rule, std::vector<Grant>& grants) const {
    for (const auto& to : policy_.rules[rule].to) {
      add(rule, places_of(to), grants);
      add(rule, peers_at(to), grants);
    }
  }

  void add_grants_to_peers(std::size_t rule, std::vector<Grant>& grants) const {
    for (const auto& to : policy_.rules[rule].to) {
      add(rule, peers_at(to), grants);
    }
  }

  const network::Netmap& netmap_;
  const Policy& policy_;
  const network::Site& site_;
  const std::vector<const Peer*>& served_;
  std::unordered_map<std::string, std::vector<std::string>> groups_of_;  // a user's or peer's
  std::unordered_map<std::string, std::vector<const Peer*>> peers_of_;   // by selector
  std::unordered_map<std::string, std::vector<std::size_t>> rules_by_source_;
  SiteRights made_;
};

}  // namespace

SiteRights rights_at(const network::Netmap& netmap, const network::Site& site,
                     const std::vector<const network::Peer*>& served, WallTime now) {
  return Compiler(netmap, site, served, now).run();
}

}  // namespace cw::router
