// SPDX-License-Identifier: Apache-2.0
#include "net/via6.h"

#include <algorithm>

namespace cw::net {

namespace {

Ip::V6Bytes bytes_of(const Ip& ip) {
  Ip::V6Bytes bytes{};
  std::ranges::copy(ip.bytes(), bytes.begin());
  return bytes;
}

}  // namespace

Prefix default_via_prefix(const Prefix& ula) {
  auto bytes = bytes_of(ula.address());
  bytes[6] = 0x0b;  // the fourth group: b1a
  bytes[7] = 0x1a;
  return Prefix::of(Ip::v6(bytes), kViaPrefixLength);
}

Ip to_via6(const Prefix& via_prefix, SiteId site, const Ip& ipv4) {
  auto bytes = bytes_of(via_prefix.address());
  bytes[10] = static_cast<std::uint8_t>(site.value >> 8);
  bytes[11] = static_cast<std::uint8_t>(site.value);
  return Ip::v6(bytes).with_low32(ipv4.low32());
}

Prefix site_via(const Prefix& via_prefix, SiteId site) {
  return Prefix::of(to_via6(via_prefix, site, Ip::v4(0)), kSiteViaLength);
}

std::optional<Via6> from_via6(const Prefix& via_prefix, const Ip& ip) {
  if (ip.is_v4() || !via_prefix.contains(ip)) {
    return std::nullopt;
  }
  const auto bytes = bytes_of(ip);
  const auto site = static_cast<std::uint16_t>(bytes[10] << 8 | bytes[11]);
  if (bytes[8] != 0 || bytes[9] != 0 || site == 0) {
    return std::nullopt;
  }
  return Via6{.site = SiteId{site}, .ipv4 = Ip::v4(ip.low32())};
}

}  // namespace cw::net
