// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "network/minisign.h"
#include "network/netmap.h"
#include "network/revocation.h"
#include "network/signed_netmap.h"

// Whether a router takes a signed netmap that its source offers, and a list of revocations. Pure.
// Whoever has the source, a server on the way or yesterday's file can offer anything: what counts
// is who signed it, for which network, and that it is newer. Cost: that of verifying and parsing.
namespace cw::router {

// From router.toml.
struct Trust {
  std::vector<network::minisign::PublicKey> keys;
  std::optional<net::Prefix> network_id;  // a ULA; none: that of the first netmap that is taken

  friend bool operator==(const Trust&, const Trust&) = default;
};

// The netmap in force, as far as the next one is judged by it.
struct InForce {
  net::Prefix network_id;
  std::vector<network::minisign::PublicKey>
      signers;  // who may sign the next; none: whoever is trusted
  std::vector<network::minisign::PublicKey> revokers;
  std::optional<network::Statement> statement;  // none: it came from a directory
  std::string signature;                        // the four lines in front of its body

  friend bool operator==(const InForce&, const InForce&) = default;
};

[[nodiscard]] InForce in_force(const network::Netmap& netmap);
[[nodiscard]] InForce in_force(const network::Netmap& netmap, const network::Statement& statement,
                               std::string_view bundle);

// What a router went through, which outlives what is in force: also where its copies are lost,
// nothing older than this comes back.
struct Floor {
  std::optional<net::Prefix> network_id;  // none: it had no network yet
  std::uint64_t serial = 0;               // the highest that was in force
  std::uint64_t given_up = 0;             // the highest that it went back from
  std::uint64_t revocations = 0;          // the highest list that was held

  friend bool operator==(const Floor&, const Floor&) = default;
};

// After what this says was taken. Another network has a floor of its own.
[[nodiscard]] Floor raised(Floor floor, const network::Statement& taken);

// An offer that passed: newer than what is in force.
struct Accepted {
  network::Netmap netmap;
  network::Statement statement;
  InForce becomes;  // once it is in force
};

// How far the clock of who signed and that of a router may be apart, with what a router needs to
// fetch: five minutes, as Kerberos has it (RFC 4120 section 1.6).
inline constexpr std::chrono::seconds kClockSlack{300};

// Nothing: it is the one in force. `at`: the time now, after which a trial may be over. A clock
// that is behind refuses nothing: a router without one of its own has to begin. Errors say why it
// is not taken, for people: Invalid (broken, of another network, a different file of the same
// serial), Permission (signed by nobody who may), Exists (not newer), Unsupported (a feature this
// version lacks), Exhausted (too large).
[[nodiscard]] Result<std::optional<Accepted>> accept(std::string_view bundle, const Trust& trust,
                                                     const std::optional<InForce>& now,
                                                     const Floor& floor, WallTime at);

// The serial of an offer that only its content can keep from being taken: signed by whoever may, of
// this network, newer than all that this router went through, and here to stay: siblings may go
// back from a trial, and what counts then is the older one. 0: it is none.
[[nodiscard]] std::uint64_t newer_serial(std::string_view bundle, const Trust& trust,
                                         const std::optional<InForce>& now, const Floor& floor,
                                         WallTime at);

// Of the copy on this router's own disk at a start: everything but what only an offer has to be.
[[nodiscard]] Result<Accepted> resume(std::string_view bundle, const Trust& trust);

// Provisional, and nobody confirmed it: when the router goes back. `taken`: when it took it. Never
// later than when no other router would take it any more.
[[nodiscard]] std::optional<WallTime> goes_back_at(const network::Statement& statement,
                                                   WallTime taken);

struct HeldRevocations {
  network::Statement statement;
  network::Revocations list;

  friend bool operator==(const HeldRevocations&, const HeldRevocations&) = default;
};

// Nothing: they are those that are held. Signed by a key of the netmap in force, its signers or
// revokers, or where it names no signers by a trusted one. A revoker can only take away: a list
// that is signed by one has all keys of the one that is held, and a serial that others can follow.
[[nodiscard]] Result<std::optional<HeldRevocations>> accept_revocations(
    std::string_view bundle, const Trust& trust, const InForce& now,
    const std::optional<HeldRevocations>& held);

// Exists: a newer list was held before. What accept_revocations() says only where one is held.
[[nodiscard]] Result<> is_not_older(const network::Statement& list, const Floor& floor);

// They count until a netmap acknowledges them.
[[nodiscard]] bool count(const HeldRevocations& held, const InForce& now);

// What is taken away from a netmap while it is in force.
struct Curtailment {
  network::Revocations revoked;
  bool expiring = false;  // peers with an expiry, since the source has not been heard for too long

  friend bool operator==(const Curtailment&, const Curtailment&) = default;
};

[[nodiscard]] network::Netmap curtailed(network::Netmap netmap, const Curtailment& curtailment);

// Local revocations that the netmap does not say by itself: of peers that are enabled in it.
[[nodiscard]] network::Revocations still_needed(network::Revocations revocations,
                                                const network::Netmap& netmap);

}  // namespace cw::router
