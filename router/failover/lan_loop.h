// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>

#include "ha/arp/socket/fabric.h"
#include "router/agent/loop.h"

// What ha/arp needs of a loop, by the agent's. One thread.
namespace cw::failover {

class LanLoop final : public ha::arp::EventLoop {
 public:
  static Result<std::unique_ptr<LanLoop>> create(const agent::Loop& loop, const Clock& clock);

  // Whom to call; nobody: nullptr.
  void serve(ha::arp::LanFabric* fabric) { fabric_ = fabric; }

  void watch(int fd) override;
  void forget(int fd) override;
  void wake_at(std::optional<ha::Time> when) override;

 private:
  LanLoop(const agent::Loop& loop, const Clock& clock) : loop_(loop), clock_(clock) {}

  const agent::Loop& loop_;
  const Clock& clock_;
  ha::arp::LanFabric* fabric_ = nullptr;
  std::map<int, agent::ReadableSource> watched_;
  agent::Timer timer_;
};

}  // namespace cw::failover
