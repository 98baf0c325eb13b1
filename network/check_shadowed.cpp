// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "network/checks.h"

namespace cw::network {

namespace {

using policy::Selector;
using policy::SelectorKind;

// What is written as a 4via6 address or an alias, and of which site.
using Forms = std::map<net::Prefix, const policy::Site*>;

Forms forms_in(const policy::Policy& policy, const std::vector<policy::Site>& sites) {
  Forms forms;
  const auto look_at = [&](const net::Prefix& written) {
    for (const auto& site : sites) {
      if (site.meant(written) != written) {
        forms.emplace(written, &site);
      }
    }
  };
  for (const auto& host : policy.hosts) {
    look_at(host.prefix);
  }
  for (const auto& rule : policy.rules) {
    for (const auto& to : rule.to) {
      if (to.kind == SelectorKind::Prefix) {
        look_at(to.prefix);
      }
    }
  }
  return forms;
}

bool covers(const policy::Policy& policy, const Forms& forms, const Selector& wide,
            const Selector& narrow) {
  if (wide == narrow) {
    return true;
  }
  const auto prefix_of = [&](const Selector& selector) -> const net::Prefix* {
    if (selector.kind == SelectorKind::Prefix) {
      return &selector.prefix;
    }
    if (selector.kind != SelectorKind::Host) {
      return nullptr;
    }
    const auto host =
        std::ranges::lower_bound(policy.hosts, selector.name, {}, &policy::Host::name);
    return host != policy.hosts.end() && host->name == selector.name && !host->site ? &host->prefix
                                                                                    : nullptr;
  };
  const auto* outer = prefix_of(wide);
  const auto* inner = prefix_of(narrow);
  if (outer == nullptr || inner == nullptr) {
    return false;
  }
  // Of a 4via6 address or an alias, what it stands for at its site.
  const auto form = forms.find(*inner);
  return form == forms.end() ? outer->contains(*inner)
                             : form->second->meant(*outer).contains(form->second->meant(*inner));
}

bool shadows(const policy::Policy& policy, const Forms& forms, const policy::Rule& wide,
             const policy::Rule& narrow) {
  const bool lasts = !wide.expires || (narrow.expires && *narrow.expires <= *wide.expires);
  const auto any_peer = [](const Selector& each) { return each.kind == SelectorKind::Any; };
  const bool from = std::ranges::all_of(narrow.from, [&](const auto& each) {
    return std::ranges::any_of(wide.from, [&](const auto& outer) {
      return outer == each || (any_peer(outer) && each.kind != SelectorKind::Site);
    });
  });
  return lasts && from &&
         std::ranges::all_of(narrow.to,
                             [&](const auto& each) {
                               return std::ranges::any_of(wide.to, [&](const auto& outer) {
                                 return covers(policy, forms, outer, each);
                               });
                             }) &&
         std::ranges::all_of(narrow.services, [&](const auto& each) {
           return std::ranges::any_of(wide.services,
                                      [&](const auto& outer) { return outer.contains(each); });
         });
}

}  // namespace

void warn_of_shadowed_rules(Checks& checks, const policy::Policy& policy,
                            const std::vector<Span>& places,
                            const std::vector<policy::Site>& sites) {
  const auto forms = forms_in(policy, sites);
  const auto& rules = policy.rules;
  // Whoever shadows a rule has its first source, or all peers: so few are compared.
  std::map<std::string, std::vector<std::size_t>> by_source;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    for (const auto& from : rules[i].from) {
      by_source[from.to_text()].push_back(i);
    }
  }
  const auto warn_once = [&](std::size_t i, const std::vector<std::size_t>& candidates) {
    for (const auto j : candidates) {
      // Of two that say the same, the later one is told.
      if (i == j || !shadows(policy, forms, rules[j], rules[i]) ||
          (i < j && shadows(policy, forms, rules[i], rules[j]))) {
        continue;
      }
      checks.warn(
          Origin::in_policy(places[i]),
          fmt::format("rule `{}` allows nothing that `{}` does not", rules[i].name, rules[j].name),
          Origin::in_policy(places[j]), "allows it already", "remove one of them");
      return true;
    }
    return false;
  };
  const std::string any = Selector{}.to_text();
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (rules[i].from.empty() || rules[i].to.empty()) {
      continue;
    }
    const auto first = rules[i].from.front().to_text();
    if (!warn_once(i, by_source[first]) && first != any) {
      warn_once(i, by_source[any]);
    }
  }
}

}  // namespace cw::network
