// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "net/endpoint.h"
#include "network/diagnostic.h"

// router.toml, the one file of a router's own: who it is, where the network directory and its keys
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

  friend bool operator==(const GatewayKey&, const GatewayKey&) = default;
};

struct RouterConfig {
  std::string name;
  std::string site;
  std::string network;                       // absolute, or relative to the working directory
  std::optional<std::string> lan_interface;  // nothing: none is looked at
  std::vector<GatewayKey> keys;              // in the order of the file; one a gateway
  bool flowtable = true;
  std::optional<net::SocketAddress> metrics_listen;
  std::vector<std::uint16_t> alternate_ports;  // UDP, sorted

  friend bool operator==(const RouterConfig&, const RouterConfig&) = default;
};

inline constexpr std::string_view kDefaultNetworkDirectory = "/etc/causeway/network";

// `file` is the path the person gave; relative paths inside it begin in its folder. Diagnostics
// quote their lines.
[[nodiscard]] tl::expected<RouterConfig, Diagnostics> parse_router_config(std::string_view text,
                                                                          const std::string& file);

}  // namespace cw::network
