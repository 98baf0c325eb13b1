// SPDX-License-Identifier: Apache-2.0
#include "tests/support/networks.h"

#include <fmt/format.h>
#include <sodium.h>

namespace cw::test {

net::PrivateKey private_key(unsigned number) {
  net::KeyBytes bytes{};
  bytes[0] = 8;  // never all zero
  bytes[1] = static_cast<std::uint8_t>(number >> 8);
  bytes[2] = static_cast<std::uint8_t>(number);
  std::string text(64, '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  return *net::PrivateKey::parse(text.c_str());
}

net::PublicKey public_key(unsigned number) {
  return private_key(number).public_key();
}

router::Snapshot snapshot(unsigned gateways, unsigned peers) {
  const auto prefix = [](const char* text) { return *net::Prefix::parse(text); };
  router::Snapshot made;
  auto& netmap = made.netmap;
  netmap.name = "acme";
  netmap.pool = prefix("100.100.0.0/16");
  netmap.ula = prefix("fd12:3456:789a::/48");
  netmap.via_prefix = net::default_via_prefix(netmap.ula);
  network::Site site{.name = "prod", .id = {1}};
  site.routes = {prefix("10.0.0.0/16"), prefix("2001:db8:1::/64")};
  site.routers = {{.name = "r1"}};
  const auto add_gateway = [&](const char* name, unsigned number, const char* block,
                               const char* address) {
    const auto port = static_cast<std::uint16_t>(51819 + number);
    site.gateways.push_back({.name = name,
                             .public_key = public_key(number),
                             .endpoint = {"vpn.example.com", port},
                             .listen_port = port,
                             .block = *net::Block::from(prefix(block)),
                             .address = *net::Ip::parse(address),
                             .routers = {"r1"}});
    made.host.keys.emplace(name, public_key(number));
  };
  add_gateway("prod", 1, gateways > 1 ? "100.100.0.0/17" : "100.100.0.0/16", "100.100.0.1");
  if (gateways > 1) {
    add_gateway("spare", 2, "100.100.128.0/17", "100.100.128.1");
  }
  netmap.sites.push_back(std::move(site));
  for (unsigned i = 0; i < peers; ++i) {
    const std::uint32_t half = gateways > 1 && i % 2 == 1 ? 0x8000 : 0;
    netmap.peers.push_back({.name = fmt::format("p{:04}", i),
                            .public_key = public_key(1000 + i),
                            .address = net::Ip::v4((0x64640000U | half) + 16 + i),
                            .sites = {"prod"},
                            .home = half != 0 ? "spare" : "prod"});
  }
  made.host.router = "r1";
  made.host.site = "prod";
  made.host.alternate_ports = {443, 4500};
  made.now = WallTime(std::chrono::seconds(1'800'000'000));
  return made;
}

void replace_first_gateway(router::Snapshot& snapshot) {
  constexpr unsigned kNumber = 3;
  auto& gateways = snapshot.netmap.sites.front().gateways;
  auto replacement = gateways.front();
  replacement.replaces = replacement.name;
  replacement.name += "-2";
  replacement.public_key = public_key(kNumber);
  replacement.listen_port = static_cast<std::uint16_t>(replacement.listen_port + 100);
  replacement.endpoint.port = replacement.listen_port;
  snapshot.host.keys.emplace(replacement.name, public_key(kNumber));
  gateways.insert(gateways.begin() + 1, std::move(replacement));
}

router::KeyRing key_ring() {
  router::KeyRing keys;
  for (const unsigned number : {1U, 2U, 3U}) {
    keys.emplace(public_key(number), private_key(number));
  }
  return keys;
}

}  // namespace cw::test
