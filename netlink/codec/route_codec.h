// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "netlink/codec/message.h"
#include "netlink/codec/route_values.h"

// rtnetlink messages as values (linux/rtnetlink.h, linux/fib_rules.h), out of dumps and
// notifications alike. Each function gives none for what is not ours and for what is malformed.
// Pure, but for the name of a device, which the caller supplies.
namespace cw::netlink {

// Name of the device with that index; empty where there is none (any more).
using DeviceName = std::function<std::string(int index)>;

[[nodiscard]] bool is_ours(const std::string& device, const Ownership& ownership);

[[nodiscard]] std::optional<Link> decode_link(const Message& message);

// An address is ours by its device.
[[nodiscard]] std::optional<Address> decode_address(const Message& message,
                                                    const Ownership& ownership,
                                                    const DeviceName& name);

// A route is ours by its table and protocol.
[[nodiscard]] std::optional<Route> decode_route(const Message& message, const Ownership& ownership,
                                                const DeviceName& name);

// An address or a route of the host's that is not ours: by another device than ours, not of our
// protocol, in no table of the kernel's own. None also for default routes, be they in two halves,
// and for what goes nowhere.
[[nodiscard]] std::optional<HostPrefix> decode_host_address(const Message& message,
                                                            const Ownership& ownership,
                                                            const DeviceName& name);
[[nodiscard]] std::optional<HostPrefix> decode_host_route(const Message& message,
                                                          const Ownership& ownership,
                                                          const DeviceName& name);

// A rule is ours by its priority, and before those of the agent by its protocol as well
// (rule_codec.cpp).
[[nodiscard]] std::optional<Rule> decode_rule(const Message& message, const Ownership& ownership);

}  // namespace cw::netlink
