// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/endpoint.h"
#include "net/ip.h"
#include "net/key.h"
#include "net/prefix.h"

// What the agent tells causeway-failover: the part of the network in force that failover needs, in
// a file beside the control socket (docs/adr/0029-failover-is-told-by-a-file.md). No gateway means
// that the router is down, or shares none. It holds no secret. Plain values; pure.
namespace cw::api {

inline constexpr auto kAssignmentFile = "assignment.json";
// A site of 64 gateways and 64 routers has some 60 KiB.
inline constexpr std::size_t kLargestAssignment = std::size_t{256} << 10U;

struct Assignment {
  struct Router {
    std::string name;
    std::optional<net::Ip> address;  // none: nobody hears it

    friend bool operator==(const Router&, const Router&) = default;
  };

  struct Gateway {
    std::string name;
    std::string device;
    net::PublicKey public_key;
    std::uint16_t listen_port = 0;
    std::vector<net::Prefix> blocks;  // what is routed to its device
    std::vector<net::Ip> egress;      // addresses that move with it, towards the site
    // Of the blocks, those whose connections can go on at a sibling: the site sees an address that
    // moves along. Of the others, clients are told at a takeover.
    std::vector<net::Prefix> replicated;
    std::vector<std::string> routers;

    friend bool operator==(const Gateway&, const Gateway&) = default;
  };

  std::string router;
  std::string network;  // its id, as a part of keys: "fd5e-3a1c-9b04"
  std::uint16_t site = 0;
  std::uint64_t serial = 0;   // of the netmap; 0: it is not signed
  std::string netmap;         // the signed file, in a moment; empty: none is taken here
  std::uint64_t offered = 0;  // serial of what the source has; 0: it does not answer
  std::uint64_t looked = 0;   // of kWantedSerial: the source was looked at for it
  std::string revoked;        // the signed list of revocations that is held; empty: none is taken
  std::uint64_t revocations = 0;           // its serial; 0: none is held
  std::vector<net::SocketAddress> health;  // targets of the site, in the netmap's order
  std::vector<Router> routers;             // that serve a gateway of this router's, by name
  std::vector<Gateway> gateways;           // that this router shares with others, by name

  friend bool operator==(const Assignment&, const Assignment&) = default;
};

[[nodiscard]] std::string to_json(const Assignment& assignment);
[[nodiscard]] Result<Assignment> assignment_from_json(std::string_view text);

}  // namespace cw::api
