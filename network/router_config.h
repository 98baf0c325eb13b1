// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "fetch/location.h"
#include "net/endpoint.h"
#include "net/ip.h"
#include "net/prefix.h"
#include "network/diagnostic.h"
#include "network/minisign.h"

// router.toml, the one file of a router's own: who it is, where the network and its keys
// are. It names keys and never contains one. Pure; see causeway-router(5).
namespace cw::network {

// Where a gateway's private key is.
struct KeySource {
  enum class Kind : std::uint8_t { File, Credential };

  Kind kind = Kind::File;
  std::string name;  // an absolute path, or the name of a systemd credential

  friend bool operator==(const KeySource&, const KeySource&) = default;
};

struct GatewayKey {
  std::string gateway;
  KeySource source;
  std::vector<net::Ip> outer;  // its addresses on the LAN, which move between routers

  friend bool operator==(const GatewayKey&, const GatewayKey&) = default;
};

// Who signs what is fetched, and how often it is.
struct SignedSource {
  std::vector<minisign::PublicKey> trusted;  // at least one
  std::optional<net::Prefix> network_id;
  std::chrono::seconds interval{30};
  std::optional<std::chrono::seconds> max_age;
  std::string ca_file;  // empty: the system's authorities

  friend bool operator==(const SignedSource&, const SignedSource&) = default;
};

// How the routers of a site share gateways: where the addresses move, and who decides. See
// causeway-failover(8).
struct FailoverConfig {
  std::string interface;                   // of the LAN on which the gateways' addresses move
  std::uint16_t port = 0;                  // UDP, of heartbeats; the same on all routers of a site
  std::vector<std::string> etcd;           // endpoints, at least one
  std::string etcd_user;                   // empty: etcd asks for none
  std::optional<KeySource> etcd_password;  // with etcd_user
  std::string etcd_ca_file;                // empty: the system's authorities
  std::string etcd_certificate;            // of this router, with etcd_key; empty: none
  std::string etcd_key;
  std::optional<net::SocketAddress> metrics_listen;  // nothing: on the control socket alone

  friend bool operator==(const FailoverConfig&, const FailoverConfig&) = default;
};

struct RouterConfig {
  std::string name;
  std::string site;
  fetch::Location network;  // a path is absolute, or relative to the working directory
  std::optional<SignedSource> signed_source;  // none: the network is a directory
  std::optional<std::string> lan_interface;   // nothing: none is looked at
  std::vector<GatewayKey> keys;               // in the order of the file; one a gateway
  bool flowtable = true;
  std::optional<net::SocketAddress> metrics_listen;
  std::vector<std::uint16_t> alternate_ports;  // UDP, sorted
  std::optional<FailoverConfig> failover;      // none: this router serves its gateways all the time

  friend bool operator==(const RouterConfig&, const RouterConfig&) = default;
};

// Of heartbeats; as the routing table's number.
inline constexpr std::uint16_t kDefaultFailoverPort = 7920;

inline constexpr std::string_view kDefaultNetworkDirectory = "/etc/causeway/network";

// "30s", "10m", "12h", "7d". Pure.
[[nodiscard]] Result<std::chrono::seconds> parse_duration(std::string_view text);

// `file` is the path the person gave; relative paths inside it begin in its folder. Diagnostics
// quote their lines.
[[nodiscard]] tl::expected<RouterConfig, Diagnostics> parse_router_config(std::string_view text,
                                                                          const std::string& file);

}  // namespace cw::network
