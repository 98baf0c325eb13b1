// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/secret.h"
#include "network/netmap.h"

// What a peer's WireGuard app is given: composed from the network as it is, and written out for a
// platform. It is made to last. A client is asked to import again only when what it was given would
// not work any more, which its fingerprint tells (ADR 0015). Pure.
//
// One [Peer] for each site of the peer whose gateways have its address in a block: the gateway's
// two addresses, the site's 4via6 prefix and aliases, and the site's routes but for those that
// another site of this configuration has as well (two sites cannot both be meant by 10.0.0.0/16;
// each is reached by its own 4via6 addresses or its own alias). The home gateway's also has the
// catch-alls: the network's via prefix and its `client_routes`. Policy never matters. No allowed IP
// stands twice: the app would silently give it to the last [Peer] that names it.
namespace cw::network {

struct ClientPeer {
  std::string site;
  std::string gateway;
  net::PublicKey public_key;
  net::Endpoint endpoint;
  std::vector<net::Prefix> allowed_ips;  // in the order they are written; all of what follows, too
  std::vector<net::Prefix> routes;       // the site's own that this [Peer] claims, aliases first

  friend bool operator==(const ClientPeer&, const ClientPeer&) = default;
};

struct ClientConfig {
  std::string tunnel;  // a name that every platform takes
  net::Ip address;
  net::Ip ipv6;
  std::vector<ClientPeer> peers;           // by site id
  std::vector<net::Prefix> claimed_twice;  // routes of several sites, sorted: by another form only

  friend bool operator==(const ClientConfig&, const ClientConfig&) = default;
};

// `peer` is one of the netmap's, or one that could be.
[[nodiscard]] ClientConfig client_config(const Netmap& netmap, const Peer& peer);

// 32 hex digits (BLAKE2b-128) of what a configuration must not lack to go on working: the peer's
// addresses, each gateway's key, endpoint and addresses, its site's 4via6 prefix, and the
// catch-alls. Neither the private key nor what a platform wants is part of it, nor are the sites'
// own routes and their aliases: an older configuration has fewer of them and works. Its form is
// fixed, because it is kept in peer files.
[[nodiscard]] std::string fingerprint(const Netmap& netmap, const Peer& peer);

// Whether what was issued with this fingerprint goes on working: it is that of the configuration as
// it is now, or as it was before a gateway in it got a successor beside it.
[[nodiscard]] bool still_works(const Netmap& netmap, const Peer& peer, std::string_view issued);

enum class Platform : std::uint8_t { Any, Phone, Mac, Windows, Linux };

struct ClientOptions {
  Platform platform = Platform::Any;
  bool ipv4_only = false;            // where IPv6 is switched off, the whole tunnel would not start
  std::vector<std::string> dns;      // addresses of resolvers and search domains
  std::optional<std::uint16_t> mtu;  // nothing: what the platform is best left with
};

// The text that apps import and wg-quick(8) reads. Without a key it has a comment in its place.
[[nodiscard]] net::Secret to_text(const ClientConfig& config, const ClientOptions& options,
                                  const net::PrivateKey* key);

// Whether every platform takes this name for a tunnel: 1 to 15 of `a-zA-Z0-9_=+.-`, and none that
// Windows reserves.
[[nodiscard]] bool is_tunnel_name(std::string_view name);

// From the network's name: at most 15 of `a-zA-Z0-9_=+.-`, and no name that Windows reserves.
[[nodiscard]] std::string tunnel_name(std::string_view network);

}  // namespace cw::network
