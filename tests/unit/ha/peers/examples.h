// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ha/peers/book.h"

// Peers, times and dumps to write tests with.
namespace cw::ha::peers {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline net::PublicKey key_of(std::uint32_t number) {
  net::KeyBytes bytes{};
  for (std::size_t i = 0; i < 4; ++i) {
    bytes[28 + i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
  }
  return net::PublicKey(bytes);
}

inline Wall at(std::int64_t ms) {
  return Wall(milliseconds(1'790'000'000'000 + ms));
}

inline net::SocketAddress endpoint(std::string_view ip, std::uint16_t port) {
  return {.ip = net::Ip::parse(ip).value(), .port = port};
}

inline netlink::WgPeer seen(std::uint32_t number, Wall handshake, std::uint64_t received,
                            std::uint16_t port = 51820) {
  return {.key = key_of(number),
          .endpoint = endpoint("203.0.113.2", port),
          .last_handshake = handshake,
          .received_bytes = received};
}

}  // namespace cw::ha::peers
