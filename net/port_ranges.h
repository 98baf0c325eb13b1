// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

// Sets of ports as inclusive ranges. Wider than a port, so that the end of the last one can be
// stepped over. Pure.
namespace cw::net {

using PortRange = std::pair<std::uint32_t, std::uint32_t>;
using PortRanges = std::vector<PortRange>;

// The same ports, sorted, with a gap between one range and the next.
[[nodiscard]] PortRanges merged(PortRanges ranges);

// `taken` is merged.
[[nodiscard]] PortRanges without(const PortRanges& ranges, const PortRanges& taken);

}  // namespace cw::net
