// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include "fetch/http/client.h"
#include "router/agent/loop.h"

// What fetch/ needs of a loop, by the agent's. One thread.
namespace cw::agent {

class FetchLoop final : public fetch::EventLoop {
 public:
  static Result<std::unique_ptr<FetchLoop>> create(const Loop& loop);

  // Whom to call; before anything is watched.
  void serve(fetch::LoopClient& client) { client_ = &client; }

  void watch(int fd, Interest interest) override;
  void wake_in(std::optional<std::chrono::milliseconds> delay) override;

 private:
  explicit FetchLoop(const Loop& loop) : loop_(loop) {}

  const Loop& loop_;
  fetch::LoopClient* client_ = nullptr;
  std::map<int, ReadySource> watched_;
  Timer timer_;
};

}  // namespace cw::agent
