// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "ha/health/targets.h"
#include "net/endpoint.h"
#include "router/agent/loop.h"

// Tries a site's targets by TCP, each every ha::health::kTryEvery. Without a mark and with the
// source that the kernel takes: the router's own address, out of its own uplink, never one that
// moves with a gateway (those are nobody's source unless asked for, netlink/codec/host_address.h).
//
// The handshake is begun and not completed: to the target's SYN-ACK comes a reset. So the program
// behind the port hears of nothing: no line in its log, and none of the broken connections for
// which MySQL shuts a host out. A refused connection is not reached.
//
// One socket for a target at a time, closed as soon as it is known. Nothing blocks; one thread.
namespace cw::failover {

class Probes {
 public:
  // `trouble`: why it was not reached; empty: it was.
  using Told = std::function<void(std::size_t target, std::string trouble)>;

  static Result<std::unique_ptr<Probes>> create(const agent::Loop& loop, Told told);

  // From now on these, and at once. What was under way is given up.
  void configure(std::vector<net::SocketAddress> targets);

 private:
  // The source goes before its descriptor.
  struct Try {
    UniqueFd fd;
    agent::ReadySource ready;
  };

  Probes(const agent::Loop& loop, Told told) : loop_(loop), told_(std::move(told)) {}

  void begin();
  void begin(std::size_t target);
  void answered(std::size_t target);
  void give_up();

  const agent::Loop& loop_;
  Told told_;
  std::vector<net::SocketAddress> targets_;
  std::vector<std::optional<Try>> tries_;  // under way
  agent::Timer again_;
  agent::Timer late_;
};

}  // namespace cw::failover
