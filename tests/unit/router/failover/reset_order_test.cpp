// SPDX-License-Identifier: Apache-2.0
#include <netinet/in.h>

#include <gtest/gtest.h>

#include "router/failover/reset_sender.h"

namespace cw::failover {
namespace {

net::Ip ip(const char* text) {
  return *net::Ip::parse(text);
}

net::PublicKey key_of(std::uint8_t seed) {
  net::KeyBytes bytes{};
  bytes.fill(seed);
  return net::PublicKey(bytes);
}

netlink::Connection connection_of(const char* peer, std::uint16_t port) {
  return {.id = {.original = {.source = ip(peer),
                              .destination = ip("10.0.1.5"),
                              .source_port = port,
                              .destination_port = 5432},
                 .protocol = IPPROTO_TCP}};
}

netlink::WgPeer peer_of(std::uint8_t seed, const char* address, const char* address6) {
  return {.key = key_of(seed),
          .allowed_ips = {net::Prefix::host(ip(address)), net::Prefix::host(ip(address6))}};
}

TEST(ResetOrder, PeersThatWereActiveLastComeFirst) {
  const std::vector peers = {peer_of(1, "100.83.0.1", "fd5e::1"),
                             peer_of(2, "100.83.0.2", "fd5e::2"),
                             peer_of(3, "100.83.0.3", "fd5e::3")};
  const std::vector<ha::gate::Kick> kicks = {{.key = key_of(3)}, {.key = key_of(1)}};
  const auto clients = by_activity({connection_of("100.83.0.1", 1), connection_of("100.83.0.2", 2),
                                    connection_of("100.83.0.3", 3), connection_of("fd5e::3", 4)},
                                   kicks, peers);
  std::vector<std::uint16_t> ports;
  for (const auto& client : clients) {
    ports.push_back(client.source_port);
  }
  EXPECT_EQ(ports, (std::vector<std::uint16_t>{3, 4, 1, 2}));
}

}  // namespace
}  // namespace cw::failover
