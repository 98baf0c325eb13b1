// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "network/checks.h"
#include "network/limits.h"
#include "policy/explain.h"

namespace cw::network {

namespace {

using policy::Selector;
using policy::SelectorKind;

// Each is a comparison with every name there is, and whoever removed a hundred peers knows it.
constexpr int kMostSuggestions = 10;

class PolicyChecks {
 public:
  PolicyChecks(Checks& checks, const PolicyFile& file) : checks_(checks), file_(file) {
    for (const auto& [name, peer] : checks.directory.peers) {
      if (peer.user) {
        users_.insert(*peer.user);
      }
      for (const auto& group : peer.groups) {
        groups_.insert(group.value);
        lived_in_.insert(group.value);
      }
    }
    for (const auto& group : file.groups) {
      groups_.insert(group.name);
    }
    for (const auto& [name, site] : checks.directory.sites) {
      forms_.push_back(forms_of(name, site));
    }
  }

  policy::Policy run() {
    for (const auto& group : file_.groups) {
      take_group(group);
    }
    for (const auto& host : file_.hosts) {
      take_host(host);
    }
    std::ranges::sort(policy_.groups, {}, &policy::Group::name);
    std::ranges::sort(policy_.hosts, {}, &policy::Host::name);
    for (const auto& rule : file_.rules) {
      take_rule(rule);
    }
    warn_of_shadowed_rules(checks_, policy_, rule_places_, forms_);
    for (const auto& test : file_.tests) {
      take_test(test);
    }
    return std::move(policy_);
  }

 private:
  [[nodiscard]] policy::Site forms_of(const std::string& name, const SiteFile& file) const {
    policy::Site site{.name = name, .routes = {}, .via = {}, .aliases = {}};
    const auto& network = checks_.directory.network;
    if (file.id && network && (network->via_prefix || network->ula)) {
      site.via = net::site_via(
          network->via_prefix ? *network->via_prefix : net::default_via_prefix(*network->ula),
          *file.id);
    }
    for (const auto& each : file.aliases) {
      site.aliases.push_back({.route = each.route.value, .alias = each.alias.value});
    }
    return site;
  }

  static Origin at(Span span) { return Origin::in_policy(span); }

  [[nodiscard]] bool is_peer(std::string_view name) const {
    return checks_.directory.peers.contains(name);
  }

  [[nodiscard]] bool exists(SelectorKind kind, std::string_view name) const {
    switch (kind) {
      case SelectorKind::Peer:
        return is_peer(name);
      case SelectorKind::User:
        return users_.contains(name);
      case SelectorKind::Group:
        return groups_.contains(name);
      default:
        return checks_.site_known(name);
    }
  }

  std::string did_you_mean(std::string_view name) {
    if (++suggestions_ > kMostSuggestions) {
      return {};
    }
    std::vector<std::string_view> known(users_.begin(), users_.end());
    known.insert(known.end(), groups_.begin(), groups_.end());
    for (const auto& [peer, file] : checks_.directory.peers) {
      known.push_back(peer);
    }
    const auto meant = nearest(name, known);
    return meant ? fmt::format("did you mean `{}`?", *meant) : std::string();
  }

  void take_group(const GroupEntry& entry);
  void take_host(const HostEntry& entry);
  void take_rule(const RuleTable& table);
  void take_test(const TestTable& table);

  std::optional<Selector> named(const Selector& selector, Span span);
  std::optional<Selector> source(const Located<std::string>& text);
  std::optional<Selector> destination(const Located<std::string>& text);
  std::optional<Selector> target(const std::string& text, Span span);
  bool check_where(const net::Prefix& prefix, Span span);
  [[nodiscard]] net::Prefix meant_at(std::string_view site, const net::Prefix& written) const;
  [[nodiscard]] const LocatedList<net::Prefix>* routes_of(const std::string& site) const;

