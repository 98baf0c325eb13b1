// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "netlink/codec/message.h"
#include "netlink/codec/route_codec.h"
#include "netlink/codec/route_values.h"

// Addresses on devices that are the host's, not ours (linux/if_addr.h), and the Ethernet device
// that they are on. Ours among them are known by their protocol (IFA_PROTO, Linux 5.18), as routes
// are. Pure.
namespace cw::netlink {

using Mac = std::array<std::uint8_t, 6>;

struct EthernetLink {
  int index = 0;
  bool up = false;       // IFF_UP: somebody wants it to be
  bool running = false;  // IFF_RUNNING: it is, a cable and all
  Mac mac{};

  friend auto operator<=>(const EthernetLink&, const EthernetLink&) = default;
};

struct HostAddress {
  std::string device;
  net::Ip ip;
  std::uint8_t protocol = 0;  // 0: nobody said; 1 to 3 are the kernel's own

  friend auto operator<=>(const HostAddress&, const HostAddress&) = default;
};

// None for what is not Ethernet, too.
[[nodiscard]] std::optional<EthernetLink> decode_ethernet_link(const Message& message);

[[nodiscard]] std::optional<HostAddress> decode_any_address(const Message& message,
                                                            const DeviceName& name);

// Does it announce the route by which this host takes packets to that address of that device?
[[nodiscard]] bool is_local_route(const Message& message, const net::Ip& ip, int index);

// How far an IPv4 address is known. IPv6 addresses have their scope in themselves.
enum class AddressScope : std::uint8_t { Global, Host };

// A request for a /32 or /128. It brings no route to others, and is nobody's source unless asked
// for: an IPv6 one is deprecated (RFC 4862, 5.5.4), an IPv4 one of a network of its own and last.
// An IPv6 one is not tested for duplicates (IFA_F_NODAD): that would take a second, and find the
// one from whom it moves.
[[nodiscard]] std::vector<std::uint8_t> new_host_address(const HostAddress& address, int index,
                                                         AddressScope scope);
[[nodiscard]] std::vector<std::uint8_t> delete_host_address(const HostAddress& address, int index);

}  // namespace cw::netlink
