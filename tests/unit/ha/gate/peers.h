// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "ha/gate/values.h"
#include "ha/values.h"
#include "net/key.h"
#include "netlink/codec/wireguard_values.h"

// Peers by number, whom the tests of gates shake hands with.
namespace cw::ha::gate {

inline const Time kNow{std::chrono::hours(1)};
inline const netlink::HandshakeTime kWall{std::chrono::hours(400'000)};

inline net::PublicKey key(std::uint32_t number) {
  net::KeyBytes bytes{};
  for (unsigned i = 0; i < 4; ++i) {
    bytes[i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
  }
  return net::PublicKey(bytes);
}

inline net::SocketAddress endpoint(std::uint32_t number) {
  return {.ip = net::Ip::v4(0xc6336400 + number), .port = 51820};
}

inline std::vector<Kick> kicks(std::uint32_t count) {
  std::vector<Kick> all;
  for (std::uint32_t i = 0; i < count; ++i) {
    all.push_back({.key = key(i), .endpoint = endpoint(i)});
  }
  return all;
}

// Peers with two allowed IPs and no session.
inline netlink::WgDevice device(std::uint32_t count) {
  netlink::WgDevice made{.name = "cw-gw"};
  for (std::uint32_t i = 0; i < count; ++i) {
    made.peers.push_back(
        {.key = key(i),
         .allowed_ips = {net::Prefix::host(net::Ip::v4(0x64640000 + i)),
                         net::Prefix::host(net::Ip::parse("fd00::")->with_low32(i))}});
  }
  return made;
}

}  // namespace cw::ha::gate
