// SPDX-License-Identifier: Apache-2.0
#include "network/compile.h"

#include <algorithm>
#include <utility>

#include "network/checks.h"
#include "network/policy_world.h"

namespace cw::network {

namespace {

// What compiles now compiles for ever: a test must not fail because time went by.
constexpr WallTime kBeforeEveryExpiry{};

template <class T>
std::vector<T> sorted(const LocatedList<T>& list) {
  std::vector<T> values;
  values.reserve(list.size());
  for (const auto& each : list) {
    values.push_back(each.value);
  }
  std::ranges::sort(values);
  const auto [first, last] = std::ranges::unique(values);
  values.erase(first, last);
  return values;
}

Gateway make_gateway(const GatewayView& view) {
  const GatewayTable& table = *view.table;
  Gateway gateway{
      .name = *table.name,
      .public_key = *table.public_key,
      .endpoint = *table.endpoint,
      .listen_port = *view.listen_port,
      .block = *view.block,
      .address = *table.address,
      .routers = {view.routers.begin(), view.routers.end()},
      .egress = {.mode = table.egress.mode.value.value_or(EgressMode::Masquerade),
                 .address = table.egress.address.value,
                 .address_ipv6 = table.egress.address_ipv6.value},
      .replaces = table.replaces.value,
  };
  std::ranges::sort(gateway.routers);
  const auto [first, last] = std::ranges::unique(gateway.routers);
  gateway.routers.erase(first, last);
  return gateway;
}

Site make_site(const std::string& name, const SiteFile& file, const Checks& checks) {
  Site site{.name = name,
            .id = *file.id,
            .routes = sorted(file.routes),
            .aliases = {},
            .routers = {},
            .gateways = {},
            .health = sorted(file.health)};
  for (const RouteAlias& each : file.aliases) {
    site.aliases.push_back({.route = each.route.value, .alias = each.alias.value});
  }
  std::ranges::sort(site.aliases);
  for (const RouterTable& router : file.routers) {
    site.routers.push_back({.name = *router.name, .address = router.address.value});
  }
  for (const GatewayView& view : checks.gateways) {
    if (view.site == name) {
      site.gateways.push_back(make_gateway(view));
    }
  }
  std::ranges::sort(site.routers, {}, &Router::name);
  std::ranges::sort(site.gateways, {}, &Gateway::name);
  return site;
}

Peer make_peer(const std::string& name, const PeerFile& file, const Checks& checks,
               const std::vector<std::string>& all_sites) {
  return {
      .name = name,
      .public_key = *file.public_key,
      .address = *file.address,
      .user = file.user.value.value_or(""),
      .groups = sorted(file.groups),
      .sites = file.sites ? sorted(*file.sites) : all_sites,
      .home = file.home ? *file.home : *default_home(checks, file)->table->name,
      .enabled = file.enabled.value.value_or(true),
      .expires = file.expires.value,
      .issued = file.issued.value,
  };
}

// Only for a directory without a mistake: every field that must be there is.
Netmap assemble(const NetworkFile& network, const Checks& checks) {
  Netmap netmap{
      .name = *network.name,
      .pool = *network.pool,
      .ula = *network.ula,
      .via_prefix =
          network.via_prefix ? *network.via_prefix : net::default_via_prefix(*network.ula),
      .client_routes = sorted(network.client_routes),
      .signers = sorted(network.signers),
      .revokers = sorted(network.revokers),
      .sites = {},
      .peers = {},
  };
  std::vector<std::string> all_sites;
  for (const auto& [name, file] : checks.directory.sites) {
    netmap.sites.push_back(make_site(name, file, checks));
    all_sites.push_back(name);
  }
  netmap.peers.reserve(checks.directory.peers.size());
  for (const auto& [name, file] : checks.directory.peers) {
    netmap.peers.push_back(make_peer(name, file, checks, all_sites));
  }
  return netmap;
}

}  // namespace

Compiled compile(const Directory& directory) {
  Compiled compiled;
  for (const auto& [path, mistakes] : directory.mistakes) {
    compiled.diagnostics.insert(compiled.diagnostics.end(), mistakes.begin(), mistakes.end());
  }
  Checks checks{.directory = directory, .diagnostics = compiled.diagnostics};
  check_network(checks);
  check_sites(checks);
  check_gateways(checks);
  check_egress(checks);
  check_health(checks);
  check_aliases(checks);
  check_peers(checks);
  auto policy = check_policy(checks);
  if (directory.network && !has_errors(compiled.diagnostics)) {
    auto netmap = assemble(*directory.network, checks);
    netmap.policy = std::move(policy);
    if (netmap.policy) {
      const auto world = policy_world(netmap, kBeforeEveryExpiry);
      check_policy_tests(checks, world);
      check_policy_peers(checks, world);
    }
    if (!has_errors(compiled.diagnostics)) {
      compiled.netmap = std::move(netmap);
    }
  }
  sort(compiled.diagnostics);
  return compiled;
}

namespace {

template <class T>
Field<T> field(const T& value) {
  return {.value = value, .span = {}, .set = true};
}

template <class T>
Field<T> field(const std::optional<T>& value) {
  return {.value = value, .span = {}, .set = value.has_value()};
}

template <class T>
LocatedList<T> located(const std::vector<T>& values) {
  LocatedList<T> list;
  for (const T& value : values) {
    list.push_back({.value = value, .span = {}});
  }
  return list;
}

SiteFile to_file(const Site& site) {
  SiteFile file{.id = field(site.id),
                .routes = located(site.routes),
                .aliases = {},
                .health = located(site.health),
                .routers = {},
                .gateways = {}};
  for (const net::Alias& each : site.aliases) {
    file.aliases.push_back(
        {.route = {.value = each.route, .span = {}}, .alias = {.value = each.alias, .span = {}}});
  }
  for (const Router& router : site.routers) {
    file.routers.push_back(
        {.at = {}, .name = field(router.name), .address = field(router.address)});
  }
  for (const Gateway& gateway : site.gateways) {
    file.gateways.push_back({
        .at = {},
        .name = field(gateway.name),
        .public_key = field(gateway.public_key),
        .endpoint = field(gateway.endpoint),
        .listen_port = field(gateway.listen_port),
        .block = field(gateway.block),
        .address = field(gateway.address),
        .routers = located(gateway.routers),
        .replaces = field(gateway.replaces),
        .egress = {.mode = field(gateway.egress.mode),
                   .address = field(gateway.egress.address),
                   .address_ipv6 = field(gateway.egress.address_ipv6)},
    });
  }
  return file;
}

PeerFile to_file(const Peer& peer) {
  PeerFile file;
  file.public_key = field(peer.public_key);
  file.address = field(peer.address);
  if (!peer.user.empty()) {
    file.user = field(peer.user);
  }
  file.groups = located(peer.groups);
  file.sites = located(peer.sites);
  file.home = field(peer.home);
  file.enabled = field(peer.enabled);
  file.expires = field(peer.expires);
  file.issued = field(peer.issued);
  return file;
}

LocatedList<std::string> texts(const std::vector<policy::Selector>& selectors) {
  LocatedList<std::string> list;
  for (const auto& selector : selectors) {
    list.push_back({.value = selector.to_text(), .span = {}});
  }
  return list;
}

LocatedList<policy::TargetText> texts(const std::vector<policy::Target>& targets) {
  LocatedList<policy::TargetText> list;
  for (const auto& target : targets) {
    list.push_back({.value = {.to = target.to.to_text(), .service = target.service}, .span = {}});
  }
  return list;
}

PolicyFile to_file(const policy::Policy& policy) {
  PolicyFile file;
  for (const auto& group : policy.groups) {
    file.groups.push_back({.name = group.name, .at = {}, .members = located(group.members)});
  }
  for (const auto& host : policy.hosts) {
    file.hosts.push_back(
        {.name = host.name, .at = {}, .prefix = field(host.prefix), .site = field(host.site)});
  }
  for (const auto& rule : policy.rules) {
    file.rules.push_back({.at = {},
                          .name = field(rule.name),
                          .from = texts(rule.from),
                          .to = texts(rule.to),
                          .services = located(rule.services),
                          .expires = field(rule.expires)});
  }
  for (const auto& test : policy.tests) {
    file.tests.push_back({.at = {},
                          .from = texts({test.from}),
                          .accept = texts(test.accept),
                          .deny = texts(test.deny)});
  }
  return file;
}

}  // namespace

Directory to_directory(const Netmap& netmap) {
  Directory directory;
  directory.network = NetworkFile{
      .name = field(netmap.name),
      .pool = field(netmap.pool),
      .ula = field(netmap.ula),
      .via_prefix = field(netmap.via_prefix),
      .client_routes = located(netmap.client_routes),
      .signers = located(netmap.signers),
      .revokers = located(netmap.revokers),
  };
  for (const Site& site : netmap.sites) {
    directory.sites.insert_or_assign(site.name, to_file(site));
  }
  for (const Peer& peer : netmap.peers) {
    directory.peers.insert_or_assign(peer.name, to_file(peer));
  }
  if (netmap.policy) {
    directory.policy = to_file(*netmap.policy);
  }
  return directory;
}

}  // namespace cw::network
