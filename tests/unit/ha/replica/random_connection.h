// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "netlink/codec/connection.h"

namespace cw::ha::replica {

// As the kernel tells of one that is worth keeping. `number` decides which one it is, `look` how it
// looks: IPv6 or UDP, what NAT makes of it, its mark, state and time.
netlink::Connection told(std::uint16_t number, std::uint32_t look = 0);

}  // namespace cw::ha::replica
