// SPDX-License-Identifier: Apache-2.0
#include "network/files.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "network/limits.h"
#include "network/name.h"
#include "network/special.h"

namespace cw::network {

namespace {

constexpr std::int64_t kFormat = 1;                 // the only one there is
constexpr std::int64_t kHighestFormat = 1'000'000;  // far beyond what there will be

Result<net::Prefix> parse_pool(std::string_view text) {
  const auto pool = CW_TRY(net::Prefix::parse(text));
  if (!pool.is_v4() || pool.length() < net::kWidestPoolLength || pool.length() > kNarrowestPool) {
    return Error::invalid(fmt::format("a pool is an IPv4 prefix from /{} to /{}, not {}",
                                      net::kWidestPoolLength, kNarrowestPool, pool.to_text()));
  }
  return not_special(pool);
}

bool is_unique_local(const net::Prefix& prefix) {  // RFC 4193, the half that is in use
  return !prefix.is_v4() && prefix.address().bytes()[0] == 0xfd;
}

Result<net::Prefix> parse_ula(std::string_view text) {
  const auto ula = CW_TRY(net::Prefix::parse(text));
  if (!is_unique_local(ula) || ula.length() != kUlaLength) {
    return Error::invalid(
        fmt::format("a ULA is a /{} of fd00::/8, not {}", kUlaLength, ula.to_text()));
  }
  return ula;
}

Result<net::Prefix> parse_via_prefix(std::string_view text) {
  const auto via = CW_TRY(net::Prefix::parse(text));
  if (!is_unique_local(via) || via.length() != net::kViaPrefixLength) {
    return Error::invalid(fmt::format("a via prefix is a /{} of fd00::/8, not {}",
                                      net::kViaPrefixLength, via.to_text()));
  }
  return via;
}

Result<net::Prefix> parse_route(std::string_view text) {
  const auto route = CW_TRY(net::Prefix::parse(text));
  const auto widest = route.is_v4() ? kWidestRouteV4 : kWidestRouteV6;
  if (route.length() == 0) {
    return Error::invalid(
        fmt::format("{} is a default route; name the prefixes there are", route.to_text()));
  }
  if (route.length() < widest) {
    return Error::invalid(
        fmt::format("{} is wider than /{}; name the prefixes there are", route.to_text(), widest));
  }
  return not_special(route);
}

Result<net::Prefix> parse_alias(std::string_view text) {
  const auto alias = CW_TRY(parse_route(text));
  if (!alias.is_v4()) {
    return Error::invalid(fmt::format("an alias is an IPv4 prefix, not {}", alias.to_text()));
  }
  return alias;
}

Result<net::Ip> parse_overlay_address(std::string_view text) {
  const auto ip = CW_TRY(net::Ip::parse(text));
  if (!ip.is_v4()) {
    return Error::invalid(fmt::format(
        "{} is an IPv6 address; write the IPv4 address, the IPv6 one follows from it", text));
  }
  return ip;
}

Result<net::Ip> parse_host_address(std::string_view text) {
  const auto ip = CW_TRY(net::Ip::parse(text));
  CW_TRY(not_special(net::Prefix::host(ip)));
  return ip;
}

Result<net::Ip> parse_floating_address(std::string_view text) {
  const auto ip = CW_TRY(parse_host_address(text));
  if (!ip.is_v4()) {
    return Error::invalid(fmt::format(
        "{} is not an IPv4 address; an IPv6 one goes into `address_ipv6` beside it", text));
  }
  return ip;
}

Result<net::Ip> parse_floating_ipv6(std::string_view text) {
  const auto ip = CW_TRY(parse_host_address(text));
  if (ip.is_v4()) {
    return Error::invalid(
        fmt::format("{} is not an IPv6 address; an IPv4 one goes into `address`", text));
  }
  return ip;
}

Result<net::Block> parse_block(std::string_view text) {
  return net::Block::from(CW_TRY(net::Prefix::parse(text)));
}

Result<EgressMode> parse_egress_mode(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, EgressMode>, 3> kModes = {{
      {"masquerade", EgressMode::Masquerade},
      {"floating", EgressMode::Floating},
      {"routed", EgressMode::Routed},
  }};
  for (const auto& [name, mode] : kModes) {
    if (name == text) {
      return mode;
    }
  }
  return Error::invalid(
      fmt::format("'{}' is no egress mode; they are masquerade, floating and routed", text));
}

// A fingerprint, as client_config.h makes it.
Result<std::string> parse_fingerprint(std::string_view text) {
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  if (text.size() != kFingerprintSize ||
      text.find_first_not_of(kHexDigits) != std::string_view::npos) {
    return Error::invalid(fmt::format(
        "a fingerprint is {} of 0-9 a-f, as `causeway peer` writes it", kFingerprintSize));
  }
  return std::string(text);
}

template <class T>
Field<T> narrowed(const Field<std::int64_t>& field) {
  Field<T> narrow{.value = {}, .span = field.span, .set = field.set};
  if (field) {
    narrow.value = T{static_cast<std::uint16_t>(*field)};
  }
  return narrow;
}

constexpr std::int64_t kMost16Bit = std::numeric_limits<std::uint16_t>::max();

EgressTable read_egress(TableReader& gateway, const std::string& path, Diagnostics& diagnostics) {
  EgressTable egress;
  auto table = gateway.take_table("egress");
  if (!table) {
    return egress;
  }
  egress.mode = table->take("mode", parse_egress_mode);
  egress.address = table->take("address", parse_floating_address);
  egress.address_ipv6 = table->take("address_ipv6", parse_floating_ipv6);
  const bool mode_known = egress.mode || !egress.mode.set;
  const bool floating = egress.mode && *egress.mode == EgressMode::Floating;
  if (floating && !egress.address.set) {
    diagnostics.push_back({.message = "egress mode floating needs an `address`",
                           .place = {.file = path, .span = egress.mode.span},
                           .hint = "add the IPv4 address that moves with the gateway"});
  }
  const auto refuse = [&](const Field<net::Ip>& field, std::string_view key) {
    if (mode_known && !floating && field.set) {
      diagnostics.push_back({.message = fmt::format("only egress mode floating has an `{}`", key),
                             .place = {.file = path, .span = field.span},
                             .hint = "remove it, or set mode = \"floating\""});
    }
  };
  refuse(egress.address, "address");
  refuse(egress.address_ipv6, "address_ipv6");
  return egress;
}

Result<net::SocketAddress> parse_target(std::string_view text) {
  const auto target = CW_TRY(net::SocketAddress::parse(text));
  CW_TRY(not_special(net::Prefix::host(target.ip)));
  return target;
}

// "10.0.0.0/16", or { prefix = "10.0.0.0/16", alias = "100.80.0.0/16" }.
void read_routes(TableReader& site, SiteFile& file) {
  for (auto& [value, table] : site.take_strings_and_tables("routes", kMostRoutes)) {
    if (!table) {
      const auto route = parse_route(std::get<std::string>(value->data));
      if (route) {
        file.routes.push_back({.value = *route, .span = value->span});
      } else {
        site.report(value->span, route.error().message, {});
      }
      continue;
    }
    const auto route = table->take("prefix", parse_route);
    const auto alias = table->take("alias", parse_alias);
    if (!route) {
      continue;
    }
    file.routes.push_back({.value = *route, .span = route.span});
    if (!alias) {
      continue;
    }
    if (!route->is_v4()) {
      site.report(alias.span, fmt::format("{} is IPv6 and has no alias", route->to_text()),
                  "an alias stands for IPv4 addresses: remove it");
    } else if (route->length() != alias->length()) {
      site.report(alias.span,
                  fmt::format("the alias {} is not as long as its route {}", alias->to_text(),
                              route->to_text()),
                  fmt::format("each address has its own: give it a /{}", route->length()));
    } else {
      file.aliases.push_back({.route = {.value = *route, .span = route.span},
                              .alias = {.value = *alias, .span = alias.span}});
    }
  }
}

GatewayTable read_gateway(TableReader& table, Span at, const std::string& path,
                          Diagnostics& diagnostics) {
  GatewayTable gateway;
  gateway.at = at;
  gateway.name = table.take("name", parse_gateway_name);
  gateway.public_key = table.take("public_key", net::PublicKey::parse);
  gateway.endpoint = table.take("endpoint", net::Endpoint::parse);
  gateway.listen_port = narrowed<std::uint16_t>(table.take_number("listen_port", 1, kMost16Bit));
  gateway.block = table.take("block", parse_block);
  gateway.address = table.take("address", parse_overlay_address);
  if (table.has("routers")) {
    gateway.routers = table.take_list("routers", kMostRouters, parse_name);
  }
  gateway.replaces = table.take("replaces", parse_gateway_name);
  gateway.egress = read_egress(table, path, diagnostics);
  return gateway;
}

}  // namespace

Result<SiteRoute> SiteRoute::parse(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) {
    return Error::invalid(
        fmt::format("'{}' is not a route of a site; write it as SITE:PREFIX", text));
  }
  SiteRoute made;
  made.site = CW_TRY(parse_name(text.substr(0, colon)));
  made.route = CW_TRY(parse_route(text.substr(colon + 1)));
  return made;
}

