// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ha/arp/presence.h"
#include "netlink/socket/host_address.h"
#include "netlink/socket/sysctl.h"

// Gateways' addresses in the kernel: loud, quiet or gone (presence.h says what these are). Reads
// the kernel before each change. Needs CAP_NET_ADMIN, and the right to write below
// /proc/sys/net/ipv4/conf to make an IPv4 address quiet. One thread.
namespace cw::ha::arp {

class Addresses {
 public:
  static Result<Addresses> open(std::string interface, std::uint8_t protocol);

  [[nodiscard]] Result<netlink::EthernetLink> link() { return kernel_.ethernet_link(interface_); }

  Result<Places> read();

  // Of the interface, as of the last read(). None: it has none.
  [[nodiscard]] const std::optional<net::Ip>& link_local() const { return link_local_; }

  // `began` says of an error whether something has changed, or may have.
  Result<> make_loud(const Places& places, const std::vector<net::Ip>& addresses, bool& began);
  // An error says that what still arrives is not accepted, or that the kernel refused even to
  // remove the address.
  Result<> make_quiet(const std::vector<net::Ip>& addresses);
  // Sees to it that quiet IPv4 addresses are not answered for.
  Result<> prepare_quiet();
  Result<> release(const std::vector<net::Ip>& addresses);
  // All of ours that are none of these.
  Result<> remove_all_but(const std::vector<Moving>& gateways);

 private:
  Addresses(std::string interface, std::uint8_t protocol, netlink::HostAddressSocket kernel);

  Result<> change(const AddressChange& change);

  std::string interface_;
  std::uint8_t protocol_;
  netlink::HostAddressSocket kernel_;
  netlink::ProcSysctls sysctls_;
  std::optional<net::Ip> link_local_;
};

}  // namespace cw::ha::arp
