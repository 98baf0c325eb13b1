// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "net/ip.h"
#include "netlink/codec/message.h"

// A route as the kernel shows it, as another that differs in its table, its protocol and its source
// (linux/rtnetlink.h). Its words are kept, gateway, next hops, metrics and all, so that nothing has
// to be understood to be copied. Pure.
namespace cw::ha::gate {

// The payload of a request for it, its attributes in the order of their numbers: equal routes are
// equal bytes. `source`: none leaves its own. None comes for what is no unicast route, for one to
// link-local addresses, and for what is malformed.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> copied_route(
    const netlink::Message& message, std::uint32_t table, std::uint8_t protocol,
    const std::optional<net::Ip>& source);

// The table it is in; 0 for what is malformed.
[[nodiscard]] std::uint32_t table_of(const netlink::Message& message);

}  // namespace cw::ha::gate
