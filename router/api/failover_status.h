// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "router/api/status.h"

// What causeway-failover says of itself, as `causeway ha status` and monitoring see it: the
// contract of its control socket. Texts are for people and may change; fields are for programs and
// only grow. It holds no secret. Plain values; pure.
namespace cw::api {

// What the site's routers must reach, as this router finds it.
struct TargetStatus {
  std::string target;
  bool tried = false;  // since this router began
  bool reached = true;
  std::string trouble;                 // why it is not
  std::optional<std::int64_t> for_ms;  // so; none: not tried

  friend bool operator==(const TargetStatus&, const TargetStatus&) = default;
};

// Another router that may serve a gateway, by its heartbeats.
struct SiblingStatus {
  std::string router;
  bool heard = false;                    // lately enough not to be suspected
  std::optional<std::int64_t> heard_ms;  // ago; none: never
  std::string role;                      // of its last heartbeat
  std::string fitness;
  std::string epoch;
  std::uint64_t serial = 0;               // of its netmap
  bool behind = false;                    // of the newest that anybody has
  std::optional<std::int64_t> ahead_ms;   // our clock before its; none: unknown
  std::vector<std::string> out_of_reach;  // targets, as it says

  friend bool operator==(const SiblingStatus&, const SiblingStatus&) = default;
};

// Who owned a gateway from when on, and why; as this router saw it.
struct Takeover {
  WallTime when{};
  std::string owner;
  std::string epoch;
  std::string why;
  std::optional<std::int64_t> took_ms;  // from the claim to the open gate, where this router did it

  friend bool operator==(const Takeover&, const Takeover&) = default;
};

struct SharedGateway {
  std::string name;
  std::string role;  // this router's
  std::string why;   // it has it
  WallTime since{};
  std::string fitness;    // this router's, for this gateway
  std::string epoch;      // the latest seen
  std::string owner;      // by the arbiter's record; empty: nobody, or not known yet
  std::string successor;  // who may take over while the arbiter is silent
  bool gate_open = false;
  std::string address;            // of the fabric: "here", "elsewhere", "unknown"
  std::uint64_t peers_known = 0;  // lately active, and where: whom it would ask at a takeover
  std::optional<std::int64_t> replicated_ms;  // since the owner last told; none: never
  std::optional<std::int64_t> connections;    // open through it and replicated; none: not known
  bool connections_go_on = false;             // by its egress; else they are reset at a takeover
  bool connections_complete = false;          // on a standby: all that its owner has are here
  std::vector<SiblingStatus> siblings;        // by name
  std::vector<Takeover> takeovers;            // the latest first
  // Changes of owner since this process began, by why; those of siblings' are "recorded".
  std::map<std::string, std::uint64_t> changes;

  friend bool operator==(const SharedGateway&, const SharedGateway&) = default;
};

// A signed netmap on its way here from a sibling.
struct ComingNetmap {
  std::string from;
  std::uint64_t serial = 0;
  std::uint64_t arrived = 0;  // bytes
  std::uint64_t size = 0;

  friend bool operator==(const ComingNetmap&, const ComingNetmap&) = default;
};

struct FailoverStatus {
  std::string version;
  std::string router;
  std::int64_t pid = 0;
  WallTime started{};
  WallTime now{};
  bool draining = false;
  bool leaving = false;
  bool synchronised = true;         // its clock
  std::uint64_t serial = 0;         // of the netmap; 0: not signed
  std::uint64_t newest_serial = 0;  // that a router or a record is known to have
  std::optional<ComingNetmap> coming;
  std::uint64_t pauses = 0;             // how often it found that it had not run
  std::uint64_t refused_datagrams = 0;  // strangers', or about gateways it does not share
  std::vector<Problem> problems;
  std::vector<TargetStatus> targets;    // of the site
  std::vector<SharedGateway> gateways;  // by name

  friend bool operator==(const FailoverStatus&, const FailoverStatus&) = default;
};

// Hand a gateway over to that router.
struct Move {
  std::string gateway;
  std::string to;

  friend bool operator==(const Move&, const Move&) = default;
};

[[nodiscard]] std::string to_json(const FailoverStatus& status);
[[nodiscard]] std::string to_json(const Move& wish);

[[nodiscard]] Result<FailoverStatus> failover_status_from_json(std::string_view text);
[[nodiscard]] Result<Move> move_from_json(std::string_view text);

}  // namespace cw::api
