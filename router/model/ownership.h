// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "ha/gate/values.h"
#include "netlink/codec/route_values.h"

// The numbers by which the kernel's objects are known to be ours. Changing one strands what an
// older agent made, so they never change.
namespace cw::router {

inline constexpr auto kDevicePrefix = "cw-";

// Not among the kernel's (linux/rtnetlink.h), FRR's, BIRD's or Open/R's protocol numbers.
inline constexpr std::uint8_t kRouteProtocol = 204;
// What the failover process writes; the agent leaves it alone where there is failover.
inline constexpr std::uint8_t kGateProtocol = 205;

// Not 52 (Tailscale), not 51820 (wg-quick), not 253 to 255, not VPC CNI's or ec2-net-utils'.
inline constexpr std::uint32_t kTable = 7920;
inline constexpr std::uint32_t kMainTable = 254;  // RT_TABLE_MAIN
// Of gateways' own source addresses, one each; a site has fewer gateways on one router.
inline constexpr std::uint32_t kGateTable = 7930;
inline constexpr std::uint32_t kGateTables = 64;

// Before Tailscale's 5210 to 5270, after `local` at 0. Each has room for what later belongs there.
// The gates' come first: what is closed is closed to all that follows.
inline constexpr std::uint32_t kGatePriority = 4890;        // from here on, and of our protocols
inline constexpr std::uint32_t kPriorityGateClosed = 4890;  // fwmark CLOSED/MASK blackhole
inline constexpr std::uint32_t kPriorityGateBlock = 4892;   // to BLOCK unreachable
inline constexpr std::uint32_t kPriorityGateSource = 4894;  // fwmark OPEN/MASK .. sport PORT lookup
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
inline constexpr std::uint32_t kMarkOuterClosed = 0x60000000;  // the same, behind a closed gate

[[nodiscard]] inline netlink::Ownership ownership() {
  return {.device_prefix = kDevicePrefix,
          .table = kTable,
          .protocol = kRouteProtocol,
          .first_priority = kFirstPriority,
          .last_priority = kLastPriority,
          .gate_protocol = kGateProtocol,
          .gate_priority = kGatePriority};
}

[[nodiscard]] inline ha::gate::Numbers gate_numbers() {
  return {.ownership = ownership(),
          .mark_open = kMarkOuter,
          .mark_closed = kMarkOuterClosed,
          .mark_mask = kMarkMask,
          .first_table = kGateTable,
          .tables = kGateTables,
          .priority_closed = kPriorityGateClosed,
          .priority_block = kPriorityGateBlock,
          .priority_source = kPriorityGateSource};
}

}  // namespace cw::router
