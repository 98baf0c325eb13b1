// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "netlink/codec/host_address.h"
#include "netlink/socket/channel.h"

// Addresses of ours on devices of the host's, by rtnetlink. Refuses to remove what has another
// protocol than ours, and to take over an address that somebody else put there. The rest of the
// contract is that of netlink/codec/sinks.h. Needs CAP_NET_ADMIN to write. One thread.
namespace cw::netlink {

class HostAddressSocket {
 public:
  static Result<HostAddressSocket> create(std::uint8_t protocol);

  // NotFound: no such device. Unsupported: it is not Ethernet.
  [[nodiscard]] Result<EthernetLink> ethernet_link(const std::string& device);

  // All of the host, whosever; sorted.
  [[nodiscard]] Result<std::vector<HostAddress>> addresses();

  // Packets to it are taken when this returns. Exists: it is there, and not ours.
  Result<> add(const std::string& device, const net::Ip& ip, AddressScope scope);
  Result<> remove(const std::string& device, const net::Ip& ip);

 private:
  HostAddressSocket(std::uint8_t protocol, Channel channel)
      : protocol_(protocol), channel_(std::move(channel)) {}

  // None: not there.
  Result<std::optional<HostAddress>> find(const std::string& device, const net::Ip& ip);

  std::uint8_t protocol_;
  Channel channel_;
};

}  // namespace cw::netlink
