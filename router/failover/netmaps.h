// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/result.h"
#include "ha/step.h"
#include "network/signed_netmap.h"
#include "router/failover/handing.h"
#include "router/failover/setup.h"

// Which netmap siblings have, by their heartbeats and the arbiter's record: who is handed the one
// in force here, what comes from them, and what the core is told of it. Nothing is verified here:
// the agent does that. Pure; one thread.
namespace cw::failover {

// So long the agent's source may have a netmap that siblings speak of, before it has said so: until
// then this router counts as one that could have the newer one. A dead agent keeps nobody from
// taking over.
inline constexpr ha::Duration kSourcePatience{2000};

class Netmaps {
 public:
  // Drops what is on its way of an older netmap.
  void configure(const Setup& setup);

  struct News {
    std::optional<ha::NetmapChanged> changed;  // for the core
    std::optional<std::uint64_t> wanted;       // for the agent
    bool step = false;                         // somebody is behind who was not
  };

  // What follows from the core's state. Costs little where nothing is new.
  [[nodiscard]] News look(const ha::State& state, ha::Time now);

  // The file to read now, where a sibling is to have it.
  [[nodiscard]] std::optional<std::string> file_to_read(ha::Time now) const {
    return handing_.file_to_read(now);
  }

  // Its content. One of another serial is no error: the agent writes the one in force in a moment.
  Result<> have_read(Result<std::string> bytes, ha::Time now) {
    return handing_.have_read(std::move(bytes), now);
  }

  using Letter = Handing::Letter;
  using Turn = Handing::Turn;
  using Heard = Handing::Heard;
  using Believed = Handing::Believed;

  [[nodiscard]] Turn step(const ha::State& state, const Believed& believed, ha::Time now) {
    return handing_.step(behind(state, now), believed, now);
  }

  Result<Heard> hear(const std::string& from, std::span<const std::uint8_t> payload, ha::Time now) {
    return handing_.hear(from, payload, now);
  }

  // The agent cannot be given what came whole: the sibling may offer it again.
  void not_kept() { handing_.not_kept(); }

  // The newest that anybody is known to have, this router included.
  [[nodiscard]] static std::uint64_t newest(const ha::State& state);

  [[nodiscard]] std::optional<ha::netmap::Receiving::Progress> coming(ha::Time now) const {
    return handing_.coming(now);
  }

 private:
  [[nodiscard]] Handing::Lacking behind(const ha::State& state, ha::Time now) const;
  [[nodiscard]] std::uint64_t offered(ha::Time now) const;

  Handing handing_{network::Content::Netmap, network::kLargestSignedNetmap};
  std::uint64_t offered_ = 0;
  std::uint64_t looked_ = 0;

  std::uint64_t wanted_ = 0;  // the agent was told
  ha::Time wanted_since_;
  std::optional<ha::NetmapChanged> told_;
};

}  // namespace cw::failover
