// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "network/checks.h"
#include "policy/apart.h"

namespace cw::network {

namespace {

// A group may be thousands; a few names tell which it is.
constexpr std::size_t kMostNames = 3;

std::string names_of(const std::vector<const policy::Peer*>& peers) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < std::min(peers.size(), kMostNames); ++i) {
    names.push_back(peers[i]->name);
  }
  return fmt::format(
      "{}{}", fmt::join(names, ", "),
      peers.size() > kMostNames ? fmt::format(" and {} more", peers.size() - kMostNames) : "");
}

}  // namespace

void check_policy_peers(Checks& checks, const policy::World& world) {
  if (!world.policy || !checks.directory.policy) {
    return;
  }
  for (const auto& apart : policy::apart(world)) {
    const auto& table = checks.directory.policy->rules.at(apart.rule);
    const auto from = apart.from.empty()
                          ? std::string()
                          : fmt::format("lets {} reach no peer", names_of(apart.from));
    const auto to =
        apart.to.empty() ? std::string() : fmt::format("lets no peer reach {}", names_of(apart.to));
    checks.warn(Origin::in_policy(table.name.set ? table.name.span : table.at),
                fmt::format("rule `{}` {}{}{}: no router lets both in",
                            world.policy->rules.at(apart.rule).name, from,
                            from.empty() || to.empty() ? "" : " and ", to),
                "peers meet at a router of a site that both may use: look at `sites` in their "
                "files");
  }
}

}  // namespace cw::network
