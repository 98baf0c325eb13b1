// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>

// Time until the next attempt: doubles from `first` to `longest`, and starts over after a success.
// Pure; without jitter, because one agent talks to one kernel.
namespace cw::agent {

class Backoff {
 public:
  using Duration = std::chrono::milliseconds;

  Backoff(Duration first, Duration longest) : first_(first), longest_(longest), next_(first) {}

  [[nodiscard]] Duration next() {
    const Duration now = next_;
    next_ = std::min(next_ * 2, longest_);
    return now;
  }

  void reset() { next_ = first_; }

 private:
  Duration first_;
  Duration longest_;
  Duration next_;
};

}  // namespace cw::agent
