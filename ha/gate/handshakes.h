// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "ha/gate/pace.h"
#include "ha/gate/values.h"
#include "ha/values.h"
#include "netlink/codec/wireguard_values.h"

// Which peers a gate shakes hands with, when, and in what words to the kernel. Pure: a gate, a
// device as it was read and the time go in; changes of peers come out.
//
// A handshake begins when a peer's persistent keepalive goes from 0 to N; the next entry of the
// same message sets it back, so that nothing has to be tidied up later and an agent that wants 0
// never sees another value. A peer that has tried within REKEY_TIMEOUT (5 s) does not try again,
// and one that has a session uses that, which a sibling may have overtaken meanwhile: such a peer
// is removed and made again in one message, with the allowed IPs that it had. If the kernel fails
// between the two, the peer is missing until the agent's audit puts it back.
namespace cw::ha::gate {

// 0 to any value does it (drivers/net/wireguard/netlink.c, set_peer).
inline constexpr std::uint16_t kKickKeepaliveSeconds = 25;

// Those that wait their turn are looked at this often.
inline constexpr Duration kBatchEvery{50};

// Each removal waits for a grace period of RCU, with the kernel's lock of all devices held
// (wg_peer_remove(), synchronize_net()): a tenth of a millisecond up to a few. Heartbeats wait too.
inline constexpr std::size_t kMostRemade = 64;

// A session is dead after this (REJECT_AFTER_TIME, WireGuard paper section 6.1).
inline constexpr std::chrono::seconds kSessionLifetime{180};

struct Due {
  Kick kick;
  bool remake = false;

  friend bool operator==(const Due&, const Due&) = default;
};

// What is wanted of one gateway, and how far it has come.
struct Gate {
  bool open = false;
  bool stopped = false;      // begins nothing since
  Pace pace;                 // since it was opened
  Time sessions_until{};     // a closed gate's device may have old sessions until then
  std::vector<Due> due;      // not sent yet; most active first
  std::optional<Time> next;  // when the next of them may be; none: none is due

  friend bool operator==(const Gate&, const Gate&) = default;
};

// As it was found: by the mark of its device, at the start of this process.
[[nodiscard]] Gate found(bool open, Time now, netlink::HandshakeTime wall);

// A closed gate opens. `there`: its device, needed where may_have_sessions(); peers with a session
// are made again, also those that are not among the kicks.
[[nodiscard]] bool may_have_sessions(const Gate& gate, Time now);
void open(Gate& gate, const std::vector<Kick>& kicks, const netlink::WgDevice* there, Time now,
          netlink::HandshakeTime wall);

// An open gate that had stopped goes on: whatever session a peer has may have been overtaken.
void resume(Gate& gate, const std::vector<Kick>& kicks, const netlink::WgDevice& there, Time now,
            netlink::HandshakeTime wall);

// The device of an open gate was made anew, and is closed: to all peers that have an endpoint.
void reopen(Gate& gate, const netlink::WgDevice& there, Time now, netlink::HandshakeTime wall);

// Those of the kicks that have no session since the gate was opened, once more, before those that
// have not been asked yet.
void kick_again(Gate& gate, const std::vector<Kick>& kicks, const netlink::WgDevice& there,
                Time now);

void stop(Gate& gate);

void close(Gate& gate, Time now);

// Whether next_batch() needs the device read: some are to be made again, or some are awaited.
[[nodiscard]] bool needs_device(const Gate& gate);

// The next that may be sent, all in one message; none: not yet, or no more.
[[nodiscard]] std::vector<netlink::WgPeerChange> next_batch(Gate& gate,
                                                            const netlink::WgDevice* there,
                                                            Time now);

// Whatever has a keepalive is to have none.
[[nodiscard]] std::vector<netlink::WgPeerChange> without_keepalive(const netlink::WgDevice& there);

}  // namespace cw::ha::gate
