// SPDX-License-Identifier: Apache-2.0
#include "router/agent/loop.h"

#include <cerrno>
#include <csignal>

#include <sys/epoll.h>

#include <fmt/format.h>
#include <systemd/sd-event.h>

namespace cw::agent {

namespace {

using Microseconds = std::chrono::microseconds;

Error failed(int negative_errno, std::string what) {
  return Error::from_errno(-negative_errno, std::move(what));
}

// Keeps the callback alive while it runs, should it drop its own source.
template <class Callback, class... Arguments>
int call(void* userdata, const Arguments&... arguments) {
  const std::shared_ptr<Callback> callback = *static_cast<std::shared_ptr<Callback>*>(userdata);
  (*callback)(arguments...);
  return 0;
}

// sd-event keeps a pointer to this, which must not move with the source: one more allocation.
template <class Callback>
std::shared_ptr<Callback>* keep(Callback callback) {
  return new std::shared_ptr<Callback>(std::make_shared<Callback>(std::move(callback)));
}

template <class Callback>
void let_go(void* userdata) {
  delete static_cast<std::shared_ptr<Callback>*>(userdata);
}

// Hands the callback to the source; from here on the source owns its copy.
template <class Callback>
detail::SourcePtr adopt(sd_event_source* source, std::shared_ptr<Callback>* kept,
                        const std::string& name) {
  sd_event_source_set_destroy_callback(source, let_go<Callback>);
  sd_event_source_set_userdata(source, kept);
  (void)sd_event_source_set_description(source, name.c_str());  // for debugging only
  return detail::SourcePtr(source);
}

int on_readable(sd_event_source* /*source*/, int /*fd*/, std::uint32_t /*events*/, void* data) {
  return call<ReadableSource::Callback>(data);
}

// An error or a hang-up is found by whoever reads or writes.
int on_ready(sd_event_source* /*source*/, int /*fd*/, std::uint32_t events, void* data) {
  const bool broken = (events & (EPOLLERR | EPOLLHUP)) != 0;
  return call<ReadySource::Callback>(data, broken || (events & EPOLLIN) != 0,
                                     broken || (events & EPOLLOUT) != 0);
}

std::uint32_t events_of(ReadySource::Wanted wanted) {
  switch (wanted) {
    case ReadySource::Wanted::Read:
      return EPOLLIN;
    case ReadySource::Wanted::Write:
      return EPOLLOUT;
    case ReadySource::Wanted::Both:
      break;
  }
  return EPOLLIN | EPOLLOUT;
}

int on_time(sd_event_source* /*source*/, std::uint64_t /*when*/, void* data) {
  return call<Timer::Callback>(data);
}

int on_signal(sd_event_source* /*source*/, const signalfd_siginfo* /*info*/, void* data) {
  return call<SignalSource::Callback>(data);
}

int on_path(sd_event_source* /*source*/, const inotify_event* event, void* data) {
  return call<PathSource::Callback>(data, *event);
}

std::uint64_t to_microseconds(auto since_epoch) {
  const auto count = std::chrono::duration_cast<Microseconds>(since_epoch).count();
  return count < 0 ? 0 : static_cast<std::uint64_t>(count);
}

}  // namespace

void Loop::Unref::operator()(sd_event* event) const {
  sd_event_unref(event);
}

void detail::DropSource::operator()(sd_event_source* source) const {
  (void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
  sd_event_source_unref(source);
}

Result<Loop> Loop::create() {
  sd_event* event = nullptr;
  if (const int r = sd_event_new(&event); r < 0) {
    return failed(r, "cannot make an event loop");
  }
  Loop loop;
  loop.event_.reset(event);
  return loop;
}

Result<int> Loop::run() {
  const int r = sd_event_loop(event_.get());
  if (r < 0) {
    return failed(r, "the event loop failed");
  }
  return r;
}

void Loop::stop(int code) {
  (void)sd_event_exit(event_.get(), code);
}

Result<> Loop::answer_watchdog() {
  if (const int r = sd_event_set_watchdog(event_.get(), 1); r < 0) {
    return failed(r, "cannot answer the watchdog");
  }
  return {};
}

Result<ReadableSource> ReadableSource::create(const Loop& loop, int fd, const std::string& name,
                                              Callback callback) {
  ReadableSource made;
  sd_event_source* source = nullptr;
  if (const int r = sd_event_add_io(loop.get(), &source, fd, EPOLLIN, on_readable, nullptr);
      r < 0) {
    return failed(r, "cannot watch " + name);
  }
  made.source_ = adopt(source, keep(std::move(callback)), name);
  return made;
}

Result<ReadySource> ReadySource::create(const Loop& loop, int fd, Wanted wanted,
                                        const std::string& name, Callback callback) {
  ReadySource made;
  sd_event_source* source = nullptr;
  if (const int r = sd_event_add_io(loop.get(), &source, fd, events_of(wanted), on_ready, nullptr);
      r < 0) {
    return failed(r, "cannot watch " + name);
  }
  made.source_ = adopt(source, keep(std::move(callback)), name);
  return made;
}

Result<> ReadySource::want(Wanted wanted) {
  if (const int r = sd_event_source_set_io_events(source_.get(), events_of(wanted)); r < 0) {
    return failed(r, "cannot watch a descriptor");
  }
  return {};
}

Result<Timer> Timer::create_on(int clock, const Loop& loop, const std::string& name,
                               Callback callback) {
  Timer made;
  sd_event_source* source = nullptr;
  if (const int r = sd_event_add_time(loop.get(), &source, clock, 0, to_microseconds(kAccuracy),
                                      on_time, nullptr);
      r < 0) {
    return failed(r, fmt::format("cannot make the timer '{}'", name));
  }
  made.source_ = adopt(source, keep(std::move(callback)), name);
  made.disarm();
  return made;
}

Result<Timer> Timer::create(const Loop& loop, const std::string& name, Callback callback) {
  return create_on(CLOCK_MONOTONIC, loop, name, std::move(callback));
}

Result<Timer> Timer::create_wall(const Loop& loop, const std::string& name, Callback callback) {
  return create_on(CLOCK_REALTIME, loop, name, std::move(callback));
}

// Armed for the same time already, it keeps its place among what is due: who arms it again and
// again would put it off for ever.
void Timer::arm_at(std::uint64_t microseconds) {
  std::uint64_t before = 0;
  if (armed() && sd_event_source_get_time(source_.get(), &before) >= 0 && before == microseconds) {
    return;
  }
  (void)sd_event_source_set_time(source_.get(), microseconds);
  (void)sd_event_source_set_enabled(source_.get(), SD_EVENT_ONESHOT);
}

// steady_clock is CLOCK_MONOTONIC on Linux.
void Timer::arm(SteadyTime when) {
  arm_at(to_microseconds(when.time_since_epoch()));
}

void Timer::arm(WallTime when) {
  arm_at(to_microseconds(when.time_since_epoch()));
}

void Timer::arm_in(std::chrono::milliseconds delay) {
  arm(std::chrono::steady_clock::now() + delay);
}

void Timer::disarm() {
  (void)sd_event_source_set_enabled(source_.get(), SD_EVENT_OFF);
}

bool Timer::armed() const {
  int enabled = SD_EVENT_OFF;
  return sd_event_source_get_enabled(source_.get(), &enabled) >= 0 && enabled != SD_EVENT_OFF;
}

Result<SignalSource> SignalSource::create(const Loop& loop, int signal, Callback callback) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) {
    return Error::from_errno(errno, "cannot block a signal");
  }
  SignalSource made;
  sd_event_source* source = nullptr;
  if (const int r = sd_event_add_signal(loop.get(), &source, signal, on_signal, nullptr); r < 0) {
    return failed(r, fmt::format("cannot watch signal {}", signal));
  }
  made.source_ = adopt(source, keep(std::move(callback)), fmt::format("signal {}", signal));
  return made;
}

Result<PathSource> PathSource::create(const Loop& loop, const std::string& path, std::uint32_t mask,
                                      Callback callback) {
  PathSource made;
  sd_event_source* source = nullptr;
  if (const int r = sd_event_add_inotify(loop.get(), &source, path.c_str(), mask, on_path, nullptr);
      r < 0) {
    return failed(r, "cannot watch " + path);
  }
  made.source_ = adopt(source, keep(std::move(callback)), path);
  return made;
}

}  // namespace cw::agent
