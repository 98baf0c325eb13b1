// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

// Time enters pure code as an argument of these types; only the agent's loop asks a Clock.
namespace cw {

using WallTime = std::chrono::sys_seconds;                 // calendar time: expiry, logs
using SteadyTime = std::chrono::steady_clock::time_point;  // timers, ages

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual WallTime wall() const = 0;
  [[nodiscard]] virtual SteadyTime steady() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] WallTime wall() const override {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  }

  [[nodiscard]] SteadyTime steady() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace cw
