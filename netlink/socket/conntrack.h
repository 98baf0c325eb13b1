// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "netlink/codec/sinks.h"
#include "netlink/socket/channel.h"

// ConntrackSink on the kernel's connection tracking (contract in netlink/codec/sinks.h). Needs
// CAP_NET_ADMIN. One dump, whatever is forgotten; what begins during the dump may not be looked at,
// and has been judged by the ruleset of that moment. Keeps nothing between calls.
namespace cw::netlink {

class ConntrackSocket final : public ConntrackSink {
 public:
  // Behind it the kernel has connection tracking and its sysctls, which come as a module.
  static Result<ConntrackSocket> create();

  Result<std::size_t> forget(const FlowMatch& among,
                             const std::function<bool(const Flow&)>& gone) override;

 private:
  ConntrackSocket(Channel list, Channel change)
      : list_(std::move(list)), change_(std::move(change)) {}

  Channel list_;    // busy with the dump while
  Channel change_;  // this one asks
};

}  // namespace cw::netlink
