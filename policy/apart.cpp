// SPDX-License-Identifier: Apache-2.0
#include "policy/apart.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "policy/evaluate.h"

namespace cw::policy {

namespace {

using Peers = std::vector<const Peer*>;
using Counts = std::map<Entrance, std::size_t>;  // how many peers come in there

class Finder {
 public:
  explicit Finder(const World& world) : world_(world) {}

  Apart look(const Rule& rule, std::size_t number) {
    Apart found{.rule = number, .from = {}, .to = {}};
    const auto to = peers_of(rule.to);
    if (to.empty()) {
      return found;
    }
    const auto from = peers_of(rule.from);
    found.to = lonely(to, from);
    const bool named = std::ranges::none_of(
        rule.from, [](const Selector& each) { return each.kind == SelectorKind::Any; });
    if (named) {
      found.from = lonely(from, to);
    }
    return found;
  }

 private:
  // Sorted by where they are in world_.peers, which is by name.
  Peers peers_of(const std::vector<Selector>& selectors) {
    Peers all;
    for (const auto& selector : selectors) {
      if (selector.kind == SelectorKind::Any || is_of_peers(selector.kind)) {
        const auto& more = peers_of(selector);
        all.insert(all.end(), more.begin(), more.end());
      }
    }
    if (selectors.size() > 1) {
      std::ranges::sort(all);
      const auto [first, last] = std::ranges::unique(all);
      all.erase(first, last);
    }
    return all;
  }

  const Peers& peers_of(const Selector& selector) {
    const auto [found, fresh] = by_selector_.try_emplace(selector.to_text());
    if (fresh) {
      found->second = policy::peers_of(world_, selector);
    }
    return found->second;
  }

  // Those who meet none of the others. Nobody where there are no others: that is told elsewhere.
  static Peers lonely(const Peers& these, const Peers& others) {
    Counts counts;
    for (const auto* other : others) {
      for (const auto& entrance : other->entrances) {
        ++counts[entrance];
      }
    }
    Peers alone;
    for (const auto* peer : these) {
      const std::size_t self = std::ranges::binary_search(others, peer) ? 1 : 0;
      const bool meets = std::ranges::any_of(peer->entrances, [&](const Entrance& entrance) {
        const auto count = counts.find(entrance);
        return count != counts.end() && count->second > self;
      });
      if (others.size() > self && !meets) {
        alone.push_back(peer);
      }
    }
    return alone;
  }

  const World& world_;
  std::map<std::string, Peers> by_selector_;
};

}  // namespace

std::vector<Apart> apart(const World& world) {
  std::vector<Apart> all;
  if (!world.policy) {
    return all;
  }
  Finder finder(world);
  const auto& rules = world.policy->rules;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (auto found = finder.look(rules[i], i); !found.from.empty() || !found.to.empty()) {
      all.push_back(std::move(found));
    }
  }
  return all;
}

}  // namespace cw::policy
