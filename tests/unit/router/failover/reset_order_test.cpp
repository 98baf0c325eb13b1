// SPDX-License-Identifier: Apache-2.0
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

netlink::WgPeer peer_of(std::uint8_t seed, const char* address, const char* address6) {
  return {.key = key_of(seed),
          .allowed_ips = {net::Prefix::host(ip(address)), net::Prefix::host(ip(address6))}};
}

TEST(ResetOrder, PeersThatWereActiveLastComeFirst) {
  const std::vector peers = {peer_of(1, "100.83.0.1", "fd5e::1"),
                             peer_of(2, "100.83.0.2", "fd5e::2"),
                             peer_of(3, "100.83.0.3", "fd5e::3")};
  const std::vector<ha::gate::Kick> kicks = {{.key = key_of(3)}, {.key = key_of(1)}};
  EXPECT_EQ(
      by_activity(kicks, peers),
      (Ranks{
          {ip("100.83.0.3"), 0}, {ip("fd5e::3"), 0}, {ip("100.83.0.1"), 1}, {ip("fd5e::1"), 1}}));
}

}  // namespace
}  // namespace cw::failover
