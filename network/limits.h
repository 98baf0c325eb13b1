// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

// How large a network may be. Above these numbers something went wrong (a generator ran away, the
// wrong folder was named), or a cost nobody has measured begins.
namespace cw::network {

inline constexpr std::size_t kLargestPeerFile = std::size_t{64} << 10U;  // 200 bytes are usual
// A site of a thousand routes has 20 KiB; this bounds what a hostile file costs in toml11 3.7.
inline constexpr std::size_t kLargestFile = std::size_t{256} << 10U;
// A netmap as JSON, and whatever else goes over the control socket: the most peers there may be, at
// some 400 bytes each, with room. A document larger than this is refused unread.
inline constexpr std::size_t kLargestNetmap = std::size_t{48} << 20U;
inline constexpr std::size_t kMostPeers = 100'000;  // ten times what is benchmarked
inline constexpr std::size_t kMostSites = 1'000;
inline constexpr std::size_t kMostRoutes = 1'000;  // of a site; phones die of fewer
inline constexpr std::size_t kMostClientRoutes = 1'000;
inline constexpr std::size_t kMostGateways = 64;  // of a site; each is a device
inline constexpr std::size_t kMostRouters = 64;   // of a site
// Of a site: a database, a load balancer or two. Each router of it tries each of them every two
// seconds, and a heartbeat says of each whether it is out of reach, in a bit.
inline constexpr std::size_t kMostHealthTargets = 16;
inline constexpr std::size_t kMostGroups = 64;                 // of a peer
inline constexpr std::size_t kMostIssuedRoutes = kMostRoutes;  // of a peer's configuration
inline constexpr std::size_t kMostRemoved = 100'000;           // tombstones
inline constexpr std::size_t kFingerprintSize = 32;            // hex digits of 128 bits
inline constexpr std::size_t kMostKeys = 64;                   // of a router: one for each gateway
inline constexpr std::size_t kMostSigners = 64;  // and as many revokers: people and machines
inline constexpr std::size_t kMostAlternatePorts = 16;
inline constexpr std::size_t kMostTrustedKeys = 16;  // of a router
inline constexpr std::size_t kMostOuter = 2;         // of a gateway: an IPv4 and an IPv6 address
inline constexpr std::size_t kMostEtcdEndpoints = 16;

inline constexpr std::size_t kLargestPolicy = std::size_t{1} << 20U;  // 2,000 rules are 300 KiB
inline constexpr std::size_t kMostPolicyGroups = 10'000;
inline constexpr std::size_t kMostMembers = 100'000;  // of a group: every peer there may be
inline constexpr std::size_t kMostHosts = 10'000;
inline constexpr std::size_t kMostRules = 10'000;
inline constexpr std::size_t kMostTests = 10'000;
inline constexpr std::size_t kMostSelectors = 1'000;  // of one rule, on each side

inline constexpr std::size_t kLongestName = 63;         // a DNS label (RFC 1035 section 2.3.4)
inline constexpr std::size_t kLongestGatewayName = 12;  // cw-NAME is an interface: IFNAMSIZ - 4
inline constexpr std::size_t kLongestInterface = 15;    // IFNAMSIZ - 1
inline constexpr std::size_t kLongestUser = 254;        // an e-mail address (RFC 5321)

inline constexpr std::uint8_t kNarrowestPool = 30;  // two peers at least
inline constexpr std::uint8_t kUlaLength = 48;      // RFC 4193 section 3
inline constexpr std::uint8_t kWidestRouteV4 = 8;   // nobody owns more; a default route is refused
inline constexpr std::uint8_t kWidestRouteV6 = 16;

}  // namespace cw::network
