// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

// The words of failover. Routers that serve one gateway are its siblings; one of them owns it.
// Plain values without behaviour, so that the agent, the wire, the simulator and the model share
// them.
namespace cw::ha {

using Duration = std::chrono::milliseconds;
using Time = SteadyTime;  // each router's own; two routers' are never compared

// What orders owners. The arbiter counts terms; the recorded successor that took over without it
// stands between the term it succeeds and the next one, so that neither shares its epoch.
struct Epoch {
  std::uint64_t term = 0;  // 0: none yet
  bool provisional = false;

  friend auto operator<=>(const Epoch&, const Epoch&) = default;
};

// What a router is to one gateway. ha/model/causeway.pml has the same words.
enum class Role : std::uint8_t {
  Standby,  // may take over
  Claim,    // has asked the arbiter to be owner
  Move,     // is owner, and moves the address here
  Active,   // is owner, and the address is here
  Drain,    // is owner still, and hands over to a sibling
  Relay,    // was owner: forwards what the fabric still brings, and begins nothing
  Fenced,   // may not take over
};

inline constexpr Role kRoles[] = {Role::Standby, Role::Claim, Role::Move,  Role::Active,
                                  Role::Drain,   Role::Relay, Role::Fenced};

// The owner by its own account: what it says of the gateway outranks a sibling with a lower epoch.
[[nodiscard]] constexpr bool is_owning(Role role) {
  return role == Role::Move || role == Role::Active || role == Role::Drain;
}

// The owner that has the address.
[[nodiscard]] constexpr bool is_serving(Role role) {
  return role == Role::Active || role == Role::Drain;
}

enum class Fitness : std::uint8_t {
  Fit,
  Poor,   // serves where nobody better can: a health target is out of reach, the clock
          // unsynchronised or behind a sibling's
  Unfit,  // must not serve
};

// Why a role changed; for the journal, the status and the traces.
enum class Why : std::uint8_t {
  Started,
  Configured,      // the netmap gave or took the gateway
  NoOwner,         // nobody owns it
  OwnerSilent,     // no heartbeat, no renewal
  OwnerLeft,       // it said goodbye
  OwnerUnfit,      // it may not serve any more
  HandedOver,      // the owner asked for it
  ArbiterDown,     // recorded successor, the owner silent, no arbiter to ask
  Recorded,        // the arbiter's record says so
  Won,             // the claim went through
  Lost,            // somebody else's did, or the owner lives
  Arrived,         // the address is here
  Superseded,      // a later epoch exists
  FabricMoved,     // the address went elsewhere
  TakenOver,       // the new owner serves
  RelayTimedOut,   // it was forwarded for long enough
  Drained,         // a person, or the end of this router, asked
  Unhealthy,       // a sibling is fitter
  HandoverFailed,  // the sibling did not take it
  BecameUnfit,
  BecameFit,
};

// What the arbiter keeps of a gateway. Compare-and-set, by the version that comes with it.
struct Record {
  std::uint64_t term = 0;
  std::string owner;
  std::string successor;      // may act while the arbiter does not answer; never changes in a term
  std::uint64_t renewal = 0;  // counts: what advances is alive
  std::uint64_t serial = 0;   // newest netmap that an owner was active with
  std::uint32_t held = 0;     // takeovers from silent owners, one after the other; doubles the hold

  friend bool operator==(const Record&, const Record&) = default;
};

struct VersionedRecord {
  std::uint64_t version = 0;  // grows with each write; the arbiter's
  std::optional<Record> record;

  friend bool operator==(const VersionedRecord&, const VersionedRecord&) = default;
};

// A planned handover, told by the owner's heartbeats.
struct Handover {
  std::uint64_t id = 0;  // never used twice by a boot of a router
  std::string to;
  bool go = false;  // the sibling was ready: it may claim

  friend bool operator==(const Handover&, const Handover&) = default;
};

// Those of its site's targets that a router does not reach, a bit for each in the netmap's order,
// by two measures (ha/health/targets.h). An owner's goes later and comes back sooner than a
// standby's: so whatever is down for all is down for every standby before any owner looks for a
// better one.
struct OutOfReach {
  std::uint16_t of_standby = 0;
  std::uint16_t of_owner = 0;

  friend bool operator==(const OutOfReach&, const OutOfReach&) = default;
};

// A heartbeat: what a router says of one gateway, to the siblings that serve it too. State, never
// an order of its own, so that losing one, or getting it twice, does no harm.
struct Beat {
  std::string gateway;
  std::string router;
  Epoch epoch;  // of what it owns or forwards; else the latest it has seen
  Role role = Role::Standby;
  Fitness fitness = Fitness::Fit;
  bool goodbye = false;            // "take it from me, now"; for this epoch
  std::uint64_t serial = 0;        // of its netmap
  std::uint32_t owned = 0;         // gateways it owns: who owns fewer takes the next
  std::uint32_t pauses = 0;        // how often it found that it had not run
  std::uint16_t out_of_reach = 0;  // targets, as in OutOfReach, by the measure of its role
  std::uint64_t ready = 0;         // id of the handover it is prepared for
  Duration silence{};              // expected: it restarts. Bounded by Timers::silence_most
  std::optional<Handover> handover;

  friend bool operator==(const Beat&, const Beat&) = default;
};

[[nodiscard]] std::string_view to_text(Role role);
[[nodiscard]] std::string_view to_text(Fitness fitness);
[[nodiscard]] std::string_view to_text(Why why);
[[nodiscard]] std::string to_text(Epoch epoch);  // "7", provisional "7+"

}  // namespace cw::ha
