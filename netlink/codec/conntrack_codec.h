// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "netlink/codec/message.h"
#include "netlink/codec/sinks.h"

// Connections that the kernel tracks, as ctnetlink tells of them and takes them
// (linux/netfilter/nfnetlink_conntrack.h). Pure.
namespace cw::netlink {

[[nodiscard]] std::vector<std::uint8_t> list_flows(const FlowMatch& among);

// How many there are; whatever the answer, it has the kernel load what tracks them.
[[nodiscard]] std::vector<std::uint8_t> count_flows();

// From IPCTNL_MSG_CT_NEW, the form in which a dump has them; none for anything else.
[[nodiscard]] std::optional<Flow> decode_flow(const Message& message);

// A request to forget the connection that `message` of a dump is about, and no later one with the
// same addresses and ports. Not to be acknowledged. Where that is none, an empty one.
[[nodiscard]] std::vector<std::uint8_t> forget_flow(const Message& message);

}  // namespace cw::netlink
