// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "network/netmap.h"

// Whether a change that nobody watched may be taken. A half-finished `git pull`, a wrong branch or
// an emptied folder compiles well and locks people out; a person at `causeway reload` may do that,
// an inotify event may not. Pure; linear in the peers.
namespace cw::network {

// A change that locks out more than this share of the peers, and at least this many, is held back.
inline constexpr std::size_t kHeldBackPercent = 10;
inline constexpr std::size_t kFewestHeldBack = 3;  // small networks change by one or two peers

struct Removal {
  std::size_t removed = 0;  // public keys that are let in now and would not be
  std::size_t of = 0;       // public keys that are let in now

  friend bool operator==(const Removal&, const Removal&) = default;
};

// A peer is let in where it is enabled; one that is only renamed or moved is not removed. `expires`
// does not count: it is a decision somebody made about one peer.
[[nodiscard]] Removal removed_share(const Netmap& now, const Netmap& candidate);

struct Verdict {
  bool take = true;
  Removal removal;
  std::string why;  // where it is held back, and what to do about it

  friend bool operator==(const Verdict&, const Verdict&) = default;
};

[[nodiscard]] Verdict judge_unattended(const Netmap& now, const Netmap& candidate);

// The same against keys that a kernel lets in, sorted: for a start with the data path of an earlier
// agent still standing, whose network is not known any more.
[[nodiscard]] Verdict judge_unattended(const std::vector<net::PublicKey>& let_in,
                                       const Netmap& candidate);

}  // namespace cw::network
