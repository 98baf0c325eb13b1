// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <vector>

#include "base/result.h"
#include "net/ip.h"
#include "netlink/socket/channel.h"

// Tables that are main's, but for the source of what takes them: of unicast routes, default and
// others. What a WireGuard device begins has no source address of its own, and NAT in front of a
// client knows one only. Routes in it carry the gates' protocol; others are left alone. Needs
// CAP_NET_ADMIN. One thread.
namespace cw::ha::gate {

// Of main; a host with more is a router of another kind. What is left out takes the default route.
inline constexpr std::size_t kMostRoutes = 1024;

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

  Result<> dump(std::uint32_t table, std::uint8_t protocol, net::Family family,
                const std::function<void(const netlink::Message&)>& take);
  // As they are to be, in main's order.
  Result<std::vector<std::vector<std::uint8_t>>> read_main(std::uint32_t table,
                                                           const net::Ip& source);
  // Ours, sorted.
  Result<std::vector<std::vector<std::uint8_t>>> read(std::uint32_t table, net::Family family);
  Result<> write(std::uint16_t type, std::uint16_t flags, const std::vector<std::uint8_t>& route,
                 std::uint32_t table, std::initializer_list<int> fine);

  std::uint8_t protocol_;
  netlink::Channel channel_;
};

}  // namespace cw::ha::gate
