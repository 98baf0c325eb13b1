// SPDX-License-Identifier: Apache-2.0
#include "network/edit/new_network.h"

#include <fmt/format.h>

#include "network/directory.h"
#include "network/edit/toml_edit.h"
#include "network/name.h"

namespace cw::network {

namespace {

constexpr std::uint8_t kPoolLength = 16;
constexpr std::uint32_t kFirstPool = 0x64400000;  // 100.64.0.0/10 (RFC 6598)
constexpr std::uint32_t kPools = 64;              // /16s in it
constexpr std::uint32_t kByte = 256;
constexpr std::uint8_t kUlaBits = 48;
constexpr std::size_t kUlaGlobalIdEnd = 6;  // fd, then 40 bits

constexpr std::string_view kNetworkText =
    "# The network; causeway-network(5) has every key. `causeway check .` finds mistakes.\n"
    "name = {}\n"
    "\n"
    "# The overlay's addresses. Peers and gateways have theirs for ever, so these never change.\n"
    "pool = {}\n"
    "ula = {}\n"
    "\n"
    "# What clients send to their home gateway beyond their sites' own routes, so that their\n"
    "# configurations need not change when a route is added there.\n"
    "#client_routes = [\"10.0.0.0/8\", \"172.16.0.0/12\", \"192.168.0.0/16\"]\n";

constexpr std::string_view kSignersText =
    "\n"
    "# Whose signature makes a file of this network one that routers take. The second key is for "
    "the\n"
    "# day on which the first is lost: keep its secret half where no thief of the first finds it.\n"
    "signers = {}\n";

constexpr std::string_view kSiteText =
    "# A site: a VPC, an office, a lab. Its number is part of addresses and never given to "
    "another.\n"
    "id = 1\n"
    "\n"
    "# What is reached through it.\n"
    "routes = {}\n"
    "\n"
    "# The machine that runs causewayd; its router.toml has the same name.\n"
    "[[router]]\n"
    "name = {}\n";

constexpr std::string_view kSiteTextNoGateway =
    "\n# What clients connect to comes here by\n"
    "#   causeway gateway add NAME --site {} --endpoint HOST:51820 --private-key FILE\n";

}  // namespace

net::Prefix random_pool(const RandomBelow& random) {
  return net::Prefix::of(net::Ip::v4(kFirstPool + (random(kPools) << 16U)), kPoolLength);
}

net::Prefix random_ula(const RandomBelow& random) {
  net::Ip::V6Bytes bytes = {0xfd};
  for (std::size_t i = 1; i < kUlaGlobalIdEnd; ++i) {
    bytes.at(i) = static_cast<std::uint8_t>(random(kByte));
  }
  return net::Prefix::of(net::Ip::v6(bytes), kUlaBits);
}

Result<Changes> new_network(const NewNetwork& wanted) {
  CW_TRY(parse_name(wanted.name));
  const auto site = CW_TRY(parse_name(wanted.site));
  CW_TRY(parse_name(wanted.router));
  std::vector<std::string> routes;
  for (const auto& route : wanted.routes) {
    routes.push_back(route.to_text());
  }
  auto network = fmt::format(kNetworkText, toml_string(wanted.name),
                             toml_string(wanted.pool.to_text()), toml_string(wanted.ula.to_text()));
  if (!wanted.signers.empty()) {
    network += fmt::format(kSignersText, toml_list(wanted.signers));
  }
  auto site_text = fmt::format(kSiteText, toml_list(routes), toml_string(wanted.router));
  site_text += fmt::format(kSiteTextNoGateway, site);
  return Changes{
      {.path = std::string(kNetworkFile), .content = std::move(network), .fresh = true},
      {.path = site_path(site), .content = std::move(site_text), .fresh = true},
  };
}

}  // namespace cw::network
