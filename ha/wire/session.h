// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "ha/wire/heartbeat.h"

// What one router remembers of one sibling and gateway, so that a heartbeat which somebody recorded
// and sends again says nothing. A recorded heartbeat must neither make a dead router seem alive nor
// bring an old goodbye back.
//
// - Within a boot of the sender sequences grow; what is not newer is dropped (so is what was
// overtaken).
// - A boot is believed only once it echoes our own boot and one of our last kRecent heartbeats: it
// lives
//   now. That costs a start two heartbeats, one in each direction.
// - A boot that was believed and followed by another never returns.
//
// So a sibling that can send to us but not hear us is not heard after our start; the arbiter's
// record speaks for it. Plain value; nothing is sent here.
namespace cw::ha::wire {

// Ten seconds of heartbeats, of which changes send a few more: longer than a datagram lives.
inline constexpr std::uint64_t kRecent = 150;
inline constexpr std::size_t kMostRetired = 16;

struct Session {
  std::uint64_t boot = 0;  // ours
  std::uint64_t sent = 0;  // our last sequence

  std::uint64_t believed = 0;  // the sibling's boot, 0: none yet
  std::uint64_t sequence = 0;  // its last that was taken
  std::vector<std::uint64_t> retired;

  std::uint64_t echo_boot = 0;  // what we echo: its latest, believed or not
  std::uint64_t echo_sequence = 0;

  friend bool operator==(const Session&, const Session&) = default;
};

enum class Verdict : std::uint8_t {
  Taken,
  Old,       // sent again, or overtaken
  Unproven,  // from a boot that has not shown yet that it lives; its next one may
};

// Of an authentic heartbeat from this sibling to us.
[[nodiscard]] Verdict take(Session& session, const Proof& proof);

// For the next heartbeat to this sibling.
[[nodiscard]] Proof next_proof(Session& session);

}  // namespace cw::ha::wire
