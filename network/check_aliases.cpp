// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "network/checks.h"

namespace cw::network {

namespace {

// Addresses that somebody has.
struct Range {
  net::Prefix prefix;
  Origin at;
  std::string what;  // "the pool", for a message
  bool alias = false;
  bool reported = false;
};

void add_site(std::vector<Range>& ranges, std::string_view site, const SiteFile& file) {
  const auto add = [&](const net::Prefix& prefix, Span span, std::string what, bool alias = false) {
    ranges.push_back({.prefix = prefix,
                      .at = Origin::in_site(site, span),
                      .what = std::move(what),
                      .alias = alias});
  };
  for (const auto& route : file.routes) {
    add(route.value, route.span, fmt::format("the route {}", route.value.to_text()));
  }
  for (const auto& each : file.aliases) {
    add(each.alias.value, each.alias.span, fmt::format("the alias {}", each.alias.value.to_text()),
        true);
  }
  for (const auto& router : file.routers) {
    if (router.address) {
      add(net::Prefix::host(*router.address), router.address.span,
          fmt::format("the router's address {}", router.address->to_text()));
    }
  }
  for (const auto& gateway : file.gateways) {
    if (const auto& address = gateway.egress.address) {
      add(net::Prefix::host(*address), address.span,
          fmt::format("the egress address {}", address->to_text()));
    }
  }
}

void report(Checks& checks, Range& alias, const Range& other) {
  if (!alias.reported) {
    alias.reported = true;
    checks.report(alias.at, fmt::format("{} overlaps {}", alias.what, other.what), other.at,
                  other.what, "an alias has addresses that nothing else in the network has");
  }
}

}  // namespace

// The blocks and addresses of gateways and peers are within the pool. Cost: that of sorting.
void check_aliases(Checks& checks) {
  const auto& sites = checks.directory.sites;
  if (std::ranges::all_of(sites, [](const auto& site) { return site.second.aliases.empty(); })) {
    return;
  }
  std::vector<Range> ranges;
  if (const auto* pool = checks.pool()) {
    ranges.push_back({.prefix = *pool,
                      .at = checks.pool_at(),
                      .what = fmt::format("the pool {}", pool->to_text())});
  }
  for (const auto& [name, file] : sites) {
    add_site(ranges, name, file);
  }
  std::ranges::stable_sort(ranges, {}, &Range::prefix);
  // Prefixes overlap only by nesting, and sorted, what is around one came before it.
  std::vector<Range*> around;
  for (Range& each : ranges) {
    std::erase_if(around, [&](const Range* outer) { return !outer->prefix.contains(each.prefix); });
    const auto alias = std::ranges::find_if(around, &Range::alias);
    if (each.alias && !around.empty()) {
      report(checks, each, *around.back());
    } else if (alias != around.end()) {
      report(checks, **alias, each);
    }
    // One of several that are equal will do, so that few are around.
    if (around.empty() || around.back()->prefix != each.prefix ||
        (each.alias && !around.back()->alias)) {
      around.push_back(&each);
    }
  }
}

}  // namespace cw::network
