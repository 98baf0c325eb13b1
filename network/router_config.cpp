// SPDX-License-Identifier: Apache-2.0
#include "network/router_config.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/printable.h"
#include "network/limits.h"
#include "network/name.h"
#include "network/table_reader.h"
#include "network/toml.h"

namespace cw::network {

namespace {

constexpr std::string_view kCredential = "credential:";
constexpr std::size_t kLongestPath = 4095;  // PATH_MAX without its final zero
// HTTPS and QUIC, IPsec NAT traversal: what networks that filter UDP most often let out.
constexpr std::array<std::uint16_t, 2> kDefaultAlternatePorts = {443, 4500};

Result<std::string> parse_path(std::string_view text) {
  if (text.empty() || text.size() > kLongestPath || printable(text) != text) {
    return Error::invalid("this is not a path");
  }
  return std::string(text);
}

// systemd's credential_name_valid(): a file name, without a colon.
bool is_credential_name(std::string_view name) {
  return !name.empty() && name.size() <= 255 && name != "." && name != ".." &&
         std::ranges::all_of(name,
                             [](char c) { return c > ' ' && c < 0x7f && c != '/' && c != ':'; });
}

Result<KeySource> parse_key_source(std::string_view text) {
  if (text.starts_with(kCredential)) {
    const auto name = text.substr(kCredential.size());
    if (!is_credential_name(name)) {
      return Error::invalid(fmt::format("'{}' is not the name of a systemd credential", name));
    }
    return KeySource{.kind = KeySource::Kind::Credential, .name = std::string(name)};
  }
  constexpr std::size_t kKeyCharacters = 44;
  if (text.size() == kKeyCharacters && text.back() == '=' && text.find('/') != 0) {
    // Not repeated in the message: it may be a private key.
    return Error::invalid("this looks like a key; name the file that contains it");
  }
  auto path = CW_TRY(parse_path(text));
  return KeySource{.kind = KeySource::Kind::File, .name = std::move(path)};
}

Result<net::SocketAddress> parse_socket_address(std::string_view text) {
  const auto endpoint = CW_TRY(net::Endpoint::parse(text));
  const auto ip = net::Ip::parse(endpoint.host);
  if (!ip) {
    return Error::invalid(
        fmt::format("'{}' is a name; write the address to listen on", endpoint.host));
  }
  return net::SocketAddress{.ip = *ip, .port = endpoint.port};
}

std::string beside(const std::string& file, const std::string& path) {
  const auto slash = file.rfind('/');
  return path.starts_with('/') || slash == std::string::npos ? path
                                                             : file.substr(0, slash + 1) + path;
}

void read_keys(TableReader& table, const std::string& file, RouterConfig& config,
               Diagnostics& diagnostics) {
  std::vector<std::pair<std::string, Span>> seen;
  for (auto& [at, key] : table.take_tables("key", kMostKeys)) {
    const auto gateway = key.take("gateway", parse_gateway_name);
    const auto source = key.take("source", parse_key_source);
    if (!gateway) {
      continue;
    }
    const auto earlier = std::ranges::find(seen, *gateway, &std::pair<std::string, Span>::first);
    if (earlier != seen.end()) {
      diagnostics.push_back(
          {.message = fmt::format("gateway `{}` has two keys", *gateway),
           .place = {.file = file, .span = gateway.span},
           .other = Place{.file = file, .span = earlier->second, .note = "here first"},
           .hint = "keep one of them"});
    }
    seen.emplace_back(*gateway, gateway.span);
    if (source) {
      KeySource where = *source;
      if (where.kind == KeySource::Kind::File) {
        where.name = beside(file, where.name);
      }
      config.keys.push_back({.gateway = *gateway, .source = std::move(where)});
    }
  }
}

}  // namespace

tl::expected<RouterConfig, Diagnostics> parse_router_config(std::string_view text,
                                                            const std::string& file) {
  Diagnostics diagnostics;
  const auto finish = [&] {
    sort(diagnostics);
    quote_lines(diagnostics, [&](const std::string&) { return std::optional(std::string(text)); });
    return tl::unexpected(std::move(diagnostics));
  };
  const auto tree = parse_toml(text, file, {.largest_file = kLargestFile});
  if (!tree) {
    diagnostics.push_back(tree.error());
    return finish();
  }
  TableReader table(*tree, FileKind::Router, "", {}, file, diagnostics);
  RouterConfig config;
  config.name = table.take("name", parse_name).value.value_or("");
  config.site = table.take("site", parse_name).value.value_or("");
  config.network = beside(
      file,
      table.take("network", parse_path).value.value_or(std::string(kDefaultNetworkDirectory)));
  config.lan_interface = table.take("lan_interface", parse_interface).value;
  config.flowtable = table.take_flag("flowtable").value.value_or(true);
  config.metrics_listen = table.take("metrics_listen", parse_socket_address).value;
  read_keys(table, file, config, diagnostics);
  if (table.has("alternate_ports")) {
    const auto ports = table.take_numbers("alternate_ports", kMostAlternatePorts, 1,
                                          std::numeric_limits<std::uint16_t>::max());
    for (const auto& port : ports) {
      config.alternate_ports.push_back(static_cast<std::uint16_t>(port.value));
    }
    std::ranges::sort(config.alternate_ports);
    const auto [first, last] = std::ranges::unique(config.alternate_ports);
    config.alternate_ports.erase(first, last);
  } else {
    config.alternate_ports = {kDefaultAlternatePorts.begin(), kDefaultAlternatePorts.end()};
  }
  if (!diagnostics.empty()) {
    return finish();
  }
  return config;
}

}  // namespace cw::network
