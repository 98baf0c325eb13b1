// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "ha/values.h"
#include "net/key.h"
#include "netlink/codec/wireguard_values.h"

// How many handshakes a router that took over may have under way at once, and how long an answer
// may take before it counts as lost. Pure.
//
// The pace is the answers' own. A processor that is slow, or throttled, answers late because all
// of them wait in one queue, behind the handshakes that are only begun; more handshakes, or the
// same once more, make that queue longer. So few are begun at first, and two for each that is
// answered; and an answer may take kSlower times the longest that one has taken so far: as long as
// they keep coming, whoever still waits goes on waiting. Where none comes, the address is not ours
// yet, and all is tried again soon.
//
// Not refused: peers that are asleep. They never answer, and are awaited no longer than others.
namespace cw::ha::gate {

// A responder is "under load" from 512 handshake messages that wait (MAX_QUEUED_INCOMING_HANDSHAKES
// / 8, drivers/net/wireguard/receive.c): then it drops responses without a cookie, and each costs
// 5 s. So fewer are awaited.
inline constexpr std::size_t kMostAwaited = 384;
static_assert(kMostAwaited < 400);

// At first: a processor that needs up to some five milliseconds for each begins them all, and has
// answers to some of them, before kPatience is over.
inline constexpr std::size_t kFirstAwaited = 48;

// As long as nothing is known of answers, one comes in this time: from the other side of the earth,
// a little late.
inline constexpr Duration kLeastAnswerTime{150};

// The next answer may take so many times as long as the slowest so far: its handshake was begun
// when twice as many were under way as when that one was.
inline constexpr int kSlower = 2;

// The kernel tries again by itself after REKEY_TIMEOUT; by then nothing is under way of the first,
// and a session that comes later was somebody else's doing.
inline constexpr Duration kMostAnswerTime{5'000};

// A peer is kicked again after this, then after twice this, and so on: an answer from far away is
// not cut off again and again. A little less than Timers::rekick, at whose beat it is asked for.
inline constexpr Duration kPatience{200};

struct Tried {
  Time last;
  unsigned times = 0;

  friend bool operator==(const Tried&, const Tried&) = default;
};

struct Pace {
  Time opened_at{};                       // the gate was opened, by the loop's clock
  netlink::HandshakeTime opened{};        // the same by the wall clock, as the kernel counts
  std::map<net::PublicKey, Tried> tried;  // since then
  std::size_t answers = 0;                // to tries since then
  Duration slowest{};                     // of these

  friend bool operator==(const Pace&, const Pace&) = default;
};

[[nodiscard]] bool has_session_since(const netlink::WgPeer& peer, netlink::HandshakeTime since);

// What the device says of those that were tried: how long answers take. Costs a walk over its
// peers.
void learn(Pace& pace, const netlink::WgDevice& there);

// Of those tried, how many have not answered and may still do so. `there` none: nobody has.
[[nodiscard]] std::size_t awaited(const Pace& pace, const netlink::WgDevice* there, Time now);

// How many more may be begun now.
[[nodiscard]] std::size_t room(const Pace& pace, const netlink::WgDevice* there, Time now);

// Whether a peer without a session may still answer its last try.
[[nodiscard]] bool is_early(const Pace& pace, const net::PublicKey& key, Time now);

// The entry of a device's peers, which are sorted by key; null: none.
[[nodiscard]] const netlink::WgPeer* find(const netlink::WgDevice& device,
                                          const net::PublicKey& key);

}  // namespace cw::ha::gate
