// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "ha/replica/flow.h"
#include "net/ip.h"
#include "net/prefix.h"
#include "netlink/codec/connection.h"

// Which connections of a gateway go on at a sibling, and which end at a takeover: the site saw an
// address that stays with the router before, which nobody answers for any more. By what the
// connection has, not by the egress in force: it keeps the address that it began with. Pure.
namespace cw::ha::reset {

// What moves with a gateway.
struct Moving {
  std::vector<net::Prefix> blocks;  // the peers' own addresses
  std::vector<net::Ip> addresses;   // the clients' endpoint and the floating ones

  friend bool operator==(const Moving&, const Moving&) = default;
};

// Its source is not translated, or to something that moves along. So what began at the site goes
// on, too.
[[nodiscard]] bool goes_on(const netlink::Connection& connection, const Moving& moving);

// It goes on, or its end can be told to its client: what siblings are to know of. UDP has no end.
[[nodiscard]] bool concerns_siblings(const netlink::Connection& connection, const Moving& moving);

// At a takeover, of what the owner before `told`, or a part of it: TCP that does not go on. Not
// what this kernel has as it was told (`here`): a process that starts again on an owner finds its
// own.
[[nodiscard]] std::vector<netlink::Connection> ended(std::span<const netlink::Connection> told,
                                                     const replica::Picture& here,
                                                     const Moving& moving);

}  // namespace cw::ha::reset
