// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "firewall/ruleset/filter.h"
#include "firewall/ruleset/ruleset.h"
#include "net/endpoint.h"
#include "net/key.h"
#include "net/prefix.h"
#include "netlink/codec/route_values.h"
#include "via6/parameters.h"

// What the kernel should look like, complete: what is ours and not here is to go. Plain values,
// sorted, so that equal means equal and texts are stable.
namespace cw::router {

struct DevicePeer {
  net::PublicKey key;
  std::string name;                      // for people; the kernel does not know it
  std::vector<net::Prefix> allowed_ips;  // sorted
  // Where it was when it was last seen, if that is recent. Used only where the peer has to be made
  // in the kernel (its device was deleted); one that is there keeps what it learned.
  std::optional<net::SocketAddress> resume;

  friend bool operator==(const DevicePeer&, const DevicePeer&) = default;
};

// One WireGuard device, one gateway.
struct Device {
  std::string name;
  std::string gateway;
  std::uint32_t mtu = 0;
  net::PublicKey public_key;
  std::uint16_t listen_port = 0;
  std::uint32_t fwmark = 0;
  bool gated = false;             // the mark is the closed one; if it is the open one, let it be
  std::vector<DevicePeer> peers;  // by key

  friend bool operator==(const Device&, const Device&) = default;
};

// What translates 4via6 on a device.
struct Translator {
  std::string device;
  via6::Parameters parameters;
  std::string digest;  // of the parameters, by which the kernel's is known

  friend bool operator==(const Translator&, const Translator&) = default;
};

// How a sysctl compares with what it is to be. The bounds are for numbers.
enum class Bound : std::uint8_t { Exactly, AtLeast, AtMost };

struct WantedSysctl {
  std::string key;
  std::string value;  // that it is set to where it is not within
  Bound bound = Bound::Exactly;

  // Where it has this value, nothing is to be done.
  [[nodiscard]] bool is_met_by(const std::string& there) const;

  friend bool operator==(const WantedSysctl&, const WantedSysctl&) = default;
};

struct DesiredState {
  std::vector<Device> devices;  // by name
  std::vector<netlink::Address> addresses;
  std::vector<netlink::Route> routes;
  std::vector<netlink::Rule> rules;
  bool gates = false;                         // rules of gates are somebody's: let them be
  std::vector<Translator> translators;        // by device
  std::vector<WantedSysctl> sysctls;          // in the order in which they are to be set
  std::optional<firewall::Ruleset> firewall;  // none only where nothing at all is wanted
  firewall::Filter filter;                    // what the ruleset was made of
  std::optional<WallTime> next_change;        // when time alone will change this: the next expiry

  friend bool operator==(const DesiredState&, const DesiredState&) = default;
};

}  // namespace cw::router
