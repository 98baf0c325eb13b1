// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/network/random_network.h"

#include <fmt/format.h>

#include "base/rfc3339.h"

namespace cw::network {

std::string numbered_key(unsigned number) {
  net::KeyBytes bytes{};
  for (unsigned i = 0; i < 4; ++i) {
    bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
  }
  bytes[31] = 1;  // never all zero
  return net::PublicKey(bytes).to_text();
}

namespace {

constexpr unsigned kGatewayKeys = 1'000'000;  // apart from the peers'

// Gateway g of a site with 1 << split gateways has block g of the pool 100.80.0.0/12.
std::string gateway(unsigned site, unsigned g, unsigned split) {
  const std::uint32_t block = 0x64500000U + (g << (20U - split));
  std::string text = fmt::format(
      "[[gateway]]\nname = \"g{0}-{1}\"\npublic_key = \"{2}\"\nendpoint = "
      "\"gw{0}.example.com:{3}\"\naddress = \"{4}\"\n",
      site, g, numbered_key(kGatewayKeys + site * 16 + g), 50000 + g,
      net::Ip::v4(block + 1 + site).to_text());
  if (split > 0) {
    text += fmt::format("block = \"{}/{}\"\n", net::Ip::v4(block).to_text(), 12 + split);
  }
  if (coin()) {
    text += fmt::format("listen_port = {}\n", 40000 + g);
  }
  switch (pick(0, 3)) {
    case 0:
      return text + "egress.mode = \"routed\"\n";
    case 1:
      return text +
             fmt::format("[gateway.egress]\nmode = \"floating\"\naddress = \"10.9.0.{}\"\n",
                         g + 1) +
             (coin() ? fmt::format("address_ipv6 = \"2001:db8:ffff::{}\"\n", g + 1) : "");
    default:
      return text;
  }
}

std::string site(unsigned number) {
  std::string text = fmt::format("id = {}\n", 65535 - number * 7);
  const auto route = fmt::format("\"10.{}.0.0/16\"", pick(0, 3));
  text += fmt::format(
      "routes = [{}, \"2001:db8:{}::/48\"]\n",
      coin() ? fmt::format("{{ prefix = {}, alias = \"198.{}.0.0/16\" }}", route, 20 + number)
             : route,
      number);
  if (coin()) {
    text +=
        fmt::format("health = [\"[2001:db8:{0}::5]:443\", \"[2001:db8:{0}::5]:5432\"]\n", number);
  }
  const unsigned routers = pick(1U, 3U);
  for (unsigned r = 0; r < routers; ++r) {
    text += fmt::format("[[router]]\nname = \"r{}-{}\"\n", number, r);
    if (coin()) {
      text += fmt::format("address = \"10.0.{}.{}\"\n", number, r + 1);
    }
  }
  const unsigned split = pick(0U, 2U);
  for (unsigned g = 0; g < (1U << split); ++g) {
    text += gateway(number, g, split);
  }
  return text;
}

std::string peer(unsigned number, unsigned sites) {
  // Beyond the first addresses of every block, which the gateways have; spread over all blocks.
  const std::uint32_t address = 0x64500000U + (number % 4U << 18U) + 100 + number;
  std::string text = fmt::format("public_key = \"{}\"\naddress = \"{}\"\n",
                                 numbered_key(number + 1), net::Ip::v4(address).to_text());
  if (coin()) {
    text += fmt::format("user = \"user{}@example.com\"\n", number);
  }
  if (coin()) {
    text += "groups = [\"b\", \"a\"]\n";
  }
  if (coin()) {
    text += fmt::format("sites = [\"s{}\"]\n", pick(0U, sites - 1));
  }
  if (coin()) {
    text += coin() ? "enabled = false\n" : "enabled = true\n";
  }
  if (coin()) {
    text +=
        "expires = " + to_rfc3339(WallTime(std::chrono::seconds(pick(0L, 4'000'000'000L)))) + "\n";
  }
  return text;
}

}  // namespace

Texts random_network() {
  Texts texts = {
      {"network.toml", "name = \"n\"\npool = \"100.80.0.0/12\"\nula = \"fd5e:3a1c:9b04::/48\"\n"}};
  if (coin()) {
    texts["network.toml"] += "client_routes = [\"172.16.0.0/12\", \"10.0.0.0/8\"]\n";
  }
  const unsigned sites = pick(1U, 4U);
  for (unsigned s = 0; s < sites; ++s) {
    texts[fmt::format("sites/s{}.toml", s)] = site(s);
  }
  const unsigned peers = pick(2U, 12U);
  for (unsigned p = 0; p < peers; ++p) {
    texts[fmt::format("peers/p{}.toml", p)] = peer(p, sites);
  }
  return texts;
}

}  // namespace cw::network