std::string SiteRoute::to_text() const {
  return fmt::format("{}:{}", site, route.to_text());
}

NetworkFile read_network(const TomlTable& tree, const std::string& path, Diagnostics& diagnostics) {
  TableReader table(tree, FileKind::Network, "", {}, path, diagnostics);
  const auto format = table.take_number("format", 1, kHighestFormat);
  if (format && *format != kFormat) {
    diagnostics.push_back(
        {.message = fmt::format("the directory is of format {}; this version reads format {}",
                                *format, kFormat),
         .place = {.file = path, .span = format.span},
         .hint = "use a newer version of causeway"});
  }
  NetworkFile file;
  file.name = table.take("name", parse_name);
  file.pool = table.take("pool", parse_pool);
  file.ula = table.take("ula", parse_ula);
  file.via_prefix = table.take("via_prefix", parse_via_prefix);
  file.client_routes = table.take_list("client_routes", kMostClientRoutes, parse_route);
  file.signers = table.take_list("signers", kMostSigners, minisign::PublicKey::parse);
  file.revokers = table.take_list("revokers", kMostSigners, minisign::PublicKey::parse);
  return file;
}

SiteFile read_site(const TomlTable& tree, const std::string& path, Diagnostics& diagnostics) {
  TableReader table(tree, FileKind::Site, "", {}, path, diagnostics);
  SiteFile file;
  file.id = narrowed<net::SiteId>(table.take_number("id", 1, kMost16Bit));
  read_routes(table, file);
  file.health = table.take_list("health", kMostHealthTargets, parse_target);
  for (auto& [at, router] : table.take_tables("router", kMostRouters)) {
    file.routers.push_back({.at = at,
                            .name = router.take("name", parse_name),
                            .address = router.take("address", parse_host_address)});
  }
  for (auto& [at, gateway] : table.take_tables("gateway", kMostGateways)) {
    file.gateways.push_back(read_gateway(gateway, at, path, diagnostics));
  }
  return file;
}

