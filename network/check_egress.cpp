// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <string_view>

#include <fmt/format.h>

#include "network/checks.h"

namespace cw::network {

namespace {

// Two sites may have one address, as they may have one route.
using FloatingOfSite = std::map<std::string_view, Claims<net::Ip>>;

void check_own_prefix(Checks& checks, const Field<net::Ip>& address, const Origin& at,
                      const Field<net::Prefix>& own, std::string_view what) {
  if (own && own->contains(*address)) {
    checks.report(at, fmt::format("the egress address {} is in the {}", address->to_text(), what),
                  Origin::in_network(own.span), fmt::format("the {} is {}", what, own->to_text()),
                  "choose a free address that the site has, or routes to its routers");
  }
}

void check_address(Checks& checks, const GatewayView& gateway, const Field<net::Ip>& address,
                   FloatingOfSite& floating) {
  if (!address) {
    return;
  }
  const auto at = gateway.at(address.span);
  if (const Origin* first = floating[gateway.site].claim(*address, at)) {
    checks.report(at, fmt::format("two gateways have the egress address {}", address->to_text()),
                  *first, "the other one", "each gateway needs an address of its own to move");
  }
  for (const RouterTable& router : gateway.file->routers) {
    if (router.address && *router.address == *address) {
      checks.report(at, fmt::format("the egress address {} is a router's own", address->to_text()),
                    gateway.at(router.address.span), "this router's",
                    "choose a free address: it moves between routers");
    }
  }
  if (const auto& network = checks.directory.network) {
    check_own_prefix(checks, address, at, network->pool, "pool");
    check_own_prefix(checks, address, at, network->ula, "ULA");
    check_own_prefix(checks, address, at, network->via_prefix, "via prefix");
  }
}

}  // namespace

void check_egress(Checks& checks) {
  FloatingOfSite floating;
  for (const GatewayView& gateway : checks.gateways) {
    if (!gateway.table->replaces) {  // else it has the other one's
      check_address(checks, gateway, gateway.table->egress.address, floating);
      check_address(checks, gateway, gateway.table->egress.address_ipv6, floating);
    }
  }
}

}  // namespace cw::network