  Checks& checks_;
  const PolicyFile& file_;
  std::set<std::string_view> users_;
  std::set<std::string_view> groups_;
  std::vector<policy::Site> forms_;      // of each site, by name, without its routes
  std::set<std::string_view> lived_in_;  // groups that a peer's own file names
  Claims<std::string> names_;
  policy::Policy policy_;
  std::vector<Span> rule_places_;  // of policy_.rules
  int suggestions_ = 0;
};

void PolicyChecks::take_group(const GroupEntry& entry) {
  policy::Group group{.name = entry.name, .members = {}};
  bool somebody = lived_in_.contains(entry.name);
  for (const auto& [member, span] : entry.members) {
    const bool known = is_peer(member) || users_.contains(member);
    somebody = somebody || known;
    if (!known) {
      // No mistake: whoever removes a peer or a user must not be held up by where else they stand.
      checks_.warn(at(span), fmt::format("there is no user and no peer `{}`", member),
                   did_you_mean(member));
    }
    group.members.push_back(member);
  }
  if (!somebody) {
    checks_.warn(at(entry.at), fmt::format("nobody is in group `{}`", entry.name), {});
  }
  std::ranges::sort(group.members);
  const auto [first, last] = std::ranges::unique(group.members);
  group.members.erase(first, last);
  policy_.groups.push_back(std::move(group));
}

const LocatedList<net::Prefix>* PolicyChecks::routes_of(const std::string& site) const {
  const auto found = checks_.directory.sites.find(site);
  return found == checks_.directory.sites.end() ? nullptr : &found->second.routes;
}

// Of a 4via6 address or an alias of the site, the real destination.
net::Prefix PolicyChecks::meant_at(std::string_view site, const net::Prefix& written) const {
  const auto form = std::ranges::lower_bound(forms_, site, {}, &policy::Site::name);
  return form == forms_.end() || form->name != site ? written : form->meant(written);
}

// False: it is at two sites, and does not say at which.
bool PolicyChecks::check_where(const net::Prefix& prefix, Span span) {
  const Located<net::Prefix>* first = nullptr;
  std::string_view first_site;
  for (const auto& [name, site] : checks_.directory.sites) {
    const auto meant = meant_at(name, prefix);
    const auto route = std::ranges::find_if(
        site.routes, [&](const auto& each) { return each.value.overlaps(meant); });
    if (route == site.routes.end()) {
      continue;
    }
    if (first != nullptr) {
      checks_.report(
          at(span),
          fmt::format("{} lies in routes of two sites, `{}` and `{}`",
                      prefix.is_host() ? prefix.address().to_text() : prefix.to_text(), first_site,
                      name),
          Origin::in_site(name, route->span), "of this site, too",
          fmt::format("say at which: give it a name in [hosts], NAME = {{ address = \"{}\", site = "
                      "\"{}\" }}",
                      prefix.is_host() ? prefix.address().to_text() : prefix.to_text(),
                      first_site));
      return false;
    }
    first = &*route;
    first_site = name;
  }
  if (first == nullptr && !checks_.any_site_broken()) {
    checks_.warn(at(span), "no site has a route to this", "add it to a site's `routes`");
  }
  return true;
}

void PolicyChecks::take_host(const HostEntry& entry) {
  if (!entry.prefix) {
    return;
  }
  if (!entry.site.set) {
    check_where(*entry.prefix, entry.prefix.span);
  } else if (entry.site) {
    const auto* routes = routes_of(*entry.site);
    if (!checks_.site_known(*entry.site)) {
      checks_.report(at(entry.site.span), fmt::format("there is no site `{}`", *entry.site), {});
      return;
    }
    if (routes != nullptr && std::ranges::none_of(*routes, [&](const auto& route) {
          return route.value.overlaps(meant_at(*entry.site, *entry.prefix));
        })) {
      checks_.warn(at(entry.prefix.span),
                   fmt::format("site `{}` has no route to this", *entry.site),
                   "add it to the site's `routes`");
    }
  }
  policy_.hosts.push_back({.name = entry.name, .prefix = *entry.prefix, .site = entry.site.value});
}

// Nothing where it was reported.
std::optional<Selector> PolicyChecks::named(const Selector& selector, Span span) {
  if (!exists(selector.kind, selector.name)) {
    const auto message =
        fmt::format("there is no {} `{}`", policy::to_text(selector.kind), selector.name);
    if (selector.kind == SelectorKind::Site) {
      checks_.report(at(span), message, {});
      return std::nullopt;
    }
    checks_.warn(at(span), message + ", so that this is nobody", did_you_mean(selector.name));
  }
  return selector;
}

std::optional<Selector> PolicyChecks::source(const Located<std::string>& text) {
  if (text.value == "any") {
    return Selector{};
  }
  if (const auto selector = Selector::with_kind(text.value)) {
    return named(*selector, text.span);
  }
  std::vector<SelectorKind> kinds;
  for (const auto kind : {SelectorKind::Peer, SelectorKind::User, SelectorKind::Group}) {
    if (exists(kind, text.value)) {
      kinds.push_back(kind);
    }
  }
  if (kinds.size() > 1) {
    checks_.report(at(text.span),
                   fmt::format("`{}` is a {} and a {}", text.value, policy::to_text(kinds[0]),
                               policy::to_text(kinds[1])),
                   fmt::format("write {0}:{2} or {1}:{2}", policy::to_text(kinds[0]),
                               policy::to_text(kinds[1]), text.value));
    return std::nullopt;
  }
  if (kinds.empty()) {
    // What is nobody opens nothing; a peer that was removed must not hold up its removal.
    checks_.warn(at(text.span), fmt::format("there is no peer, user or group `{}`", text.value),
                 did_you_mean(text.value));
  }
  return Selector{
      .kind = kinds.empty() ? SelectorKind::Peer : kinds.front(), .name = text.value, .prefix = {}};
}

std::optional<Selector> PolicyChecks::destination(const Located<std::string>& text) {
  if (const auto selector = Selector::with_kind(text.value)) {
    return named(*selector, text.span);
  }
  return target(text.value, text.span);
}

// A host of [hosts], an address or a prefix.
std::optional<Selector> PolicyChecks::target(const std::string& text, Span span) {
  const auto host = std::ranges::find(file_.hosts, text, &HostEntry::name);
  if (host != file_.hosts.end()) {
    return host->prefix
               ? std::optional(Selector{.kind = SelectorKind::Host, .name = text, .prefix = {}})
               : std::nullopt;
  }
  const auto ip = net::Ip::parse(text);
  auto prefix = ip ? Result<net::Prefix>(net::Prefix::host(*ip)) : net::Prefix::parse(text);
  if (!prefix && text.find('/') != std::string::npos) {
    checks_.report(at(span), prefix.error().message, {});
    return std::nullopt;
  }
  if (!prefix) {
    std::vector<std::string_view> hosts;
    for (const auto& each : file_.hosts) {
      hosts.push_back(each.name);
    }
    const auto meant = nearest(text, hosts);
    checks_.report(at(span), fmt::format("there is no host `{}`", text),
                   meant ? fmt::format("did you mean `{}`?", *meant)
                         : "name an address, a prefix, a host of [hosts], or site:, peer:, user: "
                           "or group: and a name");
    return std::nullopt;
  }
  if (!check_where(*prefix, span)) {
    return std::nullopt;
  }
  return Selector{.kind = SelectorKind::Prefix, .name = {}, .prefix = *prefix};
}

void PolicyChecks::take_rule(const RuleTable& table) {
  if (table.name) {
    if (const Origin* first = names_.claim(*table.name, at(table.name.span))) {
      checks_.report(at(table.name.span), fmt::format("two rules are named `{}`", *table.name),
                     *first, "the other one");
    }
  }
  policy::Rule rule{.name = table.name.value.value_or(""),
                    .from = {},
                    .to = {},
                    .services = {},
                    .expires = table.expires.value};
  for (const auto& text : table.from) {
    if (auto selector = source(text)) {
      rule.from.push_back(std::move(*selector));
    }
  }
  for (const auto& text : table.to) {
    if (auto selector = destination(text)) {
      rule.to.push_back(std::move(*selector));
    }
  }
  for (const auto& service : table.services) {
    rule.services.push_back(service.value);
  }
  const bool reported = checks_.directory.mistakes.contains(kPolicyFile);
  if (!reported && (table.from.empty() || table.to.empty() || table.services.empty())) {
    checks_.report(at(table.at), "this rule allows nothing: one of its lists is empty",
                   "remove the rule, or say what it allows");
  }
  policy_.rules.push_back(std::move(rule));
  rule_places_.push_back(table.name.set ? table.name.span : table.at);
}

void PolicyChecks::take_test(const TestTable& table) {
  for (const auto& text : table.from) {
    auto from = source(text);
    if (!from) {
      continue;
    }
    policy::Test test{.from = std::move(*from), .accept = {}, .deny = {}};
    const auto take = [&](const LocatedList<policy::TargetText>& texts,
                          std::vector<policy::Target>& targets) {
      for (const auto& [each, span] : texts) {
        auto to = destination({.value = each.to, .span = span});
        if (to && !policy::is_one_address(policy_, *to)) {
          checks_.report(at(span), fmt::format("`{}` is more than one address", each.to),
                         "a test names an address, a host of one address, or peer: and a name");
        } else if (to) {
          targets.push_back({.to = std::move(*to), .service = each.service});
        }
      }
    };
    take(table.accept, test.accept);
    take(table.deny, test.deny);
    policy_.tests.push_back(std::move(test));
  }
}

}  // namespace

std::optional<policy::Policy> check_policy(Checks& checks) {
  if (!checks.directory.policy) {
    return std::nullopt;
  }
  return PolicyChecks(checks, *checks.directory.policy).run();
}

void check_policy_tests(Checks& checks, const policy::World& world) {
  if (!world.policy || !checks.directory.policy) {
    return;
  }
  auto test = world.policy->tests.begin();
  for (const auto& table : checks.directory.policy->tests) {
    for (std::size_t i = 0; i < table.from.size(); ++i, ++test) {
      const auto from = policy::parties(world, test->from);
      const auto tell = [&](const auto& texts, const auto& targets, bool expected) {
        for (std::size_t t = 0; t < targets.size(); ++t) {
          if (const auto broken = policy::first_failure(world, from, targets[t], expected)) {
            checks.report(Origin::in_policy(texts[t].span),
                          fmt::format("this test fails: {}", *broken),
                          Origin::in_policy(table.from[i].span), "for this one",
                          "change a rule, or the test");
          }
        }
      };
      tell(table.accept, test->accept, true);
      tell(table.deny, test->deny, false);
    }
  }
}

}  // namespace cw::network
