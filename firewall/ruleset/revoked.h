// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "firewall/ruleset/filter.h"
#include "net/ip.h"

// Where to look for connections that a change of the filter took the permission from: so that of
// hundreds of thousands that the kernel tracks only a few need to be judged (permissions.h). Pure.
namespace cw::firewall {

// Those of which all that is said here is true. Default: all there are. Addresses are IPv4 only:
// the kernel cannot look for others (netlink::FlowMatch).
struct Openings {
  std::optional<net::Family> family;  // said where anything else is
  std::optional<net::Ip> from;
  std::optional<net::Ip> to;
  std::optional<std::uint8_t> protocol;  // of IP
  std::optional<std::uint16_t> port;     // of the destination; only with TCP and UDP

  friend auto operator<=>(const Openings&, const Openings&) = default;
};

// Each of them costs a walk over all that the kernel tracks, without reading it; reading all costs
// some forty such walks.
inline constexpr std::size_t kMostOpenings = 16;

// In one of these is every connection that `before` allows and `after` does not; others may be. At
// most kMostOpenings. None: nothing is taken away. Linear in peers and grants.
[[nodiscard]] std::vector<Openings> revoked(const Filter& before, const Filter& after);

// Aliases of `before` that `after` does not have so; also for Permissions. Sorted.
[[nodiscard]] std::vector<net::Alias> aliases_gone(const Filter& before, const Filter& after);

// Both, within the same bound.
[[nodiscard]] std::vector<Openings> either(std::vector<Openings> some,
                                           const std::vector<Openings>& others);

}  // namespace cw::firewall
