// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ha/timers.h"
#include "ha/values.h"

// What one router knows about its gateways: everything that step() goes by, and nothing else does.
// It is lost with the process, and may be: the arbiter's record and the siblings' heartbeats bring
// it back. Plain values; what the status shows is read from here.
namespace cw::ha {

struct Config {
  struct Gateway {
    std::string name;
    std::vector<std::string> routers;  // that serve it, this one included

    friend bool operator==(const Gateway&, const Gateway&) = default;
  };

  std::string router;             // this one
  std::vector<Gateway> gateways;  // that it serves, by name
  Timers timers;

  friend bool operator==(const Config&, const Config&) = default;
};

struct Sibling {
  std::string router;
  Time heard;          // last; where never, when listening began
  bool known = false;  // it was heard since this router started
  Beat beat;           // its last
  std::optional<Duration> ahead;

  friend bool operator==(const Sibling&, const Sibling&) = default;
};

// A request on its way. One each to arbiter and fabric, for each gateway.
struct Request {
  enum class Kind : std::uint8_t { Read, Renew, Claim, Check, Move };

  std::uint64_t id = 0;
  Kind kind = Kind::Read;
  Time sent;
  Time give_up;
  std::uint64_t version = 0;  // of the record as it was known then

  friend bool operator==(const Request&, const Request&) = default;
};

enum class Place : std::uint8_t { Unknown, Here, Elsewhere };

struct Gateway {
  std::string name;
  Role role = Role::Standby;
  Why why = Why::Started;
  Time since;         // of the role
  Epoch epoch;        // of what it owns or forwards
  Epoch seen;         // the latest anybody had; never decreases
  bool gate = false;  // open
  std::vector<Sibling> siblings;

  // The arbiter.
  VersionedRecord record;
  bool record_known = false;  // an answer came since this router started
  bool doubtful = false;      // the record may be another: read before relying on it
  Time record_changed;        // on our clock
  Time owner_since;           // observed
  Time answered;              // last
  Time asked_at;              // next read or renewal is due
  Time confirmed;             // that we own it; kNever after a pause
  std::optional<Request> asking;
  std::uint64_t provisional_version = 0;  // of the record when we succeeded without the arbiter
  Why claim_why = Why::NoOwner;

  // The fabric.
  Place place = Place::Unknown;
  Time placed;      // when it said so
  Time checked_at;  // next check is due
  Time move_after;  // not before
  bool wants_move = false;
  // The address: by this process or the one before, and no withdrawal was asked for since.
  bool claimed = false;
  std::optional<Request> calling;
  std::uint32_t kicks = 0;  // left
  Time kick_at;

  // Handover, as owner, and as the sibling that gets it.
  std::optional<Handover> handover;
  Why handover_why = Why::Drained;
  Time handover_until;
  Time handover_after;  // no new one before
  std::uint64_t preparing = 0;
  std::uint64_t ready = 0;
  bool goodbye = false;

  // Guards.
  std::optional<Time> guard_since;  // a claim has been right since
  Fitness checked = Fitness::Fit;
  Time new_successor_after;
  Time beat_at;
  bool beat_now = false;

  friend bool operator==(const Gateway&, const Gateway&) = default;
};

struct State {
  Config config;
  std::vector<Gateway> gateways;  // as in config
  std::uint64_t requests = 0;     // so far; the ids
  Time started;
  Time stepped;  // last
  std::uint32_t pauses = 0;
  Duration silence{};  // announced with RestartSoon
  Fitness checked = Fitness::Fit;
  OutOfReach out_of_reach;
  bool synchronised = true;
  std::uint64_t serial = 0;
  std::uint64_t offered = 0;
  bool draining = false;
  bool leaving = false;
  bool left = false;
  Time leave_until;

  friend bool operator==(const State&, const State&) = default;
};

inline constexpr Time kNever = Time::min();

// Of the site's targets, by the measure of its role at the gateway.
[[nodiscard]] std::uint16_t out_of_reach(const State& state, const Gateway& gateway);

// Of a router and a gateway, with all there is to say against it.
[[nodiscard]] Fitness fitness_of(const State& state, const Gateway& gateway);

}  // namespace cw::ha
