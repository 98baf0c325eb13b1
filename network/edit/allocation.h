// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "network/directory.h"
#include "network/edit/change.h"
#include "network/netmap.h"

// Where a new peer goes: its gateway, its address for ever, the sites it reaches from there. The
// address is a random one of the gateway's block, so that two people who add peers in two branches
// rarely take the same; where they do, `causeway check` refuses the merge. Pure.
// Cost: linear in the peers.
namespace cw::network {

// How long a removed peer's address is not given to another: longer than anybody looks into logs
// that name it, and than a forgotten configuration is likely to be switched on again.
inline constexpr std::chrono::days kRetention{90};

struct Wish {
  std::optional<std::string> gateway = {};             // nothing: the emptiest
  std::optional<std::vector<std::string>> sites = {};  // nothing: all that there are now
};

struct Allocation {
  net::Ip address;
  std::string home;
  std::vector<std::string> sites;             // sorted
  std::optional<std::string> tombstone = {};  // path of one that is old enough to go

  friend bool operator==(const Allocation&, const Allocation&) = default;
};

// ErrorKind::Exhausted: the block is full. Invalid: there is no such gateway or site, or no address
// reaches all the sites that were named.
Result<Allocation> allocate(const Directory& directory, const Netmap& netmap, const Wish& wish,
                            WallTime now, const RandomBelow& random);

// The sites of `wanted` (nothing: of all) at which a gateway has the address in its block, sorted.
// With `wanted`, all of them must be.
Result<std::vector<std::string>> reachable_sites(
    const Netmap& netmap, const net::Ip& address,
    const std::optional<std::vector<std::string>>& wanted);

// The lowest address of a block that nobody has: for a gateway.
Result<net::Ip> lowest_free(const Netmap& netmap, const net::Block& block);

}  // namespace cw::network
