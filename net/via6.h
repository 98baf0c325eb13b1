// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <optional>

#include "net/prefix.h"

// 4via6 addresses: an IPv4 address of one site, written as IPv6, so that equal addresses of two
// sites stay distinct. Pure arithmetic (RFC 6052 section 2.2, a /96 per site):
//
//   | via prefix, 64 bits | site id, 32 bits (1 to 65535) | IPv4, 32 bits |
namespace cw::net {

// A site's id, 1 to 65535; unique in a network, for ever.
struct SiteId {
  std::uint16_t value = 0;

  friend auto operator<=>(const SiteId&, const SiteId&) = default;
};

inline constexpr std::uint8_t kViaPrefixLength = 64;
inline constexpr std::uint8_t kSiteViaLength = 96;

// ULA:b1a::/64, the via prefix of a network that sets none.
[[nodiscard]] Prefix default_via_prefix(const Prefix& ula);

[[nodiscard]] Prefix site_via(const Prefix& via_prefix, SiteId site);
[[nodiscard]] Ip to_via6(const Prefix& via_prefix, SiteId site, const Ip& ipv4);

struct Via6 {
  SiteId site;
  Ip ipv4;

  friend auto operator<=>(const Via6&, const Via6&) = default;
};

// Nothing where `ip` lies outside the via prefix or names a site id over 65535 or 0.
[[nodiscard]] std::optional<Via6> from_via6(const Prefix& via_prefix, const Ip& ip);

}  // namespace cw::net
