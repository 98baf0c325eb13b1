// SPDX-License-Identifier: Apache-2.0
#include "network/netmap_json.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/printable.h"
#include "base/rfc3339.h"
#include "network/compile.h"
#include "network/features.h"
#include "network/json_depth.h"
#include "network/limits.h"
#include "network/name.h"

namespace cw::network {

namespace {

using Json = nlohmann::json;

constexpr int kFormat = 1;

template <class T>
Json texts(const std::vector<T>& values) {
  Json list = Json::array();
  for (const auto& value : values) {
    list.push_back(value.to_text());
  }
  return list;
}

Json of(const Gateway& gateway) {
  Json egress = {{"mode", to_text(gateway.egress.mode)}};
  if (gateway.egress.address) {
    egress["address"] = gateway.egress.address->to_text();
  }
  if (gateway.egress.address_ipv6) {
    egress["address_ipv6"] = gateway.egress.address_ipv6->to_text();
  }
  Json json = {{"name", gateway.name},
               {"public_key", gateway.public_key.to_text()},
               {"endpoint", gateway.endpoint.to_text()},
               {"listen_port", gateway.listen_port},
               {"block", gateway.block.ipv4().to_text()},
               {"address", gateway.address.to_text()},
               {"routers", gateway.routers},
               {"egress", std::move(egress)}};
  if (gateway.replaces) {
    json["replaces"] = *gateway.replaces;
  }
  return json;
}

Json of(const Site& site) {
  Json routers = Json::array();
  for (const Router& router : site.routers) {
    Json one = {{"name", router.name}};
    if (router.address) {
      one["address"] = router.address->to_text();
    }
    routers.push_back(std::move(one));
  }
  Json gateways = Json::array();
  for (const Gateway& gateway : site.gateways) {
    gateways.push_back(of(gateway));
  }
  Json routes = texts(site.routes);
  for (const net::Alias& alias : site.aliases) {
    const auto at = std::ranges::lower_bound(site.routes, alias.route) - site.routes.begin();
    routes[static_cast<std::size_t>(at)] = {{"prefix", alias.route.to_text()},
                                            {"alias", alias.alias.to_text()}};
  }
  Json json = {{"id", site.id.value},
               {"routes", std::move(routes)},
               {"router", std::move(routers)},
               {"gateway", std::move(gateways)}};
  if (!site.health.empty()) {
    json["health"] = texts(site.health);
  }
  return json;
}

Json of(const Peer& peer) {
  Json json = {{"public_key", peer.public_key.to_text()},
               {"address", peer.address.to_text()},
               {"groups", peer.groups},
               {"sites", peer.sites},
               {"home", peer.home},
               {"enabled", peer.enabled}};
  if (!peer.user.empty()) {
    json["user"] = peer.user;
  }
  if (peer.expires) {
    json["expires"] = to_rfc3339(*peer.expires);
  }
  if (peer.issued) {
    json["issued"] = *peer.issued;
  }
  return json;
}

Json of(const policy::Policy& policy) {
  Json groups = Json::object();
  for (const auto& group : policy.groups) {
    groups[group.name] = group.members;
  }
  Json hosts = Json::object();
  for (const auto& host : policy.hosts) {
    hosts[host.name] = {{"address", host.prefix.to_text()}};
    if (host.site) {
      hosts[host.name]["site"] = *host.site;
    }
  }
  Json rules = Json::array();
  for (const auto& rule : policy.rules) {
    Json one = {{"name", rule.name},
                {"from", texts(rule.from)},
                {"to", texts(rule.to)},
                {"ports", texts(rule.services)}};
    if (rule.expires) {
      one["expires"] = to_rfc3339(*rule.expires);
    }
    rules.push_back(std::move(one));
  }
  Json tests = Json::array();
  for (const auto& test : policy.tests) {
    tests.push_back({{"from", test.from.to_text()},
                     {"accept", texts(test.accept)},
                     {"deny", texts(test.deny)}});
  }
  return {{"groups", std::move(groups)},
          {"hosts", std::move(hosts)},
          {"rule", std::move(rules)},
          {"test", std::move(tests)}};
}

TomlTable to_table(const Json& object);

// Whatever has no counterpart becomes what no key of the schema takes.
TomlValue to_value(const std::string& key, const Json& json) {
  TomlValue value;
  if (json.is_string()) {
    const auto& text = json.get_ref<const std::string&>();
    const auto time = key == "expires" ? from_rfc3339(text) : Result<WallTime>(Error{});
    if (time) {
      value.data = *time;
    } else {
      value.data = text;
    }
  } else if (json.is_boolean()) {
    value.data = json.get<bool>();
  } else if (json.is_number_unsigned()) {
    const auto number = json.get<std::uint64_t>();
    value.data = static_cast<std::int64_t>(
        std::min<std::uint64_t>(number, std::numeric_limits<std::int64_t>::max()));
  } else if (json.is_number_integer()) {
    value.data = json.get<std::int64_t>();
  } else if (json.is_array()) {
    TomlArray items;
    for (const Json& each : json) {
      items.push_back(to_value({}, each));
    }
    value.data = std::move(items);
  } else if (json.is_object()) {
    value.data = to_table(json);
  } else {
    value.data = TomlLocalTime{};
  }
  return value;
}

TomlTable to_table(const Json& object) {
  TomlTable table;
  for (const auto& [key, value] : object.items()) {
    table.members.push_back({.key = key, .span = {}, .value = to_value(key, value)});
  }
  return table;
}

template <class File, class Read>
Result<> take_files(const Json& json, std::string_view folder,
                    std::map<std::string, File, std::less<>>& files, Directory& directory,
                    Read read) {
  for (const auto& [name, object] : json.items()) {
    CW_TRY(parse_name(name));
    const auto path = fmt::format("{}/{}{}", folder, name, kTomlSuffix);
    if (!object.is_object()) {
      return Error::invalid(fmt::format("{} is not an object", path));
    }
    Diagnostics found;
    files.emplace(name, read(to_table(object), path, found));
    if (!found.empty()) {
      directory.mistakes.emplace(path, std::move(found));
    }
  }
  return {};
}

// First of all: what a newer version wrote may look wrong in every other way.
Result<> check_readable(const Json& json) {
  if (!json.is_object() || !json.contains("format") || !json.contains("features") ||
      !json["features"].is_array()) {
    return Error::invalid("it is not a JSON object with a `format` and a list of `features`");
  }
  if (json["format"] != kFormat) {
    return Error::make(ErrorKind::Unsupported,
                       fmt::format("it is not of format {}, the one this version reads", kFormat));
  }
  for (const Json& feature : json["features"]) {
    if (!feature.is_string()) {
      return Error::invalid("a feature is not a name");
    }
    const auto& name = feature.get_ref<const std::string&>();
    if (!is_known_feature(name)) {
      return Error::make(ErrorKind::Unsupported,
                         fmt::format("it needs the feature `{}`, which this version lacks",
                                     printable(name.substr(0, kLongestName))));
    }
  }
  return {};
}

Result<Directory> to_directory(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  CW_TRY(check_readable(json));
  constexpr std::array<const char*, 5> kMembers = {"features", "format", "network", "peers",
                                                   "sites"};
  const bool has_policy = json.is_object() && json.contains("policy");
  if (!json.is_object() || json.size() != kMembers.size() + (has_policy ? 1U : 0U) ||
      !std::ranges::all_of(kMembers, [&](const char* name) { return json.contains(name); })) {
    return Error::invalid(
        "it is not a JSON object of `features`, `format`, `network`, `peers`, `sites` and perhaps "
        "`policy`");
  }
  const Json& network = json["network"];
  const Json& peers = json["peers"];
  const Json& sites = json["sites"];
  if (!network.is_object() || !peers.is_object() || !sites.is_object()) {
    return Error::invalid("`network`, `peers` and `sites` must be objects");
  }
  Directory directory;
  Diagnostics found;
  directory.network = read_network(to_table(network), std::string(kNetworkFile), found);
  if (!found.empty()) {
    directory.mistakes.emplace(kNetworkFile, std::move(found));
  }
  if (has_policy) {
    if (!json["policy"].is_object()) {
      return Error::invalid("`policy` must be an object");
    }
    Diagnostics wrong;
    directory.policy = read_policy(to_table(json["policy"]), std::string(kPolicyFile), wrong);
    if (!wrong.empty()) {
      directory.mistakes.emplace(kPolicyFile, std::move(wrong));
    }
  }
  CW_TRY(take_files(sites, kSitesFolder, directory.sites, directory, read_site));
  CW_TRY(take_files(peers, kPeersFolder, directory.peers, directory, read_peer));
  return directory;
}

Result<Netmap> read(std::string_view text) {
  if (text.size() > kLargestNetmap) {
    return Error::make(ErrorKind::Exhausted,
                       fmt::format("it is larger than {} MiB", kLargestNetmap >> 20U));
  }
  CW_TRY(check_depth(text));
  auto compiled = compile(CW_TRY(to_directory(text)));
  if (!compiled.netmap) {
    const Diagnostic& first = compiled.diagnostics.front();
    return Error::invalid(fmt::format("{}: {}", first.place.file, printable(first.message)));
  }
  if (to_json(*compiled.netmap) != text) {
    return Error::invalid("it is not in canonical form");
  }
  return std::move(*compiled.netmap);
}

}  // namespace

std::string_view to_text(EgressMode mode) {
  switch (mode) {
    case EgressMode::Masquerade:
      return "masquerade";
    case EgressMode::Floating:
      return "floating";
    case EgressMode::Routed:
      return "routed";
  }
  return "";
}

std::string to_json(const Netmap& netmap) {
  Json peers = Json::object();
  for (const Peer& peer : netmap.peers) {
    peers[peer.name] = of(peer);
  }
  Json sites = Json::object();
  for (const Site& site : netmap.sites) {
    sites[site.name] = of(site);
  }
  Json json = {{"features", features_of(netmap)},
               {"format", kFormat},
               {"network",
                {{"name", netmap.name},
                 {"pool", netmap.pool.to_text()},
                 {"ula", netmap.ula.to_text()},
                 {"via_prefix", netmap.via_prefix.to_text()},
                 {"client_routes", texts(netmap.client_routes)},
                 {"signers", texts(netmap.signers)},
                 {"revokers", texts(netmap.revokers)}}},
               {"peers", std::move(peers)},
               {"sites", std::move(sites)}};
  if (netmap.policy) {
    json["policy"] = of(*netmap.policy);
  }
  // A user's name is UTF-8 wherever it was parsed; `replace` keeps dump() from throwing all the
  // same.
  return json.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

Result<Netmap> netmap_from_json(std::string_view text) {
  return in_context(read(text), "this netmap cannot be used");
}

}  // namespace cw::network
