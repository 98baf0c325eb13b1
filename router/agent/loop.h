// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <sys/inotify.h>

#include "base/clock.h"
#include "base/result.h"

struct sd_event;
struct sd_event_source;

// The agent's event loop: sd-event behind owned sources. A source that is gone does not call back,
// also when it goes during its own call; a default-made one is none and does nothing. One thread.
// Nothing wakes up unless a source is due.
namespace cw::agent {

class Loop {
 public:
  static Result<Loop> create();

  Result<int> run();    // until stop(); its exit status
  void stop(int code);  // sources are served no more
  // Answers the service manager's watchdog as long as the loop turns (WatchdogSec=).
  Result<> answer_watchdog();

  [[nodiscard]] sd_event* get() const { return event_.get(); }

 private:
  struct Unref {
    void operator()(sd_event* event) const;
  };

  std::unique_ptr<sd_event, Unref> event_;
};

namespace detail {
struct DropSource {
  void operator()(sd_event_source* source) const;
};

using SourcePtr = std::unique_ptr<sd_event_source, DropSource>;
}  // namespace detail

// A descriptor that became readable. The descriptor stays the caller's and outlives this.
class ReadableSource {
 public:
  using Callback = std::function<void()>;

  static Result<ReadableSource> create(const Loop& loop, int fd, const std::string& name,
                                       Callback callback);

 private:
  detail::SourcePtr source_;
};

// A descriptor that became readable, writable, or both, as asked for. It stays the caller's.
class ReadySource {
 public:
  enum class Wanted : std::uint8_t { Read, Write, Both };

  using Callback = std::function<void(bool readable, bool writable)>;

  static Result<ReadySource> create(const Loop& loop, int fd, Wanted wanted,
                                    const std::string& name, Callback callback);
  Result<> want(Wanted wanted);

 private:
  detail::SourcePtr source_;
};

// A named timer, disarmed until it is armed; fires once per arming.
class Timer {
 public:
  using Callback = std::function<void()>;

  // Ours may be late by this, so that the kernel can serve several timers in one wake-up.
  static constexpr std::chrono::milliseconds kAccuracy{5};

  static Result<Timer> create(const Loop& loop, const std::string& name, Callback callback);
  // Armed with calendar time, and right also when somebody sets the clock.
  static Result<Timer> create_wall(const Loop& loop, const std::string& name, Callback callback);

  void arm(SteadyTime when);
  void arm(WallTime when);
  void arm_in(std::chrono::milliseconds delay);
  void disarm();
  [[nodiscard]] bool armed() const;

 private:
  static Result<Timer> create_on(int clock, const Loop& loop, const std::string& name,
                                 Callback callback);
  void arm_at(std::uint64_t microseconds);

  detail::SourcePtr source_;
};

// A signal, blocked for the process and delivered here.
class SignalSource {
 public:
  using Callback = std::function<void()>;

  static Result<SignalSource> create(const Loop& loop, int signal, Callback callback);

 private:
  detail::SourcePtr source_;
};

// inotify(7) on one path.
class PathSource {
 public:
  using Callback = std::function<void(const inotify_event&)>;

  static Result<PathSource> create(const Loop& loop, const std::string& path, std::uint32_t mask,
                                   Callback callback);

 private:
  detail::SourcePtr source_;
};

}  // namespace cw::agent
