// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "ha/state.h"
#include "ha/step.h"
#include "router/api/failover_status.h"

// The tale of each takeover: what happened at which gateway, how long it took, and why; one line a
// step for the journal, and the last owners for the status. Pure; one thread.
namespace cw::failover {

inline constexpr std::size_t kKeptTakeovers = 8;  // a gateway; what a person wants to see at once

class Story {
 public:
  // A line for people: "gateway `prod-a`: standby -> claim, owner silent; ...".
  [[nodiscard]] std::string tell(const ha::Changed& changed, const ha::State& state);

  // To be called after each step: notes who is owner by the arbiter's record.
  void look(const ha::State& state, WallTime now);

  // Changes of owner, by why; the first owner seen is none.
  [[nodiscard]] std::map<std::string, std::uint64_t> changes(const std::string& gateway) const;

  // The latest first.
  [[nodiscard]] std::vector<api::Takeover> takeovers(const std::string& gateway) const;

 private:
  struct OfGateway {
    std::optional<ha::Time> claimed;
    std::optional<ha::Time> won;
    std::optional<std::int64_t> took_ms;  // of the claim that was the last
    std::uint64_t term = 0;
    // Why this router began to hand it over, and when. One that failed may still have been taken:
    // the sibling's claim went through a moment later.
    std::optional<ha::Why> gave;
    ha::Time gave_at;
    std::map<std::string, std::uint64_t> changes;
    std::deque<api::Takeover> owners;
  };

  std::map<std::string, OfGateway> gateways_;
};

}  // namespace cw::failover
