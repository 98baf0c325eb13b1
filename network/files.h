// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/block.h"
#include "net/endpoint.h"
#include "net/key.h"
#include "net/prefix.h"
#include "net/via6.h"
#include "network/minisign.h"
#include "network/netmap.h"
#include "network/table_reader.h"

// The files of a network directory, format 1, each as a value: what one file says, checked as far
// as it can be checked alone. Compact (a peer is about half a kilobyte): the text and the TOML tree
// are dropped, the places of the values stay. Pure.
namespace cw::network {

struct NetworkFile {
  Field<std::string> name;
  Field<net::Prefix> pool;
  Field<net::Prefix> ula;
  Field<net::Prefix> via_prefix;
  LocatedList<net::Prefix> client_routes;
  LocatedList<minisign::PublicKey> signers;
  LocatedList<minisign::PublicKey> revokers;

  friend bool operator==(const NetworkFile&, const NetworkFile&) = default;
};

struct RouterTable {
  Span at;  // its [[router]] line
  Field<std::string> name;
  Field<net::Ip> address;

  friend bool operator==(const RouterTable&, const RouterTable&) = default;
};

struct EgressTable {
  Field<EgressMode> mode;
  Field<net::Ip> address;
  Field<net::Ip> address_ipv6;

  friend bool operator==(const EgressTable&, const EgressTable&) = default;
};

struct GatewayTable {
  Span at;  // its [[gateway]] line
  Field<std::string> name;
  Field<net::PublicKey> public_key;
  Field<net::Endpoint> endpoint;
  Field<std::uint16_t> listen_port;
  Field<net::Block> block;
  Field<net::Ip> address;
  std::optional<LocatedList<std::string>> routers;  // nothing: all of the site
  Field<std::string> replaces;
  EgressTable egress;

  friend bool operator==(const GatewayTable&, const GatewayTable&) = default;
};

// Of a route that has one; the route is one of the site's, too.
struct RouteAlias {
  Located<net::Prefix> route;
  Located<net::Prefix> alias;

  friend bool operator==(const RouteAlias&, const RouteAlias&) = default;
};

struct SiteFile {
  Field<net::SiteId> id;
  LocatedList<net::Prefix> routes;
  std::vector<RouteAlias> aliases;
  LocatedList<net::SocketAddress> health;
  std::vector<RouterTable> routers;
  std::vector<GatewayTable> gateways;

  friend bool operator==(const SiteFile&, const SiteFile&) = default;
};

// A route of a site, as a peer's file names it: "production:10.0.0.0/16".
struct SiteRoute {
  std::string site;
  net::Prefix route;

  static Result<SiteRoute> parse(std::string_view text);
  [[nodiscard]] std::string to_text() const;

  friend auto operator<=>(const SiteRoute&, const SiteRoute&) = default;
};

struct PeerFile {
  Field<net::PublicKey> public_key;
  Field<net::Ip> address;
  Field<std::string> user;
  LocatedList<std::string> groups;
  std::optional<LocatedList<std::string>> sites;  // nothing: all
  Field<std::string> home;
  Field<bool> enabled;
  Field<WallTime> expires;
  Field<std::string> issued;
  std::optional<LocatedList<SiteRoute>> routes;  // of the configuration it has

  friend bool operator==(const PeerFile&, const PeerFile&) = default;
};

// A tombstone: the address and the key of a peer that was removed, which stay taken.
struct RemovedFile {
  Field<std::string> name;
  Field<net::PublicKey> public_key;
  Field<WallTime> removed;

  friend bool operator==(const RemovedFile&, const RemovedFile&) = default;
};

// From a table, wherever it came from; every mistake is added to `diagnostics`.
NetworkFile read_network(const TomlTable& tree, const std::string& path, Diagnostics& diagnostics);
SiteFile read_site(const TomlTable& tree, const std::string& path, Diagnostics& diagnostics);
PeerFile read_peer(const TomlTable& tree, const std::string& path, Diagnostics& diagnostics);

// `path` is relative to the directory and only named. Mistakes are added to `diagnostics`; a file
// that is no TOML at all gives nothing.
std::optional<NetworkFile> read_network_file(std::string_view text, const std::string& path,
                                             Diagnostics& diagnostics);
std::optional<SiteFile> read_site_file(std::string_view text, const std::string& path,
                                       Diagnostics& diagnostics);
std::optional<PeerFile> read_peer_file(std::string_view text, const std::string& path,
                                       Diagnostics& diagnostics);
std::optional<RemovedFile> read_removed_file(std::string_view text, const std::string& path,
                                             Diagnostics& diagnostics);

}  // namespace cw::network
