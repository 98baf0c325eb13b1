// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// What the agent tells the outside while it works: structured entries under systemd, lines on
// stderr when run by hand. Every kind of event has an id of its own (`journalctl
// MESSAGE_ID=...`, listed in causewayd(8)). Only the agent logs; libraries return errors.
namespace cw::agent {

enum class Level : std::uint8_t { Error = 3, Warning = 4, Notice = 5, Info = 6, Debug = 7 };

enum class Event : std::uint8_t {
  Started,
  Stopping,
  NetworkTaken,
  NetworkRefused,
  NetworkHeldBack,
  NetworkGivenUp,  // taken on trial, and nobody confirmed it
  SourceTrouble,   // the source cannot be looked at
  SourceHeard,     // it can again
  Revoked,
  Step,  // a change to the kernel, CAUSEWAY_OP
  StepFailed,
  Settled,    // the kernel is as the network says again
  Disturbed,  // somebody else changed what is ours
  Down,
  Trouble,  // anything else that needs a person
  PeerConnected,
  PeerRoamed,
  PeerSilent,
  PeerFlapping,
  PeerFlappingEnded,
  RoleChanged,  // of this router at a gateway that it shares, CAUSEWAY_ROLE
  GateOpened,
  GateClosed,
  Address,        // what was seen of a gateway's address on the LAN
  Wished,         // somebody asked for it
  TargetLost,     // what a site's routers must reach, CAUSEWAY_TARGET
  TargetReached,  // again
  Resets,         // clients are told of connections that ended with the router before
};

[[nodiscard]] std::string_view message_id(Event event);

struct Field {
  std::string_view name;  // CAUSEWAY_PEER, CAUSEWAY_GATEWAY, CAUSEWAY_OP, ...
  std::string value;
};

class Journal {
 public:
  virtual ~Journal() = default;
  virtual void write(Level level, Event event, std::string_view message,
                     const std::vector<Field>& fields) = 0;

  void write(Level level, Event event, std::string_view message) {
    write(level, event, message, {});
  }
};

// The systemd journal where stderr leads to it ($JOURNAL_STREAM), else stderr.
// `program`: SYSLOG_IDENTIFIER.
[[nodiscard]] std::unique_ptr<Journal> open_journal(std::string program);

}  // namespace cw::agent
