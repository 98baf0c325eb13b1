// SPDX-License-Identifier: Apache-2.0
#include "network/router_config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "base/printable.h"
#include "network/limits.h"
#include "network/name.h"
#include "network/special.h"
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

Result<net::Ip> parse_outer(std::string_view text) {
  const auto ip = CW_TRY(net::Ip::parse(text));
  CW_TRY(not_special(net::Prefix::host(ip)));
  return ip;
}

Result<std::string> parse_etcd_endpoint(std::string_view text) {
  if ((!text.starts_with("https://") && !text.starts_with("http://")) || printable(text) != text) {
    return Error::invalid("an endpoint of etcd begins with https://");
  }
  return std::string(text.substr(0, text.find_last_not_of('/') + 1));
}

Result<std::string> parse_etcd_user(std::string_view text) {
  if (text.empty() || text.size() > kLongestUser || printable(text) != text) {
    return Error::invalid("this is not a user's name");
  }
  return std::string(text);
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

constexpr std::chrono::seconds kShortestInterval{5};
constexpr std::chrono::seconds kLongestInterval{3600};
// The source is heard every interval at best, and how long ago is kept on disk every five minutes.
constexpr std::chrono::seconds kShortestMaxAge{300};
constexpr std::chrono::seconds kLongestMaxAge{std::chrono::hours(24 * 365)};

Result<net::Prefix> parse_network_id(std::string_view text) {
  const auto id = CW_TRY(net::Prefix::parse(text));
  if (id.is_v4() || id.length() != kUlaLength) {
    return Error::invalid(
        fmt::format("a network's id is its `ula`, a /{} of fd00::/8", kUlaLength));
  }
  return id;
}

auto duration_of(std::chrono::seconds least, std::chrono::seconds most) {
  return [least, most](std::string_view text) -> Result<std::chrono::seconds> {
    const auto duration = CW_TRY(parse_duration(text));
    if (duration < least || duration > most) {
      return Error::invalid(
          fmt::format("this is from {} to {} seconds", least.count(), most.count()));
    }
    return duration;
  };
}

std::string beside(const std::string& file, const std::string& path) {
  const auto slash = file.rfind('/');
  return path.starts_with('/') || slash == std::string::npos ? path
                                                             : file.substr(0, slash + 1) + path;
}

KeySource beside(const std::string& file, KeySource source) {
  if (source.kind == KeySource::Kind::File) {
    source.name = beside(file, source.name);
  }
  return source;
}

std::vector<net::Ip> read_outer(TableReader& key) {
  std::vector<net::Ip> outer;
  for (const auto& [ip, span] : key.take_list("outer", kMostOuter, parse_outer)) {
    const bool again = std::ranges::any_of(
        outer, [&](const net::Ip& other) { return other.is_v4() == ip.is_v4(); });
    if (again) {
      key.report(span, "a gateway has one IPv4 and one IPv6 address", "remove one");
    }
    outer.push_back(ip);
  }
  return outer;
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
    auto outer = read_outer(key);
    if (source) {
      config.keys.push_back(
          {.gateway = *gateway, .source = beside(file, *source), .outer = std::move(outer)});
    }
  }
}

void read_failover(TableReader& table, const std::string& file, RouterConfig& config) {
  auto section = table.take_table("failover");
  if (!section) {
    return;
  }
  const auto path = [&](KeyName name) {
    const auto field = section->take(name, parse_path);
    return field ? beside(file, *field) : std::string();
  };
  FailoverConfig failover;
  failover.interface = section->take("interface", parse_interface).value.value_or("");
  failover.port = static_cast<std::uint16_t>(
      section->take_number("port", 1, std::numeric_limits<std::uint16_t>::max())
          .value.value_or(kDefaultFailoverPort));
  for (const auto& endpoint : section->take_list("etcd", kMostEtcdEndpoints, parse_etcd_endpoint)) {
    failover.etcd.push_back(endpoint.value);
  }
  const auto user = section->take("etcd_user", parse_etcd_user);
  const auto password = section->take("etcd_password", parse_key_source);
  failover.etcd_user = user.value.value_or("");
  if (password) {
    failover.etcd_password = beside(file, *password);
  }
  if (user.set != password.set) {
    section->report(user.set ? user.span : password.span,
                    "`etcd_user` and `etcd_password` go together", "add the other one");
  }
  failover.etcd_ca_file = path("etcd_ca_file");
  const auto certificate = section->has("etcd_certificate");
  failover.etcd_certificate = path("etcd_certificate");
  if (const auto key = section->take("etcd_key", parse_path); key.set != certificate) {
    section->report(key.span, "`etcd_certificate` and `etcd_key` go together", "add the other one");
  } else if (key) {
    failover.etcd_key = beside(file, *key);
  }
  failover.metrics_listen = section->take("metrics_listen", parse_socket_address).value;
  config.failover = std::move(failover);
}

