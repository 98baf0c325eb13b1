// SPDX-License-Identifier: Apache-2.0
#include "network/edit/gateway_edits.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "network/client_config.h"
#include "network/edit/allocation.h"
#include "network/edit/toml_edit.h"
#include "network/limits.h"
#include "network/name.h"
#include "network/netmap_json.h"

namespace cw::network {

namespace {

Result<net::Block> block_of(const Netmap& netmap, const Site& site, const NewGateway& wanted) {
  if (wanted.block) {
    return *wanted.block;
  }
  if (!site.gateways.empty()) {
    return Error::invalid(fmt::format(
        "site `{}` has gateways already: say with --block which part of the pool {} the new one "
        "serves, apart from theirs ({} has {})",
        site.name, netmap.pool.to_text(), site.gateways.front().name,
        site.gateways.front().block.ipv4().to_text()));
  }
  return net::Block::from(netmap.pool);
}

}  // namespace

Result<Changes> add_gateway(std::string_view site_text, const Netmap& netmap,
                            const NewGateway& wanted) {
  const auto name = CW_TRY(parse_gateway_name(wanted.name));
  const auto site = std::ranges::find(netmap.sites, wanted.site, &Site::name);
  if (site == netmap.sites.end()) {
    return Error::invalid(fmt::format("there is no site `{}`; a site is a file: {}", wanted.site,
                                      site_path(wanted.site)));
  }
  for (const Site& each : netmap.sites) {
    if (std::ranges::find(each.gateways, name, &Gateway::name) != each.gateways.end()) {
      return Error::make(
          ErrorKind::Exists,
          fmt::format("there is a gateway `{}` already, at site `{}`", name, each.name));
    }
  }
  const auto block = CW_TRY(block_of(netmap, *site, wanted));
  const auto address = wanted.address ? *wanted.address : CW_TRY(lowest_free(netmap, block));
  std::string members;
  const auto add = [&](std::string_view key, const std::string& value) {
    members += fmt::format("{} = {}\n", key, value);
  };
  add("name", toml_string(name));
  add("public_key", toml_string(wanted.public_key.to_text()));
  add("endpoint", toml_string(wanted.endpoint.to_text()));
  if (wanted.listen_port) {
    add("listen_port", fmt::format("{}", *wanted.listen_port));
  }
  if (wanted.block) {
    add("block", toml_string(block.ipv4().to_text()));
  }
  add("address", toml_string(address.to_text()));
  if (!wanted.routers.empty()) {
    add("routers", toml_list(wanted.routers));
  }
  auto edited = CW_TRY(append_table(site_text, "gateway", members));
  Changes changes;
  changes.push_back({.path = site_path(site->name), .content = std::move(edited)});
  return changes;
}

const Site* site_of_gateway(const Netmap& netmap, std::string_view gateway) {
  const auto site = std::ranges::find_if(netmap.sites, [&](const Site& each) {
    return std::ranges::find(each.gateways, gateway, &Gateway::name) != each.gateways.end();
  });
  return site == netmap.sites.end() ? nullptr : &*site;
}

namespace {

Error no_gateway(std::string_view name) {
  return Error::make(ErrorKind::NotFound,
                     fmt::format("there is no gateway `{}` in this network", name));
}

const Gateway* replacement_of(const Site& site, std::string_view gateway) {
  const auto found = std::ranges::find_if(
      site.gateways, [&](const Gateway& each) { return each.replaces == gateway; });
  return found == site.gateways.end() ? nullptr : &*found;
}

// Where its table stands among those of the site's file.
Result<std::size_t> table_of(const SiteFile& file, std::string_view gateway) {
  const auto found = std::ranges::find_if(
      file.gateways, [&](const GatewayTable& each) { return each.name && *each.name == gateway; });
  if (found == file.gateways.end()) {
    return no_gateway(gateway);
  }
  return static_cast<std::size_t>(found - file.gateways.begin());
}

// "prod-a" gives "prod-a-2", and that "prod-a-3"; cut where it would be longer than a name may be.
std::string next_name(const Netmap& netmap, std::string_view old) {
  constexpr std::size_t kMostDigits = 3;  // what is longer is a name, a date say, and no number
  unsigned number = 1;
  const auto hyphen = old.rfind('-');
  if (hyphen != std::string_view::npos && hyphen > 0) {
    const auto digits = old.substr(hyphen + 1);
    const bool counted = !digits.empty() && digits.size() <= kMostDigits && digits[0] != '0' &&
                         digits.find_first_not_of("0123456789") == std::string_view::npos;
    if (counted) {
      std::from_chars(digits.data(), digits.data() + digits.size(), number);
      old = old.substr(0, hyphen);
    }
  }
  std::string name;
  do {  // ends: there are fewer gateways than numbers
    const auto suffix = fmt::format("-{}", ++number);
    auto stem = old.substr(0, kLongestGatewayName - suffix.size());
    while (stem.ends_with('-')) {
      stem.remove_suffix(1);
    }
    name = std::string(stem) + suffix;
  } while (site_of_gateway(netmap, name) != nullptr);
  return name;
}

// The next one that no gateway of the site has, nor one elsewhere at the same host.
Result<std::uint16_t> next_port(const Netmap& netmap, const Site& site, std::string_view host,
                                std::uint16_t after) {
  std::set<unsigned> taken;
  for (const Site& each : netmap.sites) {
    for (const Gateway& gateway : each.gateways) {
      if (each.name == site.name || gateway.endpoint.host == host) {
        taken.insert(gateway.endpoint.port);
        taken.insert(gateway.listen_port);
      }
    }
  }
  constexpr unsigned kHighestPort = 65535;
  for (unsigned port = after + 1U; port <= kHighestPort; ++port) {
    if (!taken.contains(port)) {
      return static_cast<std::uint16_t>(port);
    }
  }
  return Error::make(ErrorKind::Exhausted,
                     fmt::format("there is no free port above {}: say one with --endpoint and "
                                 "--listen-port",
                                 after));
}

std::string egress_text(const EgressTable& egress) {
  std::string members;
  if (egress.mode) {
    members = "mode = " + toml_string(to_text(*egress.mode));
  }
  if (egress.address) {
    members += (members.empty() ? "" : ", ");
    members += "address = " + toml_string(egress.address->to_text());
  }
  if (egress.address_ipv6) {
    members += (members.empty() ? "" : ", ");
    members += "address_ipv6 = " + toml_string(egress.address_ipv6->to_text());
  }
  return "{ " + members + " }";
}

std::string replacement_table(const GatewayTable& old, const Rotation& wanted,
                              const RotatedGateway& made) {
  std::string members;
  const auto add = [&](std::string_view key, const std::string& value) {
    members += fmt::format("{} = {}\n", key, value);
  };
  add("name", toml_string(made.name));
  add("replaces", toml_string(wanted.gateway));
  add("public_key", toml_string(wanted.public_key.to_text()));
  add("endpoint", toml_string(made.endpoint.to_text()));
  if (made.listen_port != made.endpoint.port) {
    add("listen_port", fmt::format("{}", made.listen_port));
  }
  if (old.block) {
    add("block", toml_string(old.block->ipv4().to_text()));
  }
  if (old.address) {
    add("address", toml_string(old.address->to_text()));
  }
  if (old.routers) {
    std::vector<std::string> routers;
    for (const auto& each : *old.routers) {
      routers.push_back(each.value);
    }
    add("routers", toml_list(routers));
  }
  if (old.egress.mode || old.egress.address) {
    add("egress", egress_text(old.egress));
  }
  return members;
}

}  // namespace

Result<RotatedGateway> rotate_gateway(std::string_view site_text, const Directory& directory,
                                      const Netmap& netmap, const Rotation& wanted) {
  const Site* site = site_of_gateway(netmap, wanted.gateway);
  const auto file = site == nullptr ? directory.sites.end() : directory.sites.find(site->name);
  if (file == directory.sites.end()) {
    return no_gateway(wanted.gateway);
  }
  if (const Gateway* other = replacement_of(*site, wanted.gateway)) {
    return Error::make(ErrorKind::Exists,
                       fmt::format("gateway `{}` replaces `{}` already; when all its peers have "
                                   "moved: `causeway gateway retire {}`",
                                   other->name, wanted.gateway, wanted.gateway));
  }
  const auto& old = *std::ranges::find(site->gateways, wanted.gateway, &Gateway::name);
  if (old.replaces) {
    return Error::invalid(
        fmt::format("gateway `{}` itself replaces `{}`; retire that one first: `causeway gateway "
                    "retire {}`",
                    old.name, *old.replaces, *old.replaces));
  }
  RotatedGateway made;
  made.name = wanted.name ? CW_TRY(parse_gateway_name(*wanted.name)) : next_name(netmap, old.name);
  if (site_of_gateway(netmap, made.name) != nullptr) {
    return Error::make(ErrorKind::Exists,
                       fmt::format("there is a gateway `{}` already", made.name));
  }
  made.endpoint = old.endpoint;
  if (wanted.endpoint) {
    made.endpoint = *wanted.endpoint;
  } else {
    made.endpoint.port = CW_TRY(next_port(netmap, *site, old.endpoint.host, old.endpoint.port));
  }
  made.listen_port = made.endpoint.port;
  if (wanted.listen_port) {
    made.listen_port = *wanted.listen_port;
  } else if (old.listen_port != old.endpoint.port) {
    made.listen_port = CW_TRY(next_port(netmap, *site, old.endpoint.host, old.listen_port));
  }
  const auto n = CW_TRY(table_of(file->second, wanted.gateway));
  const auto members = replacement_table(file->second.gateways[n], wanted, made);
  auto edited = CW_TRY(append_table(site_text, "gateway", members));
  made.changes.push_back({.path = site_path(site->name), .content = std::move(edited)});
  return made;
}

Result<Retirement> retirement(const Directory& directory, const Netmap& netmap,
                              std::string_view gateway) {
  const Site* site = site_of_gateway(netmap, gateway);
  if (site == nullptr) {
    return no_gateway(gateway);
  }
  const Gateway* successor = replacement_of(*site, gateway);
  if (successor == nullptr) {
    return Error::invalid(fmt::format(
        "nothing replaces gateway `{}`; one with a new key: `causeway gateway rotate {}`", gateway,
        gateway));
  }
  Retirement made{.gateway = std::string(gateway),
                  .site = site->name,
                  .successor = successor->name,
                  .homes = {},
                  .behind = {},
                  .unknown = {}};
  for (const Peer& peer : netmap.peers) {
    const auto file = directory.peers.find(peer.name);
    if (file != directory.peers.end() && file->second.home && *file->second.home == gateway) {
      made.homes.push_back(peer.name);
    }
    if (!std::ranges::binary_search(peer.sites, site->name) ||
        !successor->block.contains(peer.address)) {
      continue;
    }
    if (!peer.issued) {
      made.unknown.push_back(peer.name);
    } else if (*peer.issued != fingerprint(netmap, peer)) {
      made.behind.push_back(peer.name);
    }
  }
  return made;
}

Result<Changes> retire_gateway(const std::map<std::string, std::string>& texts,
                               const Directory& directory, const Retirement& retirement) {
  const auto text_of = [&](const std::string& path) {
    const auto found = texts.find(path);
    return found == texts.end() ? std::string_view() : std::string_view(found->second);
  };
  const auto file = directory.sites.find(retirement.site);
  if (file == directory.sites.end()) {
    return no_gateway(retirement.gateway);
  }
  const auto path = site_path(retirement.site);
  const auto old = CW_TRY(table_of(file->second, retirement.gateway));
  const auto successor = CW_TRY(table_of(file->second, retirement.successor));
  auto site = CW_TRY(remove_value(text_of(path), "gateway", successor, "replaces"));
  site = CW_TRY(remove_table(site, "gateway", old));
  Changes changes;
  for (const auto& peer : retirement.homes) {
    auto edited =
        CW_TRY(set_value(text_of(peer_path(peer)), "home", toml_string(retirement.successor)));
    changes.push_back({.path = peer_path(peer), .content = std::move(edited)});
  }
  // The site last: a home that is named is there at every moment.
  changes.push_back({.path = path, .content = std::move(site)});
  return changes;
}

}  // namespace cw::network
