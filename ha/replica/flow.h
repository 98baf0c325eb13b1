// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "netlink/codec/connection.h"

// What of a tracked connection a sibling needs, and which ones it needs. Pure.
namespace cw::ha::replica {

// A gateway's; what is over it is not replicated and breaks at a takeover. About 250 bytes each, on
// either side: 25 MB.
inline constexpr std::size_t kMostConnections = 100'000;

// IP_CT_TCP_FLAG_WINDOW_SCALE and _SACK_PERM: what does not change after the handshake.
inline constexpr std::uint8_t kHandshakeFlags = 0x03;

using Picture = std::map<netlink::ConnectionId, netlink::Connection>;

// TCP_CONNTRACK_*: data may flow at least one way.
[[nodiscard]] bool is_open(std::uint8_t tcp_state);

// TCP that is established (either end may have said its last word: the other goes on), UDP that was
// answered. `known`: what was known of it, since an event tells only what changed. None: not, or no
// more, to be replicated. What differs between one kernel's telling and the next without meaning
// anything is made equal: status is 0, flags are those of the handshake.
[[nodiscard]] std::optional<netlink::Connection> worth_keeping(const netlink::Connection& told,
                                                               const netlink::Connection* known);

// The same but for the time it has left.
[[nodiscard]] bool same_but_time(const netlink::Connection& a, const netlink::Connection& b);

// And the time differs by no more than half, so that it need not be told again.
[[nodiscard]] bool same_for_a_sibling(const netlink::Connection& a, const netlink::Connection& b);

// Of a connection without its timeout: two pictures are equal if the sums of their connections are.
[[nodiscard]] std::uint64_t digest_of(const netlink::Connection& connection);

}  // namespace cw::ha::replica
