// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "netlink/codec/route_values.h"

// The numbers by which the kernel's objects are known to be ours. Changing one strands what an
// older agent made, so they never change.
namespace cw::router {

inline constexpr auto kDevicePrefix = "cw-";

// Not among the kernel's (linux/rtnetlink.h), FRR's, BIRD's or Open/R's protocol numbers.
inline constexpr std::uint8_t kRouteProtocol = 204;

// Not 52 (Tailscale), not 51820 (wg-quick), not 253 to 255, not VPC CNI's or ec2-net-utils'.
inline constexpr std::uint32_t kTable = 7920;
inline constexpr std::uint32_t kMainTable = 254;  // RT_TABLE_MAIN

// Before Tailscale's 5210 to 5270, after `local` at 0. Each has room for what later belongs there.
inline constexpr std::uint32_t kFirstPriority = 4900;
inline constexpr std::uint32_t kPriorityFromHost = 4900;    // iif lo lookup T
inline constexpr std::uint32_t kPriorityToTunnel = 4910;    // fwmark M/MASK lookup T
inline constexpr std::uint32_t kPriorityUnjudged = 4911;    // to BLOCK prohibit
inline constexpr std::uint32_t kPriorityFromTunnel = 4920;  // iif cw-* fwmark M/MASK lookup main
inline constexpr std::uint32_t kPriorityClosed = 4930;      // iif cw-* prohibit
inline constexpr std::uint32_t kLastPriority = 4999;

// Two bits clear of Tailscale's 0xff0000, Kubernetes' 0xc000 and Cilium's 0x0f00.
inline constexpr std::uint32_t kMarkMask = 0x60000000;
inline constexpr std::uint32_t kMarkJudged = 0x20000000;  // our prerouting chain allows this packet
inline constexpr std::uint32_t kMarkOuter = 0x40000000;   // WireGuard's own encrypted packets

[[nodiscard]] inline netlink::Ownership ownership() {
  return {.device_prefix = kDevicePrefix,
          .table = kTable,
          .protocol = kRouteProtocol,
          .first_priority = kFirstPriority,
          .last_priority = kLastPriority};
}

}  // namespace cw::router
