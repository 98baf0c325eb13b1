// SPDX-License-Identifier: Apache-2.0
#include "net/alias.h"

#include "net/via6.h"

namespace cw::net {

namespace {

// `inner` of `from` at the same place in `to`, which is as long.
std::optional<Prefix> moved(const Prefix& from, const Prefix& to, const Prefix& inner) {
  if (!from.contains(inner)) {
    return std::nullopt;
  }
  const auto offset = inner.address().low32() - from.address().low32();
  return Prefix::of(Ip::v4(to.address().low32() + offset), inner.length());
}

}  // namespace

std::optional<Prefix> to_alias(const Alias& alias, const Prefix& real) {
  return moved(alias.route, alias.alias, real);
}

std::optional<Prefix> from_alias(const Alias& alias, const Prefix& written) {
  return moved(alias.alias, alias.route, written);
}

Prefix meant_at(const Prefix& site_via, std::span<const Alias> aliases, const Prefix& written) {
  if (site_via.contains(written)) {
    return Prefix::of(Ip::v4(written.address().low32()),
                      static_cast<std::uint8_t>(written.length() - kSiteViaLength));
  }
  for (const auto& alias : aliases) {
    if (const auto real = from_alias(alias, written)) {
      return *real;
    }
  }
  return written;
}

}  // namespace cw::net
