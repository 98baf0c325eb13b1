// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <vector>

#include "netlink/codec/wireguard_values.h"
#include "router/model/desired_state.h"

// Whether a change that nobody watched may be taken. A half-finished `git pull`, a wrong branch or
// an emptied folder compiles well and locks people out; a person at `causeway reload` may do that,
// an inotify event may not. What counts is whom this router's devices let in, so a gateway that is
// gone, a site that is not named any more and a moved block count as much as a missing file. Pure;
// O(n log n) in the peers.
namespace cw::router {

// A change that locks out more than this share of the peers, and at least this many, is held back.
inline constexpr std::size_t kHeldBackPercent = 10;
inline constexpr std::size_t kFewestHeldBack = 3;  // small networks change by one or two peers

// A peer is let in by a gateway's key: a gateway that is only renamed has lost nobody, one with
// another key everybody, whose clients know the old one.
struct Access {
  net::PublicKey gateway;
  net::PublicKey peer;

  friend auto operator<=>(const Access&, const Access&) = default;
};

// Sorted. A peer that is only renamed or has another address is let in as before.
[[nodiscard]] std::vector<Access> let_in(const DesiredState& desired);
// The same of the kernel's devices, for a start with the data path of an earlier agent.
[[nodiscard]] std::vector<Access> let_in(const std::vector<netlink::WgDevice>& devices);

struct Verdict {
  bool take = true;
  std::size_t removed = 0;  // let in now, and would not be
  std::size_t of = 0;       // let in now
  std::string why;          // where it is held back, and what to do about it

  friend bool operator==(const Verdict&, const Verdict&) = default;
};

[[nodiscard]] Verdict judge_unattended(const std::vector<Access>& now,
                                       const std::vector<Access>& after);

}  // namespace cw::router
