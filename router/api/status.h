// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

// What an agent says about itself and its work, as the CLI, `/metrics` and monitoring see it: the
// contract of the control socket. Texts are for people and may change; fields are for programs and
// only grow. It holds no secret. Plain values.
namespace cw::api {

// A peer whose last handshake is older than this cannot send (WireGuard's REJECT_AFTER_TIME, 180
// s).
inline constexpr std::chrono::seconds kActiveFor{180};

enum class Phase : std::uint8_t {
  Running,   // the kernel is as the network says
  Retrying,  // something failed and is tried again; see the problems
  Waiting,   // no usable network yet: the data path is as it was found
  Down,      // `causeway down`: nothing of ours is in the kernel
};

[[nodiscard]] std::string_view to_text(Phase phase);

enum class Severity : std::uint8_t { Note, Warning, Error };

[[nodiscard]] std::string_view to_text(Severity severity);

struct Problem {
  Severity severity = Severity::Error;
  std::string gateway;  // empty: of the whole router
  std::string text;
  std::string hint;  // what to do about it; may be empty

  friend bool operator==(const Problem&, const Problem&) = default;
};

struct PeerStatus {
  std::string name;  // empty: in the kernel but not in the network
  std::string gateway;
  std::string public_key;
  std::string address;   // overlay IPv4; empty where unknown
  std::string endpoint;  // empty: never seen
  std::optional<WallTime> last_handshake;
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_bytes = 0;
  bool active = false;    // a handshake within kActiveFor
  bool flapping = false;  // its key is used on two devices

  friend bool operator==(const PeerStatus&, const PeerStatus&) = default;
};

// Packets of 4via6 by what became of them, since the gateway's device was made.
struct Via6Packets {
  std::string outcome;  // "translated"; anything else is a reason to drop: "no_route"
  std::string meaning;  // for people
  std::uint64_t from_peers = 0;
  std::uint64_t to_peers = 0;

  friend bool operator==(const Via6Packets&, const Via6Packets&) = default;
};

struct Via6Status {
  std::string prefix;    // the site's addresses by 4via6, a /96
  bool counted = false;  // false: nothing keeps the counts, for want of a bpf file system
  std::vector<Via6Packets> packets;  // each outcome, translated first

  friend bool operator==(const Via6Status&, const Via6Status&) = default;
};

struct GatewayStatus {
  std::string name;
  std::string device;
  std::string public_key;
  std::uint16_t listen_port = 0;
  bool present = false;  // the kernel has the device
  std::uint64_t peers = 0;
  std::uint64_t active = 0;
  std::string replaces;            // a gateway; empty: none
  std::uint64_t moved = 0;         // peers that use this one and not the one it replaces
  std::optional<Via6Status> via6;  // none: nothing is translated there

  friend bool operator==(const GatewayStatus&, const GatewayStatus&) = default;
};

struct NetworkStatus {
  std::string name;
  std::uint64_t peers = 0;
  std::uint64_t sites = 0;
  std::optional<std::uint64_t> rules;  // of its policy; none: it has no policy.toml
  WallTime taken{};

  friend bool operator==(const NetworkStatus&, const NetworkStatus&) = default;
};

// Of a signed netmap: what it is and how its source does.
struct SourceStatus {
  std::optional<std::uint64_t> serial;  // none: what is in force was never signed
  std::optional<WallTime> signed_at;
  std::optional<WallTime> heard;      // when the source last had what is in force, or newer
  std::optional<WallTime> goes_back;  // on trial until then
  std::uint64_t revocations = 0;      // serial of those that are held
  bool expiring_locked_out = false;   // peers with an expiry, since it was silent for too long
  std::string trouble;                // why it cannot be looked at; empty: it can
  std::uint64_t fetches = 0;          // of the netmap, since the agent started
  std::uint64_t failed_fetches = 0;

  friend bool operator==(const SourceStatus&, const SourceStatus&) = default;
};

// New connections that count for a rule: the first that allows them, as `causeway policy explain`
// says. From nothing again whenever the firewall is built anew.
struct RuleStatus {
  std::string name;
  std::uint64_t connections = 0;
  bool partly = false;  // it overlaps too many others for all of its connections to be counted

  friend bool operator==(const RuleStatus&, const RuleStatus&) = default;
};

enum class RefusalReason : std::uint8_t {
  Invalid,   // it has mistakes
  HeldBack,  // it removes so many peers that a person has to say so
};

// A network that was read and not taken; what was in force before still is.
struct Refusal {
  RefusalReason reason = RefusalReason::Invalid;
  WallTime since{};
  std::string text;  // diagnostics, several lines

  friend bool operator==(const Refusal&, const Refusal&) = default;
};

// Since the agent started.
struct Counters {
  std::uint64_t rounds = 0;  // reconciliations
  std::uint64_t steps = 0;   // changes made to the kernel
  std::uint64_t failed_steps = 0;
  std::uint64_t refusals = 0;  // networks refused

  friend bool operator==(const Counters&, const Counters&) = default;
};

struct Status {
  std::string version;
  std::string router;
  std::string site;
  Phase phase = Phase::Waiting;
  std::int64_t pid = 0;
  WallTime started{};
  WallTime now{};
  std::string source;                         // where the network comes from: a path or an address
  std::optional<SourceStatus> signed_source;  // none: a directory
  std::vector<std::string> revoked;           // peers locked out by revocation alone, by name
  std::optional<NetworkStatus> network;
  std::optional<Refusal> refused;
  std::vector<GatewayStatus> gateways;           // by name
  std::vector<RuleStatus> rules;                 // of its policy, as written
  std::optional<std::uint64_t> refused_packets;  // none: there is no firewall of ours
  std::vector<Problem> problems;                 // worst first
  std::vector<PeerStatus> peers;                 // by name
  Counters counters;

  friend bool operator==(const Status&, const Status&) = default;
};

// The answer to plan, reload and down.
struct Answer {
  bool done = true;                // false: refused or incomplete, and `problems` says why
  std::string text;                // one line for people
  std::vector<std::string> steps;  // to be made (plan) or made (reload, down), a line each
  std::vector<Problem> problems;
  std::string diagnostics;  // of a refused network, several lines

  friend bool operator==(const Answer&, const Answer&) = default;
};

}  // namespace cw::api
