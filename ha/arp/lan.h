// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ha/fabric.h"
#include "net/ip.h"

// The fabric of a LAN, as a pure function: what was asked and seen goes in, what to send and answer
// comes out (contract in ha/fabric.h; how the address itself comes and goes is in presence.h).
// A LAN keeps no record of who has an address: each neighbour believes whoever spoke last. So
// somebody else's claim after our latest announcement means that the address is Elsewhere, and that
// is all that a stranger's frame can do here. Cost: linear in gateways.
namespace cw::ha::arp {

// When the announcement of a move is sent, after the move. The first does it; the others are for
// hosts that lost it, or that hold a new address off for a second after the last one (Linux
// `locktime`, for all but gratuitous ARP), and for switches that are busy with a port that came up.
inline constexpr Duration kAnnounceAt[] = {Duration{0},   Duration{50},   Duration{150},
                                           Duration{400}, Duration{1000}, Duration{2500}};
// An announcement that nobody contradicted for this long was heard: a round trip on a LAN and a
// neighbour's interrupt, with room for a virtual machine's scheduling. It is a part of each
// takeover's gap.
inline constexpr Duration kSettle{20};
// A neighbour that has the address answers a probe within this: kernels do, in microseconds. Well
// below Timers::fabric_patience.
inline constexpr Duration kProbeWait{100};
// We did not run for so long that we may have been given up (Timers::pause): nothing is announced
// any more, and nothing concluded from silence.
inline constexpr Duration kPause{250};
// A withdrawn address is kept for what still arrives for longer than anybody relays
// (Timers::relay), then it goes.
inline constexpr Duration kLinger{35'000};
// After a move that could not be tried at all: the interface is down, say.
inline constexpr Duration kRetryAfter{500};

// Of one gateway. Its addresses never change: another configuration is another Lan.
struct Moving {
  struct Burst {
    Time began;
    std::size_t sent = 0;  // of kAnnounceAt

    friend bool operator==(const Burst&, const Burst&) = default;
  };

  struct Look {
    std::uint64_t request = 0;
    Time until;

    friend bool operator==(const Look&, const Look&) = default;
  };

  std::string gateway;
  std::vector<net::Ip> addresses;
  bool overtaken = false;  // somebody else claimed one since we last began to announce
  bool arriving = false;   // AddressArrived is owed, once there is evidence
  std::optional<Burst> burst;
  std::optional<std::uint64_t> move;  // not answered yet
  std::optional<Look> look;           // a check, not answered yet
  std::optional<Time> release;        // withdrawn: what is kept goes then

  friend bool operator==(const Moving&, const Moving&) = default;
};

struct Lan {
  std::vector<Moving> gateways;

  friend bool operator==(const Lan&, const Lan&) = default;
};

// How a gateway's addresses are on this router.
enum class Presence : std::uint8_t {
  Absent,  // not here, or not all
  Loud,    // here, and answered for
  Quiet,   // withdrawn: accepted, and not answered for
};

// MoveAddress, and the addresses are loud.
struct Moved {
  std::string gateway;
  std::uint64_t request = 0;
};

// CheckAddress, on a usable interface.
struct Asked {
  std::string gateway;
  std::uint64_t request = 0;
  Presence presence = Presence::Absent;
};

// WithdrawAddress; or an earlier process did and left this.
struct Withdrawn {
  std::string gateway;
};

// Somebody else says that he has the address.
struct Claimed {
  net::Ip ip;
};

// A packet for the address came.
struct Reached {
  net::Ip ip;
};

// What was to be sent for this gateway could not be.
struct Unsent {
  std::string gateway;
};

// Time passed. All that came before it was told before it.
struct Waited {};

using Event = std::variant<Moved, Asked, Withdrawn, Claimed, Reached, Unsent, Waited>;

// Send the announcements of its addresses, once.
struct Announce {
  std::string gateway;

  friend bool operator==(const Announce&, const Announce&) = default;
};

// Ask the LAN who else has its addresses.
struct Probe {
  std::string gateway;

  friend bool operator==(const Probe&, const Probe&) = default;
};

// Take what is kept of a withdrawn address away.
struct Release {
  std::string gateway;

  friend bool operator==(const Release&, const Release&) = default;
};

using Action = std::variant<Announce, Probe, Release, FabricAnswer, AddressArrived>;

struct Outcome {
  Lan lan;
  std::vector<Action> actions;  // in this order
  std::optional<Time> wake;     // Waited then at the latest; none: nothing is due
};

// Of a gateway that the Lan does not have, nothing comes.
[[nodiscard]] Outcome step(Lan lan, const Event& event, Time now);

}  // namespace cw::ha::arp
