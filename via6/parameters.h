// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/block.h"
#include "net/via6.h"

// What the translator of one gateway's device is told, and the constants that it becomes in the
// programs (program/parameters.h). Plain value; pure. The programs hold nothing else, so two
// translators with equal parameters do the same to every packet.
namespace cw::via6 {

struct Parameters {
  net::Prefix via_prefix;           // the network's, a /64
  net::SiteId site;                 // the only one that is translated
  std::vector<net::Prefix> routes;  // of the site; IPv6 ones are passed over
  net::Prefix ula;                  // the network's, a /48
  net::Block block;                 // whose peers these are
  net::Ip gateway;                  // its overlay address
  std::uint32_t mtu = 0;            // of the device

  friend bool operator==(const Parameters&, const Parameters&) = default;
};

// Bytes before the IP header of what the programs are given.
enum class Framing : std::uint8_t {
  None = 0,       // a WireGuard device
  Ethernet = 14,  // BPF_PROG_TEST_RUN
};

// As the programs read them. ErrorKind::Invalid: a via prefix that is no /64, an MTU that IPv6 does
// not have (RFC 8200 section 5), more ranges of routes than there is room for.
[[nodiscard]] Result<std::vector<std::uint8_t>> constants(const Parameters& parameters,
                                                          Framing framing);

// By which a translator in the kernel is known to have these parameters and this build's programs:
// 128 bits of BLAKE2b, as hexadecimal digits.
[[nodiscard]] Result<std::string> digest(const Parameters& parameters);

}  // namespace cw::via6
