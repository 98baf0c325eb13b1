// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "network/checks.h"

namespace cw::network {

namespace {

// What the gateway is called in a message, also where its name is wrong.
std::string called(const GatewayTable& gateway) {
  return gateway.name ? fmt::format("gateway `{}`", *gateway.name) : "this gateway";
}

std::vector<std::string_view> router_names(const SiteFile& file) {
  std::vector<std::string_view> names;
  for (const RouterTable& router : file.routers) {
    if (router.name) {
      names.push_back(*router.name);
    }
  }
  return names;
}

// The routers of the gateway that its site has; the others are reported.
std::vector<std::string_view> serving_routers(Checks& checks, const GatewayView& gateway) {
  const auto known = router_names(*gateway.file);
  const auto& listed = gateway.table->routers;
  const bool all_named = known.size() == gateway.file->routers.size();
  std::vector<std::string_view> serving;
  if (!listed) {
    serving = known;
  } else {
    for (const auto& [name, span] : *listed) {
      if (std::ranges::find(serving, name) != serving.end()) {
        continue;  // listed twice
      }
      if (std::ranges::find(known, name) != known.end()) {
        serving.emplace_back(name);
      } else if (all_named) {
        const auto meant = nearest(name, known);
        checks.report(gateway.at(span),
                      fmt::format("site `{}` has no router `{}`", gateway.site, name),
                      meant ? fmt::format("did you mean `{}`?", *meant)
                            : "add a [[router]] with this name, or remove it here");
      }
    }
  }
  if ((listed ? listed->empty() : gateway.file->routers.empty())) {
    checks.report(gateway.at(gateway.table->at),
                  fmt::format("no router serves {}", called(*gateway.table)),
                  listed ? "name at least one in `routers`, or remove that line for all of the site"
                         : "add a [[router]] to this site");
  }
  return serving;
}

// Siblings hear each other's heartbeats, or take each other for dead.
void warn_of_unheard_routers(Checks& checks, const GatewayView& gateway) {
  if (gateway.routers.size() < 2) {
    return;
  }
  for (const RouterTable& router : gateway.file->routers) {
    const bool serves =
        router.name && std::ranges::find(gateway.routers, *router.name) != gateway.routers.end();
    if (serves && !router.address.set) {
      checks.warn(gateway.at(router.name.span),
                  fmt::format("router `{}` shares {} and has no `address`", *router.name,
                              called(*gateway.table)),
                  gateway.at(gateway.table->at), "this gateway has several routers",
                  "write the address at which the others' heartbeats reach it, or name one router "
                  "in the gateway's `routers`");
      return;
    }
  }
}

// As written, or the whole pool.
Field<net::Block> block_of(Checks& checks, const GatewayView& gateway) {
  const auto& written = gateway.table->block;
  const auto* pool = checks.pool();
  if (!written.set) {
    Field<net::Block> whole{.value = {}, .span = gateway.table->at};
    if (pool != nullptr) {
      whole.value = *net::Block::from(*pool);
    }
    return whole;
  }
  if (written && pool != nullptr && !pool->contains(written->ipv4())) {
    checks.report(gateway.at(written.span),
                  fmt::format("the block {} is outside the pool", written->ipv4().to_text()),
                  checks.pool_at(), fmt::format("the pool is {}", pool->to_text()));
    return {.value = {}, .span = written.span, .set = true};
  }
  return written;
}

// As written, or the endpoint's.
Field<std::uint16_t> listen_port_of(const GatewayTable& table) {
  if (table.listen_port.set) {
    return table.listen_port;
  }
  Field<std::uint16_t> port{.value = {}, .span = table.endpoint.span};
  if (table.endpoint) {
    port.value = table.endpoint->port;
  }
  return port;
}

void check_block(Checks& checks, const GatewayView& gateway,
                 const std::vector<GatewayView>& earlier) {
  if (!gateway.block) {
    return;
  }
  const auto& address = gateway.table->address;
  const auto* pool = checks.pool();
  const bool in_pool = address && pool != nullptr && pool->contains(*address);
  if (in_pool && !gateway.block->contains(*address)) {
    checks.report(gateway.at(address.span),
                  fmt::format("{} is outside the block of its gateway", address->to_text()),
                  gateway.block_at(),
                  fmt::format("the block is {}", gateway.block->ipv4().to_text()));
  }
  for (const GatewayView& other : earlier) {
    if (gateway.table->replaces || other.table->replaces) {
      continue;  // check_replacement() compares it with the one it replaces
    }
    if (other.site == gateway.site && other.block &&
        other.block->ipv4().overlaps(gateway.block->ipv4())) {
      checks.report(gateway.block_at(),
                    fmt::format("two gateways of site `{}` have blocks that overlap", gateway.site),
                    other.block_at(),
                    fmt::format("{} overlaps {}", other.block->ipv4().to_text(),
                                gateway.block->ipv4().to_text()),
                    "give each a part of the pool with `block`: an address has one gateway a site");
      return;
    }
  }
}

using RouterPort = std::pair<std::string, std::uint16_t>;

void check_endpoint(Checks& checks, const GatewayView& gateway, Claims<net::Endpoint>& endpoints,
                    Claims<RouterPort>& ports) {
  const auto& endpoint = gateway.table->endpoint;
  if (endpoint) {
    if (const Origin* first = endpoints.claim(*endpoint, gateway.at(endpoint.span))) {
      checks.report(gateway.at(endpoint.span),
                    fmt::format("two gateways have the endpoint {}", endpoint->to_text()), *first,
                    "the other one", "each gateway needs a port or an address of its own");
    }
    const auto ip = net::Ip::parse(endpoint->host);
    auto routes = gateway.file->routes;
    for (const auto& each : gateway.file->aliases) {
      routes.push_back(each.alias);
    }
    for (const auto& route : routes) {
      if (ip && route.value.contains(*ip)) {
        checks.warn(gateway.at(endpoint.span),
                    fmt::format("clients would send the tunnel to {} into the tunnel itself",
                                endpoint->host),
                    gateway.at(route.span), "it is in this route",
                    "name the address at which clients outside the site reach the gateway");
      }
    }
  }
  if (!gateway.listen_port) {
    return;
  }
  for (const auto router : gateway.routers) {
    const Origin* first =
        ports.claim({std::string(router), *gateway.listen_port}, gateway.port_at());
    if (first != nullptr) {
      checks.report(gateway.port_at(),
                    fmt::format("two gateways of router `{}` listen on UDP port {}", router,
                                *gateway.listen_port),
                    *first, "the other one", "set another `listen_port`, or another router");
      return;
    }
  }
}

// All but its name, key, endpoint and port: a peer keeps its address and the rules for it, on
// whichever of the two it is.
void check_likeness(Checks& checks, const GatewayView& gateway, const GatewayView& old) {
  const auto differs = [&](std::string_view what, Span here, Span there) {
    checks.report(gateway.at(here),
                  fmt::format("gateway `{}` replaces `{}` and has another {}", *gateway.table->name,
                              *old.table->name, what),
                  old.at(there), "the one it replaces", fmt::format("give both the same {}", what));
  };
  const auto& table = *gateway.table;
  if (gateway.block && old.block && *gateway.block != *old.block) {
    differs("block", gateway.block.span, old.block.span);
  }
  if (table.address && old.table->address && *table.address != *old.table->address) {
    differs("address", table.address.span, old.table->address.span);
  }
  auto routers = gateway.routers;
  auto old_routers = old.routers;
  std::ranges::sort(routers);
  std::ranges::sort(old_routers);
  if (routers != old_routers) {
    differs("list of routers", table.at, old.table->at);
  }
  const auto& egress = table.egress;
  if (egress.mode.value != old.table->egress.mode.value ||
      egress.address.value != old.table->egress.address.value ||
      egress.address_ipv6.value != old.table->egress.address_ipv6.value) {
    differs("egress", table.at, old.table->at);
  }
}

void check_replacement(Checks& checks, const GatewayView& gateway, Claims<std::string>& replaced) {
  const auto& replaces = gateway.table->replaces;
  if (!replaces || !gateway.table->name) {
    return;
  }
  const auto at = gateway.at(replaces.span);
  const auto old = std::ranges::find_if(
      checks.gateways, [&](const GatewayView& other) { return gateway.replaces(other); });
  if (old == checks.gateways.end()) {
    checks.report(at, fmt::format("site `{}` has no gateway `{}`", gateway.site, *replaces),
                  "where it was retired already, remove this line");
  } else if (old->table->replaces.set) {
    checks.report(at, fmt::format("gateway `{}` itself replaces another", *replaces),
                  old->at(old->table->replaces.span), "here",
                  "retire that one first: `causeway gateway retire`");
  } else if (const Origin* first = replaced.claim(*replaces, at)) {
    checks.report(at, fmt::format("two gateways replace `{}`", *replaces), *first, "the other one",
                  "a peer has one gateway to move to");
  } else {
    check_likeness(checks, gateway, *old);
  }
}

}  // namespace

void check_gateways(Checks& checks) {
  Claims<std::string> names;
  Claims<net::Endpoint> endpoints;
  Claims<RouterPort> ports;
  for (const auto& [site, file] : checks.directory.sites) {
    for (const GatewayTable& table : file.gateways) {
      GatewayView gateway{.site = site,
                          .file = &file,
                          .table = &table,
                          .block = {},
                          .listen_port = {},
                          .routers = {}};
      if (table.name) {
        const auto at = gateway.at(table.name.span);
        if (const Origin* first = names.claim(*table.name, at)) {
          checks.report(at, fmt::format("two gateways are named `{}`", *table.name), *first,
                        "the other one", "names of gateways are unique in the network");
        }
      }
      if (table.public_key) {
        checks.check_key(*table.public_key, gateway.at(table.public_key.span));
      }
      if (table.address && !table.replaces) {  // else it is another gateway's, too
        checks.check_overlay_address(*table.address, gateway.at(table.address.span));
      }
      gateway.block = block_of(checks, gateway);
      gateway.listen_port = listen_port_of(table);
      gateway.routers = serving_routers(checks, gateway);
      warn_of_unheard_routers(checks, gateway);
      check_block(checks, gateway, checks.gateways);
      check_endpoint(checks, gateway, endpoints, ports);
      checks.gateways.push_back(std::move(gateway));
    }
  }
  Claims<std::string> replaced;
  for (const GatewayView& gateway : checks.gateways) {
    check_replacement(checks, gateway, replaced);
  }
}

}  // namespace cw::network
