// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <optional>
#include <span>

#include "net/prefix.h"

// IPv4 aliases (4via4): a route of a site under a prefix of its own, of the same length, translated
// one to one, for programs that speak no IPv6. And the way back from any form of an address to what
// it is at its site. Pure arithmetic; linear in a site's aliases.
namespace cw::net {

struct Alias {
  Prefix route;
  Prefix alias;

  friend auto operator<=>(const Alias&, const Alias&) = default;
};

// Of an address or prefix within the route, its alias; nothing for any other.
[[nodiscard]] std::optional<Prefix> to_alias(const Alias& alias, const Prefix& real);
[[nodiscard]] std::optional<Prefix> from_alias(const Alias& alias, const Prefix& written);

// What `written` means at a site: where it lies within the site's 4via6 prefix or one of its
// aliases, the part of the site that it stands for; otherwise itself. What is wider than a form is
// none: fd00::/8 does not mean every IPv4 address of every site.
[[nodiscard]] Prefix meant_at(const Prefix& site_via, std::span<const Alias> aliases,
                              const Prefix& written);

}  // namespace cw::net
