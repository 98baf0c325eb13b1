// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <string>

#include "base/clock.h"
#include "ha/step.h"
#include "router/failover/outlets.h"

// Runs the core: an event goes in, its actions go to the outlets in their order. An event that
// comes of an action waits until the step is done. One thread.
namespace cw::failover {

class Runner {
 public:
  Runner(ha::State state, const Clock& clock, Outlets& outlets)
      : state_(std::move(state)), clock_(clock), outlets_(outlets) {}

  void take(ha::Event event);

  [[nodiscard]] const ha::State& state() const { return state_; }

  [[nodiscard]] const ha::Gateway* find(const std::string& gateway) const;

 private:
  void step(const ha::Event& event);

  ha::State state_;
  const Clock& clock_;
  Outlets& outlets_;
  std::deque<ha::Event> waiting_;
  bool stepping_ = false;
};

}  // namespace cw::failover