void read_network(TableReader& table, const std::string& file, RouterConfig& config,
                  Diagnostics& diagnostics) {
  const auto where = table.take("network", fetch::parse_location);
  config.network = where.value.value_or(fetch::Location{
      .kind = fetch::Location::Kind::Path, .text = std::string(kDefaultNetworkDirectory)});
  if (!is_remote(config.network)) {
    config.network.text = beside(file, config.network.text);
  }
  SignedSource source;
  const auto keys = table.take_list("trusted_keys", kMostTrustedKeys, minisign::PublicKey::parse);
  for (const auto& key : keys) {
    source.trusted.push_back(key.value);
  }
  const auto id = table.take("network_id", parse_network_id);
  const auto interval =
      table.take("fetch_interval", duration_of(kShortestInterval, kLongestInterval));
  const auto max_age = table.take("max_age", duration_of(kShortestMaxAge, kLongestMaxAge));
  const auto ca_file = table.take("ca_file", parse_path);
  source.network_id = id.value;
  source.interval = interval.value.value_or(source.interval);
  source.max_age = max_age.value;
  source.ca_file = ca_file ? beside(file, *ca_file) : std::string();
  if (!source.trusted.empty()) {
    config.signed_source = std::move(source);
    return;
  }
  if (table.has("trusted_keys") && !keys.empty()) {
    return;  // reported
  }
  const auto needs_keys = [&](Span span, std::string_view what) {
    diagnostics.push_back(
        {.message =
             fmt::format("{} is for a signed netmap, and nobody is trusted to sign it", what),
         .place = {.file = file, .span = span},
         .hint = "name the signers' minisign public keys: trusted_keys = [\"RW...\"]"});
  };
  if (is_remote(config.network)) {
    needs_keys(where.span, "an address");
  }
  for (const auto& [set, span, name] : {std::tuple(id.set, id.span, "`network_id`"),
                                        std::tuple(interval.set, interval.span, "`fetch_interval`"),
                                        std::tuple(max_age.set, max_age.span, "`max_age`"),
                                        std::tuple(ca_file.set, ca_file.span, "`ca_file`")}) {
    if (set) {
      needs_keys(span, name);
    }
  }
}

}  // namespace

Result<std::chrono::seconds> parse_duration(std::string_view text) {
  constexpr std::array<std::pair<char, std::int64_t>, 4> kUnits{
      {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}}};
  constexpr std::size_t kMostDigits = 9;
  const auto unit = std::ranges::find(kUnits, text.empty() ? '\0' : text.back(),
                                      &std::pair<char, std::int64_t>::first);
  std::int64_t number = 0;
  const auto digits = text.substr(0, text.empty() ? 0 : text.size() - 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (unit == kUnits.end() || digits.empty() || digits.size() > kMostDigits ||
      digits.front() == '-' || error != std::errc{} || end != digits.data() + digits.size()) {
    return Error::invalid(
        fmt::format("'{}' is not a time such as 30s, 10m, 12h or 7d", printable(text)));
  }
  return std::chrono::seconds(number * unit->second);
}

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
  read_network(table, file, config, diagnostics);
  config.lan_interface = table.take("lan_interface", parse_interface).value;
  config.flowtable = table.take_flag("flowtable").value.value_or(true);
  config.metrics_listen = table.take("metrics_listen", parse_socket_address).value;
  read_keys(table, file, config, diagnostics);
  read_failover(table, file, config);
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
