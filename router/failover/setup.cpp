// SPDX-License-Identifier: Apache-2.0
#include "router/failover/setup.h"

#include <algorithm>

#include <fmt/format.h>

#include "router/model/ownership.h"

namespace cw::failover {

namespace {

Result<std::vector<net::Ip>> outer_of(const network::RouterConfig& config,
                                      const std::map<std::string, net::PublicKey>& keys,
                                      const api::Assignment::Gateway& gateway) {
  const auto held = std::ranges::find(config.keys, gateway.name, &network::GatewayKey::gateway);
  const auto half = keys.find(gateway.name);
  if (held == config.keys.end() || half == keys.end()) {
    return Error::invalid(
        fmt::format("this router has no key for gateway `{0}`; add a [[key]] with gateway = "
                    "\"{0}\" to router.toml and restart causewayd and causeway-failover",
                    gateway.name));
  }
  if (half->second != gateway.public_key) {
    return Error::invalid(fmt::format(
        "the key of gateway `{}` that this router has is another one than the network's; all its "
        "routers need the same private key",
        gateway.name));
  }
  if (held->outer.empty()) {
    return Error::invalid(
        fmt::format("gateway `{}` has no address that could move; write `outer = \"ADDRESS\"` into "
                    "its [[key]] in router.toml",
                    gateway.name));
  }
  return held->outer;
}

// Whoever withdraws an address of one gateway would take the other's.
Result<> check_addresses(const ha::arp::Config& lan) {
  std::map<net::Ip, std::string> whose;
  for (const auto& gateway : lan.gateways) {
    for (const auto& address : gateway.addresses) {
      const auto [first, fresh] = whose.emplace(address, gateway.name);
      if (!fresh) {
        return Error::invalid(fmt::format(
            "{} moves with gateway `{}` and with `{}`; give each addresses of its own (`outer` in "
            "router.toml, `egress` in the network)",
            address.to_text(), first->second, gateway.name));
      }
    }
  }
  return {};
}

}  // namespace

Result<Setup> setup_of(const network::RouterConfig& config,
                       const std::map<std::string, net::PublicKey>& keys,
                       const api::Assignment& assignment) {
  if (!config.failover) {
    return Error::invalid("router.toml has no [failover]; see causeway-failover(8)");
  }
  if (assignment.router != config.name) {
    return Error::invalid(
        fmt::format("the agent here is router `{}`, and router.toml says `{}`; restart causewayd",
                    assignment.router, config.name));
  }
  Setup setup{.core = {.router = config.name, .gateways = {}, .timers = ha::lan_timers()},
              .site = {.network = assignment.network, .number = assignment.site},
              .lan = {.interface = config.failover->interface,
                      .protocol = router::kRouteProtocol,
                      .gateways = {}},
              .gates = {},
              .replicated = {},
              .siblings = {},
              .targets = {},
              .serial = assignment.serial,
              .netmap = assignment.netmap,
              .offered = assignment.offered,
              .looked = assignment.looked,
              .revoked = assignment.revoked,
              .revocations = assignment.revocations};
  for (const auto& gateway : assignment.gateways) {
    auto outer = CW_TRY(outer_of(config, keys, gateway));
    setup.core.gateways.push_back({.name = gateway.name, .routers = gateway.routers});
    setup.gates.push_back({.name = gateway.name,
                           .device = gateway.device,
                           .listen_port = gateway.listen_port,
                           .blocks = gateway.blocks,
                           .addresses = outer});
    std::ranges::copy(gateway.egress, std::back_inserter(outer));
    setup.replicated.emplace(gateway.name,
                             Replication{.moving = {.blocks = gateway.blocks, .addresses = outer},
                                         .go_on = !gateway.replicated.empty()});
    setup.lan.gateways.push_back({.name = gateway.name, .addresses = std::move(outer)});
  }
  CW_TRY(check_addresses(setup.lan));
  if (!assignment.gateways.empty()) {
    setup.targets = assignment.health;
  }
  for (const auto& router : assignment.routers) {
    if (router.address && router.name != config.name) {
      setup.siblings.emplace(
          router.name, net::SocketAddress{.ip = *router.address, .port = config.failover->port});
    }
  }
  return setup;
}

}  // namespace cw::failover
