// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tests/support/ip_packets.h"
#include "via6/parameters.h"
#include "via6/program/parameters.h"

// What the translator has to do to a packet, written from RFC 7915, 6052, 4443, 4884 and 1191 for
// reading and not for speed: it takes packets apart into values, and puts new ones together. It
// shares no line with the programs. Pure.
namespace cw::test {

enum class Direction : std::uint8_t { FromTunnel, ToTunnel };

struct Translation {
  bool passes = false;                           // not for the translator; `packet` is as it was
  cw_via6_outcome outcome = CW_VIA6_TRANSLATED;  // unless it passes
  Bytes packet;                                  // without a link layer; empty where dropped
  bool free_id = false;                // the IPv4 identification is the translator's to choose
  std::vector<std::size_t> checksums;  // where in `packet`: 0 and 0xffff are the same there

  friend bool operator==(const Translation&, const Translation&) = default;
};

// `packet` begins with its IP header, of the version that the direction translates.
Translation translate(const via6::Parameters& parameters, Direction direction,
                      std::span<const std::uint8_t> packet);

}  // namespace cw::test
