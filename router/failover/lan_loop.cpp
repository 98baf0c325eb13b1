// SPDX-License-Identifier: Apache-2.0
#include "router/failover/lan_loop.h"

#include <utility>

namespace cw::failover {

Result<std::unique_ptr<LanLoop>> LanLoop::create(const agent::Loop& loop, const Clock& clock) {
  std::unique_ptr<LanLoop> made(new LanLoop(loop, clock));
  made->timer_ = CW_TRY(agent::Timer::create(loop, "fabric", [raw = made.get()] {
    if (raw->fabric_ != nullptr) {
      raw->fabric_->on_time(raw->clock_.steady());
    }
  }));
  return made;
}

// What cannot be watched is read when the fabric's next time has come: each check is a second away.
void LanLoop::watch(int fd) {
  auto source = agent::ReadableSource::create(loop_, fd, "fabric", [this] {
    if (fabric_ != nullptr) {
      fabric_->on_ready(clock_.steady());
    }
  });
  if (source) {
    watched_.insert_or_assign(fd, std::move(*source));
  }
}

void LanLoop::forget(int fd) {
  watched_.erase(fd);
}

void LanLoop::wake_at(std::optional<ha::Time> when) {
  if (when) {
    timer_.arm(*when);
  } else {
    timer_.disarm();
  }
}

}  // namespace cw::failover
