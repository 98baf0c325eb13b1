// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/ip.h"

// Endpoint: what a client's configuration names, a DNS name or an address, and a UDP port.
// SocketAddress: where packets really come from, always an address. Plain values; nothing is
// resolved here.
namespace cw::net {

struct SocketAddress {
  Ip ip;
  std::uint16_t port = 0;

  // As to_text() writes it; a name and port 0 are refused.
  static Result<SocketAddress> parse(std::string_view text);

  [[nodiscard]] std::string to_text() const;  // "203.0.113.2:51820", "[2001:db8::1]:51820"

  friend auto operator<=>(const SocketAddress&, const SocketAddress&) = default;
};

struct Endpoint {
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 0;

  // "vpn.example.com:51820", "203.0.113.2:51820", "[2001:db8::1]:51820". A name follows RFC 1123
  // (letters, digits, hyphens, at most 253 characters); port 0 is refused.
  static Result<Endpoint> parse(std::string_view text);

  [[nodiscard]] std::string to_text() const;

  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

}  // namespace cw::net
