// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "ha/wire/sealed.h"
#include "ha/wire/session.h"

// What one router remembers of the letters with one sibling about one gateway, beside the Session
// of their heartbeats, so that a letter which somebody recorded and sends again says nothing: it
// would bring an endpoint back that a client left long ago.
//
// - A letter counts only from the boot of the sender that its heartbeats made believed, and only
// to our own boot. What was written to us before we restarted is not for us any more.
// - Within such a pair of boots sequences grow, over all kinds. What is not newer is dropped, so is
// what was overtaken. Then no payload needs an order of its own: an older fact never follows a
// newer one. On a LAN one socket's datagrams hardly overtake each other, and what is lost is told
// again; a window of what was seen would gain little.
//
// Plain value; nothing is sent here.
namespace cw::ha::wire {

struct Correspondence {
  std::uint64_t sent = 0;  // our last sequence

  std::uint64_t boot = 0;  // the sibling's that `sequence` is of
  std::uint64_t sequence = 0;

  friend bool operator==(const Correspondence&, const Correspondence&) = default;
};

// Of an authentic letter from this sibling to us.
[[nodiscard]] Verdict take_sealed(Correspondence& letters, const Session& session,
                                  const Stamp& stamp);

// For the next letter to this sibling. None as long as its boot is not believed: it could not know
// that the letter is new.
[[nodiscard]] std::optional<Stamp> next_stamp(Correspondence& letters, const Session& session);

}  // namespace cw::ha::wire
