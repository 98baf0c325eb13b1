// SPDX-License-Identifier: Apache-2.0
#include "router/agent/repair_pace.h"

namespace cw::agent {

void RepairPace::repaired(const std::vector<std::string>& steps, SteadyTime now) {
  if (now - last_ > kFightOver) {
    known_.clear();
    backoff_.reset();
  }
  bool is_new = false;
  for (const auto& step : steps) {
    is_new = (known_.size() < kMostRepairsKnown && known_.insert(step).second) || is_new;
  }
  if (is_new) {
    backoff_.reset();
  }
  delay_ = backoff_.next();
  last_ = now;
}

}  // namespace cw::agent
