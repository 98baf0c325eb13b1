// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <variant>
#include <vector>

#include "ha/arbiter.h"
#include "ha/fabric.h"
#include "ha/state.h"

// Failover's one function: what happened goes in, what to do comes out. Pure: it asks no clock, has
// no randomness, and equal arguments give equal results, so a trace replays. `now` is the router's
// own monotonic clock and never goes back. Cost: linear in gateways times siblings, a few
// microseconds.
//
// The caller steps at Step::wake at the latest. A call that comes Timers::pause later than the one
// before says that the router did not run, and what it believes about others' silence starts over.
//
// It refuses to: act for a gateway that is not its own to serve, begin anything without being owner
// by the arbiter's record (or the recorded successor without an arbiter), give a gateway back by
// itself.
namespace cw::ha {

// Time passed.
struct Tick {
  friend bool operator==(const Tick&, const Tick&) = default;
};

// A sibling's heartbeat, authentic and not a repetition (ha/wire). `ahead`: own wall clock less the
// sender's, at receipt; none where the sender did not say.
struct Heard {
  Beat beat;
  std::optional<Duration> ahead;

  friend bool operator==(const Heard&, const Heard&) = default;
};

// How this router does: of one gateway (its data path), or of all.
struct Checked {
  std::string gateway;  // "": all
  Fitness fitness = Fitness::Fit;

  friend bool operator==(const Checked&, const Checked&) = default;
};

// What this router reaches of its site, after each try.
struct TargetsTried {
  OutOfReach out_of_reach;

  friend bool operator==(const TargetsTried&, const TargetsTried&) = default;
};

struct ClockChecked {
  bool synchronised = true;  // and within 100 ms, by its own source of time

  friend bool operator==(const ClockChecked&, const ClockChecked&) = default;
};

// The netmap in force here, and the newest that a source other than siblings offers right now (0:
// no source answers). Siblings' serials come with their heartbeats.
struct NetmapChanged {
  std::uint64_t serial = 0;
  std::uint64_t offered = 0;

  friend bool operator==(const NetmapChanged&, const NetmapChanged&) = default;
};

// The data path is ready for the handover that Prepare announced: connections and peers are here.
struct Prepared {
  std::string gateway;
  std::uint64_t handover = 0;

  friend bool operator==(const Prepared&, const Prepared&) = default;
};

// Another network. `open`: those of the gateways that are new whose gate is open, as at start().
struct Configured {
  Config config;
  std::vector<std::string> open;

  friend bool operator==(const Configured&, const Configured&) = default;
};

// A person's `ha move GATEWAY ROUTER`, at the owner. Elsewhere it does nothing; nor where the
// router may not take it: MoveRefused says why.
struct MoveGateway {
  std::string gateway;
  std::string to;

  friend bool operator==(const MoveGateway&, const MoveGateway&) = default;
};

// Hand over everything and take nothing, until it is taken back.
struct DrainRouter {
  bool on = true;

  friend bool operator==(const DrainRouter&, const DrainRouter&) = default;
};

// This router ends (SIGTERM, shutdown): hand over, say goodbye where nobody is ready, then Left.
struct LeaveSite {
  friend bool operator==(const LeaveSite&, const LeaveSite&) = default;
};

// The process restarts and hands nothing over: siblings are asked to bear with it.
struct RestartSoon {
  Duration silence{};

  friend bool operator==(const RestartSoon&, const RestartSoon&) = default;
};

using Event = std::variant<Tick, Heard, ArbiterAnswer, RecordChanged, FabricAnswer, AddressArrived,
                           Checked, TargetsTried, ClockChecked, NetmapChanged, Prepared, Configured,
                           MoveGateway, DrainRouter, LeaveSite, RestartSoon>;

// To every sibling of the gateway.
struct SendBeat {
  Beat beat;

  friend bool operator==(const SendBeat&, const SendBeat&) = default;
};

// Let WireGuard's packets out and in under this epoch, and start the handshakes to all peers, the
// most active first. Also where the gate is open already: its epoch changes; or, behind
// StopInitiating, no session that there is counts any more.
struct OpenGate {
  std::string gateway;
  Epoch epoch;

  friend bool operator==(const OpenGate&, const OpenGate&) = default;
};

// Start the handshakes again, of peers without a session.
struct StartHandshakes {
  std::string gateway;

  friend bool operator==(const StartHandshakes&, const StartHandshakes&) = default;
};

// Begin no handshake any more; answer and forward as before.
struct StopInitiating {
  std::string gateway;

  friend bool operator==(const StopInitiating&, const StopInitiating&) = default;
};

struct CloseGate {
  std::string gateway;

  friend bool operator==(const CloseGate&, const CloseGate&) = default;
};

// A sibling hands over: get its connections and peers, then say Prepared.
struct Prepare {
  std::string gateway;
  std::uint64_t handover = 0;
  std::string from;

  friend bool operator==(const Prepare&, const Prepare&) = default;
};

struct Changed {
  std::string gateway;
  Role from = Role::Standby;
  Role to = Role::Standby;
  Why why = Why::Started;
  Epoch epoch;  // of what it is to `to`

  friend bool operator==(const Changed&, const Changed&) = default;
};

struct MoveRefused {
  std::string gateway;
  std::string to;
  enum class Because : std::uint8_t { NotOwner, NotASibling, NotHeard, Unfit, Busy } because;

  friend bool operator==(const MoveRefused&, const MoveRefused&) = default;
};

// After LeaveSite: nothing of this router is needed any more.
struct Left {
  friend bool operator==(const Left&, const Left&) = default;
};

using Action = std::variant<SendBeat, ReadRecord, WriteRecord, MoveAddress, CheckAddress,
                            WithdrawAddress, OpenGate, StartHandshakes, StopInitiating, CloseGate,
                            Prepare, Changed, MoveRefused, Left>;

struct Step {
  State state;
  std::vector<Action> actions;  // in this order
  Time wake;                    // when to step again at the latest
};

// A router that starts. `open_gates`: gateways whose gate the data path has open, as somebody
// before us left it; they go on forwarding until the arbiter says whose they are.
[[nodiscard]] State start(Config config, const std::vector<std::string>& open_gates, Time now);

[[nodiscard]] Step step(State state, const Event& event, Time now);

}  // namespace cw::ha
