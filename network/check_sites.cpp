// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "network/checks.h"
#include "network/limits.h"

namespace cw::network {

namespace {

void check_own_prefix(Checks& checks, const Located<net::Prefix>& route, const Origin& at,
                      const Field<net::Prefix>& own, std::string_view what) {
  if (own && route.value.overlaps(*own)) {
    checks.report(at, fmt::format("the route {} overlaps the {}", route.value.to_text(), what),
                  Origin::in_network(own.span), fmt::format("the {}, {}", what, own->to_text()),
                  fmt::format("the {} belongs to this network alone; renumber one of them", what));
  }
}

void check_routes(Checks& checks, std::string_view site, const SiteFile& file) {
  const auto at = [&](Span span) { return Origin::in_site(site, span); };
  LocatedList<net::Prefix> routes = file.routes;
  std::ranges::stable_sort(routes, {}, &Located<net::Prefix>::value);
  for (std::size_t i = 0, wider = 0; i < routes.size(); ++i) {
    // Prefixes overlap only by nesting, so that sorted, the wider one came before.
    if (i > 0 && routes[wider].value.contains(routes[i].value)) {
      const bool equal = routes[wider].value == routes[i].value;
      checks.report(at(routes[i].span),
                    equal ? fmt::format("the route {} is listed twice", routes[i].value.to_text())
                          : fmt::format("the route {} overlaps another of its site",
                                        routes[i].value.to_text()),
                    at(routes[wider].span),
                    equal ? "here first" : fmt::format("within {}", routes[wider].value.to_text()),
                    "remove one of them");
    } else {
      wider = i;
    }
    if (const auto& network = checks.directory.network) {
      check_own_prefix(checks, routes[i], at(routes[i].span), network->pool, "pool");
      check_own_prefix(checks, routes[i], at(routes[i].span), network->ula, "ULA");
      check_own_prefix(checks, routes[i], at(routes[i].span), network->via_prefix, "via prefix");
    }
  }
}

}  // namespace

void check_sites(Checks& checks) {
  Claims<net::SiteId> ids;
  Claims<std::string> routers;
  if (checks.directory.sites.size() > kMostSites) {
    checks.report(Origin::in_network({}),
                  fmt::format("the network has {} sites; at most {} are allowed",
                              checks.directory.sites.size(), kMostSites));
  }
  for (const auto& [name, file] : checks.directory.sites) {
    const auto at = [&name = name](Span span) { return Origin::in_site(name, span); };
    if (file.id) {
      if (const Origin* first = ids.claim(*file.id, at(file.id.span))) {
        checks.report(at(file.id.span), fmt::format("two sites have the id {}", file.id->value),
                      *first, "the other one", "give the newer site a number never used before");
      }
    }
    check_routes(checks, name, file);
    Claims<net::Ip> addresses;
    for (const RouterTable& router : file.routers) {
      if (router.name) {
        if (const Origin* first = routers.claim(*router.name, at(router.name.span))) {
          checks.report(at(router.name.span),
                        fmt::format("two routers are named `{}`", *router.name), *first,
                        "the other one", "a router belongs to one site, under one name");
        }
      }
      if (router.address) {
        if (const Origin* first = addresses.claim(*router.address, at(router.address.span))) {
          checks.report(at(router.address.span),
                        fmt::format("two routers have the address {}", router.address->to_text()),
                        *first, "the other one");
        }
      }
    }
  }
}

}  // namespace cw::network
