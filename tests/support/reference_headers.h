// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "tests/support/ip_packets.h"
#include "tests/support/reference_packet.h"

// Headers put together and checksums kept, for the reference translator. Pure.
namespace cw::test::reference {

// What a checksum covers before the payload, of either version: the same sum in another order.
Bytes pseudo(const net::Ip& source, const net::Ip& destination, std::size_t length,
             std::uint8_t protocol);

// RFC 7915 sections 4.5 and 5.5: sets the checksum at `at` so that all sums up to what it summed up
// to `before`. What was damaged stays as damaged.
void keep_sum(Bytes& payload, std::size_t at, const Bytes& pseudo_before, const Bytes& pseudo_now,
              View before);

// Where TCP and UDP have theirs.
std::optional<std::size_t> checksum_at(std::uint8_t protocol);

// TCP and UDP that have a checksum, as far as they are here.
void keep_transport_sum(Bytes& payload, const Packet& before, const Packet& now);

// The headers that those of `from` become, with the addresses of `out`.
Bytes header4(const Packet& from, const Packet& out, std::size_t payload);
Bytes header6(const Packet& from, const Packet& out, std::size_t payload);

}  // namespace cw::test::reference
