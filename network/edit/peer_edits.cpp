// SPDX-License-Identifier: Apache-2.0
#include "network/edit/peer_edits.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/rfc3339.h"
#include "network/client_config.h"
#include "network/edit/toml_edit.h"
#include "network/limits.h"
#include "network/name.h"

namespace cw::network {

namespace {

constexpr std::string_view kAboutIssued =
    "\n# Of the configuration that the device has; causeway peer keeps it, for `causeway peer "
    "stale`.\n";

// The value of `routes`: what each site claims natively.
Result<std::string> issued_routes(const Netmap& netmap, const Peer& peer) {
  std::vector<std::string> routes;
  for (const auto& site : client_config(netmap, peer).peers) {
    for (const auto& route : site.routes) {
      routes.push_back(SiteRoute{.site = site.site, .route = route}.to_text());
    }
  }
  if (routes.size() > kMostIssuedRoutes) {
    return Error::make(
        ErrorKind::Exhausted,
        fmt::format("the configuration would have {} routes, more than any app takes ({}): "
                    "let the sites advertise fewer and wider ones, or name fewer --sites",
                    routes.size(), kMostIssuedRoutes));
  }
  return toml_list(routes);
}

std::string new_file(const Peer& peer, const std::string& routes) {
  std::string text;
  const auto add = [&](std::string_view key, const std::string& value) {
    text += fmt::format("{} = {}\n", key, value);
  };
  if (!peer.user.empty()) {
    add("user", toml_string(peer.user));
  }
  if (!peer.groups.empty()) {
    add("groups", toml_list(peer.groups));
  }
  add("public_key", toml_string(peer.public_key.to_text()));
  add("address", toml_string(peer.address.to_text()));
  add("home", toml_string(peer.home));
  add("sites", toml_list(peer.sites));
  if (peer.expires) {
    add("expires", to_rfc3339(*peer.expires));
  }
  text += kAboutIssued;
  add("issued", toml_string(peer.issued.value_or("")));
  add("routes", routes);
  return text;
}

// What replaces the gateway, or itself.
std::string successor(const Netmap& netmap, const std::string& gateway) {
  for (const Site& site : netmap.sites) {
    for (const Gateway& each : site.gateways) {
      if (each.replaces == gateway) {
        return each.name;
      }
    }
  }
  return gateway;
}

// Of the gateways the peer uses, the one at the site with the lowest id, as compile() chooses.
Result<std::string> home_among(const Netmap& netmap, const Peer& peer) {
  const auto config = client_config(netmap, peer);
  if (config.peers.empty()) {
    return Error::invalid(fmt::format("no site of {} has a gateway for it", peer.name));
  }
  auto home = successor(netmap, peer.home);
  const bool stays =
      std::ranges::find(config.peers, home, &ClientPeer::gateway) != config.peers.end();
  return stays ? std::move(home) : config.peers.front().gateway;
}

}  // namespace

Result<PeerEdit> add_peer(const Directory& directory, const Netmap& netmap, const NewPeer& wanted,
                          WallTime now, const RandomBelow& random) {
  PeerEdit edit;
  edit.peer.name = CW_TRY(parse_name(wanted.name));
  if (directory.peers.contains(edit.peer.name)) {
    return Error::make(ErrorKind::Exists, fmt::format("there is a peer `{0}` already: {1}",
                                                      wanted.name, peer_path(wanted.name)));
  }
  if (!wanted.user.empty()) {
    edit.peer.user = CW_TRY(parse_user(wanted.user));
  }
  for (const auto& group : wanted.groups) {
    edit.peer.groups.push_back(CW_TRY(parse_name(group)));
  }
  const auto place = CW_TRY(allocate(directory, netmap, wanted.wish, now, random));
  edit.peer.public_key = wanted.public_key;
  edit.peer.address = place.address;
  edit.peer.sites = place.sites;
  edit.peer.home = place.home;
  edit.peer.expires = wanted.expires;
  edit.peer.issued = fingerprint(netmap, edit.peer);
  if (place.tombstone) {
    edit.changes.push_back({.path = *place.tombstone, .content = {}});
  }
  const auto routes = CW_TRY(issued_routes(netmap, edit.peer));
  edit.changes.push_back(
      {.path = peer_path(edit.peer.name), .content = new_file(edit.peer, routes), .fresh = true});
  return edit;
}

Result<PeerEdit> reissue_peer(std::string_view text, const Netmap& netmap, const Peer& peer,
                              const Reissue& wanted) {
  PeerEdit edit{.peer = peer, .changes = {}};
  std::string edited(text);
  if (wanted.public_key) {
    edit.peer.public_key = *wanted.public_key;
    edited = CW_TRY(set_value(edited, "public_key", toml_string(wanted.public_key->to_text())));
  }
  if (wanted.all_sites || wanted.sites) {
    edit.peer.sites = CW_TRY(reachable_sites(netmap, peer.address, wanted.sites));
  }
  edit.peer.home = CW_TRY(home_among(netmap, edit.peer));
  edit.peer.issued = fingerprint(netmap, edit.peer);
  // Pinned also where the file did not say them: a site that comes later must change nothing.
  edited = CW_TRY(set_value(edited, "home", toml_string(edit.peer.home)));
  edited = CW_TRY(set_value(edited, "sites", toml_list(edit.peer.sites)));
  edited = CW_TRY(set_value(edited, "issued", toml_string(*edit.peer.issued)));
  const auto routes = CW_TRY(issued_routes(netmap, edit.peer));
  edited = CW_TRY(set_value(edited, "routes", routes));
  edit.changes.push_back({.path = peer_path(peer.name), .content = std::move(edited)});
  return edit;
}

Result<Changes> set_peer_enabled(std::string_view text, const std::string& name, bool enabled) {
  auto edited = CW_TRY(set_value(text, "enabled", enabled ? "true" : "false"));
  Changes changes;
  changes.push_back({.path = peer_path(name), .content = std::move(edited)});
  return changes;
}

Changes remove_peer(const Peer& peer, WallTime now) {
  auto tombstone = fmt::format(
      "# A removed peer. Its address and key stay taken; causeway peer add gives the address to\n"
      "# another after {} days.\nname = {}\npublic_key = {}\nremoved = {}\n",
      kRetention.count(), toml_string(peer.name), toml_string(peer.public_key.to_text()),
      to_rfc3339(now));
  // The tombstone first: were only one of them written, check would say so.
  return {{.path = removed_path(peer.address), .content = std::move(tombstone)},
          {.path = peer_path(peer.name), .content = {}}};
}

}  // namespace cw::network
