// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "netlink/socket/monitor.h"
#include "router/agent/kernel_watch.h"

namespace cw::agent {

// The real kernel's announcements.
class NetlinkWatch final : public KernelWatch {
 public:
  explicit NetlinkWatch(netlink::Monitor monitor) : monitor_(std::move(monitor)) {}

  [[nodiscard]] std::vector<int> descriptors() const override;
  [[nodiscard]] Disturbance drain() override;

 private:
  netlink::Monitor monitor_;
};

}  // namespace cw::agent
