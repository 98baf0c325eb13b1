// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ha/state.h"
#include "ha/step.h"
#include "router/failover/control.h"

// People's wishes that take a while: a gateway that is to move, a router that is to be drained.
// Follows what becomes of them, and answers. Pure but for the answers; one thread.
namespace cw::failover {

// A handover that fails is asked for once more: its claim may have met another write.
inline constexpr int kMostTries = 2;
// Longer than both tries may take (Timers::prepare + Timers::go, mostly a tenth of a second), and
// shorter than the control socket waits.
inline constexpr ha::Duration kAnswerWithin{8000};

class Wishes {
 public:
  void add_move(const api::Move& wish, ha::Time now, Requests::Done done);
  void add_drain(ha::Time now, Requests::Done done);

  void refused(const ha::MoveRefused& refused, const ha::State& state);
  // True: the move is to be asked for again.
  [[nodiscard]] std::optional<api::Move> changed(const ha::Changed& changed);
  // To be called after each step: answers what has come true, or has waited for too long.
  void look(const ha::State& state, ha::Time now);

 private:
  struct Moving {
    api::Move wish;
    ha::Time since;
    int tries = 1;
    Requests::Done done;
  };

  struct Draining {
    ha::Time since;
    Requests::Done done;
  };

  std::vector<Moving> moves_;
  std::vector<Draining> drains_;
};

}  // namespace cw::failover
