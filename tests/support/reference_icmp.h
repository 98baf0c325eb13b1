// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "tests/support/reference_packet.h"

// What the first eight bytes of ICMP errors become, for the reference translator. Pure.
namespace cw::test::reference {

using IcmpHeader = std::array<std::uint8_t, 8>;  // its checksum is zero

// `inner_fragment`: the packet inside has a fragment header.
Or<IcmpHeader> icmp_header_to4(View icmp, std::uint32_t mtu_of_device, bool inner_fragment);

// `inner_length`: what the packet inside says it is long.
Or<IcmpHeader> icmp_header_to6(View icmp, std::uint32_t mtu_of_device, std::size_t inner_length);

}  // namespace cw::test::reference
