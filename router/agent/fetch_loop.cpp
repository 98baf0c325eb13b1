// SPDX-License-Identifier: Apache-2.0
#include "router/agent/fetch_loop.h"

#include <utility>

namespace cw::agent {

namespace {

using Wanted = ReadySource::Wanted;

Wanted wanted_of(fetch::EventLoop::Interest interest) {
  switch (interest) {
    case fetch::EventLoop::Interest::Read:
      return Wanted::Read;
    case fetch::EventLoop::Interest::Write:
      return Wanted::Write;
    default:
      return Wanted::Both;
  }
}

}  // namespace

Result<std::unique_ptr<FetchLoop>> FetchLoop::create(const Loop& loop) {
  std::unique_ptr<FetchLoop> made(new FetchLoop(loop));
  made->timer_ = CW_TRY(Timer::create(loop, "fetching", [raw = made.get()] {
    if (raw->client_ != nullptr) {
      raw->client_->on_time();
    }
  }));
  return made;
}

// What cannot be watched is never ready, and the transfer ends by its limits of time.
void FetchLoop::watch(int fd, Interest interest) {
  if (interest == Interest::None) {
    watched_.erase(fd);
    return;
  }
  if (const auto there = watched_.find(fd);
      there != watched_.end() && there->second.want(wanted_of(interest))) {
    return;
  }
  auto source = ReadySource::create(loop_, fd, wanted_of(interest), "fetching",
                                    [this, fd](bool readable, bool writable) {
                                      if (client_ != nullptr) {
                                        client_->on_ready(fd, readable, writable);
                                      }
                                    });
  if (source) {
    watched_.insert_or_assign(fd, std::move(*source));
  }
}

void FetchLoop::wake_in(std::optional<std::chrono::milliseconds> delay) {
  if (delay) {
    timer_.arm_in(*delay);
  } else {
    timer_.disarm();
  }
}

}  // namespace cw::agent
