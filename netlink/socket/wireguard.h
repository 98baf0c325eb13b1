// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "netlink/codec/sinks.h"
#include "netlink/socket/channel.h"

// WireGuardSink on the kernel's WireGuard (contract in netlink/codec/sinks.h). Private and
// preshared keys that the kernel shows with a device are wiped, not handed on. A dump that was
// interrupted is read again (kDumpAttempts). Needs CAP_NET_ADMIN, to read as well.
namespace cw::netlink {

class WireGuardSocket final : public WireGuardSink {
 public:
  static Result<WireGuardSocket> create();

  Result<WgDevice> device(const std::string& name) override;
  Result<> change(const WgDeviceChange& change) override;

 private:
  explicit WireGuardSocket(Channel channel) : channel_(std::move(channel)) {}

  Result<std::uint16_t> family();

  Channel channel_;
};

}  // namespace cw::netlink
