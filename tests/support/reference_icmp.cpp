// SPDX-License-Identifier: Apache-2.0
#include "tests/support/reference_icmp.h"

#include <algorithm>
#include <set>

namespace cw::test::reference {

// RFC 7915 section 5.2, figure 6.
Or<IcmpHeader> icmp_header_to4(View icmp, std::uint32_t mtu_of_device, bool inner_fragment) {
  std::array<std::uint8_t, 8> made{};
  const auto type = icmp[0];
  const auto code = icmp[1];
  if (type == 1 && code <= 4) {
    constexpr std::array<std::uint8_t, 5> kCodes = {1, 10, 1, 1, 3};
    made[0] = 3;
    made[1] = kCodes[code];
  } else if (type == 2) {
    auto mtu = std::clamp(std::uint64_t{big(icmp, 4, 4)}, std::uint64_t{kSmallestMtu},
                          std::uint64_t{mtu_of_device});
    mtu -= inner_fragment ? 28 : 20;
    made = {3, 4, 0, 0, 0, 0, static_cast<std::uint8_t>(mtu >> 8U), static_cast<std::uint8_t>(mtu)};
  } else if (type == 3) {
    made[0] = 11;
    made[1] = code;
  } else if (type == 4 && code == 1) {
    made[0] = 3;
    made[1] = 2;
  } else if (type == 4 && code == 0) {
    constexpr int kNone = -1;
    constexpr std::array<int, 8> kFirst = {0, 1, kNone, kNone, 2, 2, 9, 8};
    const auto pointer = big(icmp, 4, 4);
    const int to = pointer < 8 ? kFirst[pointer] : pointer < 24 ? 12 : pointer < 40 ? 16 : kNone;
    if (to == kNone) {
      return CW_VIA6_ICMP_TYPE;
    }
    made[0] = 12;
    made[4] = static_cast<std::uint8_t>(to);
  } else {
    return CW_VIA6_ICMP_TYPE;
  }
  return made;
}

// RFC 7915 section 4.2, figure 3; plateaus of RFC 1191 section 7.1.
Or<IcmpHeader> icmp_header_to6(View icmp, std::uint32_t mtu_of_device, std::size_t inner_length) {
  std::array<std::uint8_t, 8> made{};
  const auto type = icmp[0];
  const auto code = icmp[1];
  const std::set<std::uint8_t> no_route = {0, 1, 5, 6, 7, 8, 11, 12};
  const std::set<std::uint8_t> prohibited = {9, 10, 13, 15};
  if (type == 3 && no_route.contains(code)) {
    made = {1, 0};
  } else if (type == 3 && prohibited.contains(code)) {
    made = {1, 1};
  } else if (type == 3 && code == 2) {
    made = {4, 1, 0, 0, 0, 0, 0, 6};
  } else if (type == 3 && code == 3) {
    made = {1, 4};
  } else if (type == 3 && code == 4) {
    std::size_t mtu = big(icmp, 6, 2);
    if (mtu == 0) {
      for (const std::size_t plateau :
           {68U, 296U, 508U, 1006U, 1492U, 2002U, 4352U, 8166U, 17914U, 32000U}) {
        if (plateau < inner_length) {
          mtu = plateau;
        }
      }
    }
    mtu = std::max(std::min<std::size_t>(mtu + 20, mtu_of_device), kSmallestMtu);
    made = {2, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(mtu >> 8U), static_cast<std::uint8_t>(mtu)};
  } else if (type == 11) {
    made = {3, code};
  } else if (type == 12 && (code == 0 || code == 2)) {
    constexpr int kNone = -1;
    constexpr std::array<int, 20> kPointers = {
        0, 1, 4, 4, kNone, kNone, kNone, kNone, 7, 6, kNone, kNone, 8, 8, 8, 8, 24, 24, 24, 24};
    const int to = icmp[4] < kPointers.size() ? kPointers[icmp[4]] : kNone;
    if (to == kNone) {
      return CW_VIA6_ICMP_TYPE;
    }
    made = {4, 0, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(to)};
  } else {
    return CW_VIA6_ICMP_TYPE;
  }
  return made;
}

}  // namespace cw::test::reference
