// SPDX-License-Identifier: Apache-2.0
#include "policy/explain.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/rfc3339.h"

namespace cw::policy {

namespace {

// Before every expiry there can be.
constexpr WallTime kNoExpiryYet{};

// More would say less.
constexpr std::size_t kMostMisses = 3;
constexpr std::size_t kMostReasons = 3;

std::vector<std::string> texts(const std::vector<Service>& services) {
  std::vector<std::string> all;
  for (const auto& service : services) {
    all.push_back(service.to_text());
  }
  return all;
}

std::vector<std::string> texts(const std::vector<Selector>& selectors) {
  std::vector<std::string> all;
  for (const auto& selector : selectors) {
    all.push_back(selector.to_text());
  }
  return all;
}

// "bob is disabled (peers/bob.toml)".
std::string why_locked_out(const LockedOut& one) {
  const auto& name = one.peer.name;
  return one.expired
             ? fmt::format("{0} expired on {1} (peers/{0}.toml)", name, to_rfc3339(*one.expired))
             : fmt::format("{0} is disabled (peers/{0}.toml)", name);
}

// Of those whom one of the selectors would name; empty: there are none.
std::string why_locked_out(const World& world, const std::vector<Selector>& selectors) {
  std::vector<std::string> reasons;
  std::size_t more = 0;
  for (const auto& one : world.locked_out) {
    const auto party = Party::of(one.peer);
    const bool meant = std::ranges::any_of(selectors, [&](const Selector& each) {
      return is_of_peers(each.kind) && matches_source(world, each, party);
    });
    if (meant && reasons.size() < kMostReasons) {
      reasons.push_back(why_locked_out(one));
    } else if (meant) {
      ++more;
    }
  }
  if (more > 0) {
    reasons.push_back(fmt::format("{} more are locked out", more));
  }
  return fmt::format("{}", fmt::join(reasons, "; "));
}

std::string say(const Rule& rule, NearMiss::But but) {
  switch (but) {
    case NearMiss::But::Service:
      return fmt::format("rule `{}` would on {}", rule.name, fmt::join(texts(rule.services), ", "));
    case NearMiss::But::Destination:
      return fmt::format("rule `{}` is for {}", rule.name, fmt::join(texts(rule.to), ", "));
    case NearMiss::But::Source:
      return fmt::format("rule `{}` allows it to {}", rule.name, fmt::join(texts(rule.from), ", "));
    case NearMiss::But::Expired:
      break;
  }
  return fmt::format("rule `{}` has expired", rule.name);
}

}  // namespace

std::string name_of(const Party& party) {
  return party.peer != nullptr ? party.peer->name
                               : fmt::format("{} at {}", party.address.to_text(), party.site->name);
}

Result<Selector> find_source(const World& world, const std::string& text) {
  if (text == "any") {
    return Selector{};
  }
  std::vector<Selector> candidates;
  if (const auto selector = Selector::with_kind(text)) {
    candidates.push_back(*selector);
  } else {
    for (const auto kind : {SelectorKind::Peer, SelectorKind::User, SelectorKind::Group}) {
      candidates.push_back({.kind = kind, .name = text, .prefix = {}});
    }
  }
  const auto asked = candidates;
  std::erase_if(candidates, [&](const Selector& each) { return parties(world, each).empty(); });
  if (candidates.empty()) {
    if (auto why = why_locked_out(world, asked); !why.empty()) {
      return Error::make(ErrorKind::NotFound, std::move(why));
    }
    return Error::make(ErrorKind::NotFound, fmt::format("nobody is `{}` in this network", text));
  }
  if (candidates.size() > 1) {
    return Error::invalid(fmt::format("`{}` is more than one thing: say {} or {}", text,
                                      candidates[0].to_text(), candidates[1].to_text()));
  }
  return candidates.front();
}

Result<Target> find_target(const World& world, const std::string& text) {
  const auto target = CW_TRY(parse_target(text));
  if (const auto selector = Selector::with_kind(target.to)) {
    if (selector->kind != SelectorKind::Peer) {
      return Error::invalid(fmt::format("`{}` is more than one address", target.to));
    }
    return Target{.to = *selector, .service = target.service};
  }
  if (world.policy) {
    const auto host = std::ranges::find(world.policy->hosts, target.to, &Host::name);
    if (host != world.policy->hosts.end()) {
      const Selector selector{.kind = SelectorKind::Host, .name = target.to, .prefix = {}};
      if (!is_one_address(*world.policy, selector)) {
        return Error::invalid(fmt::format("`{}` is more than one address", target.to));
      }
      return Target{.to = selector, .service = target.service};
    }
  }
  const auto address = net::Ip::parse(target.to);
  if (!address) {
    return Error::make(
        ErrorKind::NotFound,
        fmt::format("there is no host `{}` in policy.toml, and it is no address", target.to));
  }
  return Target{
      .to = {.kind = SelectorKind::Prefix, .name = {}, .prefix = net::Prefix::host(*address)},
      .service = target.service};
}

bool is_one_address(const Policy& policy, const Selector& to) {
  switch (to.kind) {
    case SelectorKind::Peer:
      return true;
    case SelectorKind::Prefix:
      return to.prefix.is_host();
    case SelectorKind::Host: {
      const auto host = std::ranges::find(policy.hosts, to.name, &Host::name);
      return host != policy.hosts.end() && host->prefix.is_host();
    }
    default:
      return false;
  }
}

Result<Party> locate(const World& world, const Selector& to) {
  if (to.kind == SelectorKind::Peer) {
    const auto peer = std::ranges::find(world.peers, to.name, &Peer::name);
    if (peer == world.peers.end()) {
      if (auto why = why_locked_out(world, {to}); !why.empty()) {
        return Error::make(ErrorKind::NotFound, std::move(why));
      }
      return Error::make(ErrorKind::NotFound, fmt::format("there is no peer `{}`", to.name));
    }
    return Party::of(*peer);
  }
  auto address = to.prefix.address();
  std::optional<std::string> site;
  if (to.kind == SelectorKind::Host && world.policy) {
    const auto host = std::ranges::find(world.policy->hosts, to.name, &Host::name);
    if (host == world.policy->hosts.end()) {
      return Error::make(ErrorKind::NotFound, fmt::format("there is no host `{}`", to.name));
    }
    address = host->prefix.address();
    site = host->site;
  }
  const auto written = net::Prefix::host(address);
  const Site* found = nullptr;
  for (const auto& each : world.sites) {
    const auto meant = each.meant(written).address();
    const bool here =
        site ? each.name == *site : std::ranges::any_of(each.routes, [&](const net::Prefix& route) {
          return route.contains(meant);
        });
    if (here && found != nullptr) {
      return Error::invalid(
          fmt::format("{} is at two sites, `{}` and `{}`; give it a name in "
                      "[hosts] that says at which",
                      address.to_text(), found->name, each.name));
    }
    found = here ? &each : found;
  }
  if (found == nullptr) {
    return Error::make(ErrorKind::NotFound,
                       fmt::format("no site has a route to {}", address.to_text()));
  }
  return Party::at(*found, found->meant(written).address());
}

std::vector<Party> parties(const World& world, const Selector& from) {
  std::vector<Party> all;
  if (from.kind == SelectorKind::Site) {
    const auto site = std::ranges::find(world.sites, from.name, &Site::name);
    if (site != world.sites.end() && !site->routes.empty()) {
      all.push_back(Party::at(*site, site->routes.front().address()));
    }
    return all;
  }
  for (const auto* peer : peers_of(world, from)) {
    all.push_back(Party::of(*peer));
  }
  return all;
}

std::string say(const World& world, const Decision& decision) {
  const auto rule_named = [&](std::size_t rule) -> const Rule& {
    return world.policy->rules.at(rule);
  };
  switch (decision.reason) {
    case Reason::Rule:
      return fmt::format("rule `{}` allows it", rule_named(decision.rule).name);
    case Reason::NoPolicy:
      return "there is no policy.toml, so that every peer reaches every route of its sites";
    case Reason::NotOfSite:
      return "the peer may not use the site (`sites` in its file)";
    case Reason::NoGateway:
      return "no gateway of the site has the peer's address in its block";
    case Reason::NotRouted:
      return "the site has no route to it";
    case Reason::NotAPeersWay:
      return "a router is no way from a site to a site";
    case Reason::NoCommonSite:
      return "no router lets both peers in: they have no site in common (`sites` in their files)";
    case Reason::NoCommonRouter:
      return "no router lets both peers in: they are at gateways of different routers";
    case Reason::RoutersOwn:
      return "it is the router's own address, where peers get answers to ICMP alone, whatever the "
             "rules";
    case Reason::RouterAnswers:
      return "it is the router's own address, which answers ICMP, whatever the rules";
    case Reason::NoRule:
      break;
  }
  std::string text = "no rule allows it";
  for (std::size_t i = 0; i < std::min(decision.misses.size(), kMostMisses); ++i) {
    const auto& miss = decision.misses[i];
    text += "; " + say(rule_named(miss.rule), miss.but);
  }
  return text;
}

std::optional<std::string> first_failure(const World& world, const std::vector<Party>& from,
                                         const Target& target, bool accepted) {
  const auto to = locate(world, target.to);
  if (!to) {
    // Nobody reaches what is nowhere; and a peer that was removed must not hold up its removal.
    if (!accepted || from.empty() || target.to.kind == SelectorKind::Peer) {
      return std::nullopt;
    }
    return fmt::format("{} cannot reach {}: {}", name_of(from.front()), target.to_text(),
                       to.error().message);
  }
  const ToOnePlace place(world, *to, target.service, kNoExpiryYet);
  const auto other = std::ranges::find_if(
      from, [&](const Party& party) { return place.decide(party).allowed != accepted; });
  if (other == from.end()) {
    return std::nullopt;
  }
  const auto why =
      decide(world, {.from = *other, .to = *to, .service = target.service}, kNoExpiryYet);
  return fmt::format("{} {} reach {}: {}", name_of(*other), accepted ? "cannot" : "can",
                     target.to_text(), say(world, why));
}

std::vector<Access> who(const World& world, const Party& to, const Service& service, WallTime now) {
  const ToOnePlace place(world, to, service, now);
  std::vector<Access> all;
  for (const auto& peer : world.peers) {
    if (auto decision = place.decide(Party::of(peer)); decision.allowed) {
      all.push_back({.peer = &peer, .decision = std::move(decision)});
    }
  }
  return all;
}

}  // namespace cw::policy
