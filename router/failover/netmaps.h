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

  // The letters, and the file that they are of.
  [[nodiscard]] Handing& handing() { return handing_; }

  [[nodiscard]] const Handing& handing() const { return handing_; }

  // Who is heard and has an older one.
  [[nodiscard]] Handing::Lacking behind(const ha::State& state, ha::Time now) const;

  // The newest that anybody is known to have, this router included.
  [[nodiscard]] static std::uint64_t newest(const ha::State& state);

 private:
  [[nodiscard]] std::uint64_t offered(ha::Time now) const;

  Handing handing_{network::Content::Netmap, network::kLargestSignedNetmap};
  std::uint64_t offered_ = 0;
  std::uint64_t looked_ = 0;

  std::uint64_t wanted_ = 0;  // the agent was told
  ha::Time wanted_since_;
  std::optional<ha::NetmapChanged> told_;
};

}  // namespace cw::failover
