// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "router/model/desired_state.h"

// How much a router has to remember of connections: every one that passes has an entry of
// conntrack's, and where the table is full, new ones are dropped. The kernel's own sizes are for a
// host that tracks its own. Pure.
namespace cw::router {

// `memory`: the machine's, in bytes; none where the table is not ours to size, since it is the
// whole machine's and we are in a network namespace.
[[nodiscard]] std::vector<WantedSysctl> conntrack_sysctls(std::optional<std::uint64_t> memory);

}  // namespace cw::router
