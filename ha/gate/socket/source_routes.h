// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/result.h"
#include "net/ip.h"
#include "netlink/socket/channel.h"

// Tables that are main's, but for the source of what takes them: of unicast routes, default and
// others. What a WireGuard device begins has no source address of its own, and NAT in front of a
// client knows one only. Routes in it carry the gates' protocol; others are left alone. Needs
// CAP_NET_ADMIN. One thread.
namespace cw::ha::gate {

class SourceRoutes {
 public:
  static Result<SourceRoutes> create(std::uint8_t protocol);

  // The routes of that family in `table` are main's, with this source, which is an address of this
  // host's (the kernel refuses another). Writes what differs only.
  Result<> copy_main(std::uint32_t table, const net::Ip& source);

  // Takes ours of that family away.
  Result<> clear(std::uint32_t table, net::Family family);

 private:
  SourceRoutes(std::uint8_t protocol, netlink::Channel channel)
      : protocol_(protocol), channel_(std::move(channel)) {}

  Result<std::vector<std::vector<std::uint8_t>>> read(std::uint32_t table, net::Family family);

  std::uint8_t protocol_;
  netlink::Channel channel_;
};

}  // namespace cw::ha::gate