PeerFile read_peer(const TomlTable& tree, const std::string& path, Diagnostics& diagnostics) {
  TableReader table(tree, FileKind::Peer, "", {}, path, diagnostics);
  PeerFile file;
  file.public_key = table.take("public_key", net::PublicKey::parse);
  file.address = table.take("address", parse_overlay_address);
  file.user = table.take("user", parse_user);
  file.groups = table.take_list("groups", kMostGroups, parse_name);
  if (table.has("sites")) {
    file.sites = table.take_list("sites", kMostSites, parse_name);
  }
  file.home = table.take("home", parse_gateway_name);
  file.enabled = table.take_flag("enabled");
  file.expires = table.take_time("expires");
  file.issued = table.take("issued", parse_fingerprint);
  if (table.has("routes")) {
    file.routes = table.take_list("routes", kMostIssuedRoutes, SiteRoute::parse);
  }
  return file;
}

namespace {

template <class Read>
auto read_text(std::string_view text, const std::string& path, std::size_t largest,
               Diagnostics& diagnostics, Read read)
    -> std::optional<decltype(read(TomlTable(), path, diagnostics))> {
  const auto tree = parse_toml(text, path, {.largest_file = largest});
  if (!tree) {
    diagnostics.push_back(tree.error());
    return std::nullopt;
  }
  return read(*tree, path, diagnostics);
}

}  // namespace

std::optional<NetworkFile> read_network_file(std::string_view text, const std::string& path,
                                             Diagnostics& diagnostics) {
  return read_text(text, path, kLargestFile, diagnostics, read_network);
}

std::optional<SiteFile> read_site_file(std::string_view text, const std::string& path,
                                       Diagnostics& diagnostics) {
  return read_text(text, path, kLargestFile, diagnostics, read_site);
}

std::optional<PeerFile> read_peer_file(std::string_view text, const std::string& path,
                                       Diagnostics& diagnostics) {
  return read_text(text, path, kLargestPeerFile, diagnostics, read_peer);
}

std::optional<RemovedFile> read_removed_file(std::string_view text, const std::string& path,
                                             Diagnostics& diagnostics) {
  return read_text(text, path, kLargestPeerFile, diagnostics,
                   [](const TomlTable& tree, const std::string& file, Diagnostics& found) {
                     TableReader table(tree, FileKind::Removed, "", {}, file, found);
                     RemovedFile removed;
                     removed.name = table.take("name", parse_name);
                     removed.public_key = table.take("public_key", net::PublicKey::parse);
                     removed.removed = table.take_time("removed");
                     return removed;
                   });
}

}  // namespace cw::network
