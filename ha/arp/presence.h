// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "ha/arp/lan.h"
#include "netlink/codec/host_address.h"
#include "netlink/codec/route_values.h"

// Where a gateway's addresses are in the kernel, and the changes that bring them elsewhere. Loud:
// on the LAN's interface, so that the kernel answers ARP and NS for it. Quiet: on `lo`, with the
// scope of a host where it is IPv4, so that packets for it are accepted, WireGuard keeps it as its
// source, and neither is answered (docs/adr/0027). Pure.
namespace cw::ha::arp {

inline constexpr auto kQuietDevice = "lo";

struct AddressChange {
  bool add = false;
  std::string device;
  net::Ip ip;

  friend auto operator<=>(const AddressChange&, const AddressChange&) = default;
};

// What the kernel has, by protocol, of the host's addresses.
struct Places {
  std::string interface;
  std::vector<netlink::HostAddress> ours;

  friend bool operator==(const Places&, const Places&) = default;
};

[[nodiscard]] Places places(const std::vector<netlink::HostAddress>& all, std::string interface,
                            std::uint8_t protocol);

// Loud where all of them are, Quiet where some are quiet and none is loud; else Absent, which asks
// for a move.
[[nodiscard]] Presence presence(const Places& places, const std::vector<net::Ip>& addresses);

// Adds come before removals, each way: in between the address is here twice rather than not at all.
[[nodiscard]] std::vector<AddressChange> to_loud(const Places& places,
                                                 const std::vector<net::Ip>& addresses);
// Only what is loud becomes quiet.
[[nodiscard]] std::vector<AddressChange> to_quiet(const Places& places,
                                                  const std::vector<net::Ip>& addresses);
// Everywhere, or what is quiet.
[[nodiscard]] std::vector<AddressChange> to_silent(const Places& places,
                                                   const std::vector<net::Ip>& addresses);
[[nodiscard]] std::vector<AddressChange> to_released(const Places& places,
                                                     const std::vector<net::Ip>& addresses);
// Ours, and no gateway's any more.
[[nodiscard]] std::vector<AddressChange> of_nobody(const Places& places,
                                                   const std::vector<Moving>& gateways);

// What the host has of these; the kernel takes the larger of `all` and the interface's own.
struct ArpSettings {
  int ignore_all = 0;  // net/ipv4/conf/all/arp_ignore
  int ignore = 0;      // of the interface
  int announce_all = 0;
  int announce = 0;
  bool localnet = false;  // route_localnet of all, or of `lo`

  friend bool operator==(const ArpSettings&, const ArpSettings&) = default;
};

// What a quiet IPv4 address needs and the host has not; empty where it is fine.
// arp_ignore: 3 answers for no address of a host's scope, and changes nothing for others. With
// route_localnet the kernel does not count that scope, so it is 1, no answer for addresses of other
// devices. Where the host's owner has a value that does as well, it stays.
// arp_announce: who sends from the address asks ARP for his neighbours, and would name the address
// as his own there; with 2 he names one that does not move.
[[nodiscard]] std::vector<netlink::Sysctl> for_quiet(const std::string& interface,
                                                     const ArpSettings& settings);

}  // namespace cw::ha::arp
