// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "network/checks.h"

namespace cw::network {

namespace {

// What a router has itself it always reaches, and what moves with a gateway is its owner's.
void check_not_own(Checks& checks, std::string_view site, const SiteFile& file,
                   const Located<net::SocketAddress>& target) {
  const auto refuse = [&](const Field<net::Ip>& own, std::string_view whose) {
    if (own && *own == target.value.ip) {
      checks.report(Origin::in_site(site, target.span),
                    fmt::format("the health target {} is {}", target.value.to_text(), whose),
                    Origin::in_site(site, own.span), "this one",
                    "name a service behind the routers, one that peers need");
    }
  };
  for (const RouterTable& router : file.routers) {
    refuse(router.address, "a router's own address");
  }
  for (const GatewayTable& gateway : file.gateways) {
    refuse(gateway.egress.address, "a gateway's egress address");
    refuse(gateway.egress.address_ipv6, "a gateway's egress address");
  }
}

}  // namespace

void check_health(Checks& checks) {
  for (const auto& [name, file] : checks.directory.sites) {
    const bool broken = checks.directory.mistakes.contains(
        fmt::format("{}/{}{}", kSitesFolder, name, kTomlSuffix));  // a route, perhaps
    Claims<net::SocketAddress> targets;
    for (const auto& target : file.health) {
      const auto at = Origin::in_site(name, target.span);
      if (const Origin* first = targets.claim(target.value, at)) {
        checks.report(at,
                      fmt::format("the health target {} is listed twice", target.value.to_text()),
                      *first, "here first", "remove one of them");
        continue;
      }
      const bool within =
          broken || std::ranges::any_of(file.routes, [&](const Located<net::Prefix>& route) {
            return route.value.contains(target.value.ip);
          });
      if (!within) {
        checks.report(
            at,
            fmt::format("the health target {} is in no route of its site", target.value.to_text()),
            "a router is tested by what peers reach through it: name something in "
            "`routes`, or add its prefix there");
      }
      check_not_own(checks, name, file, target);
    }
  }
}

}  // namespace cw::network
