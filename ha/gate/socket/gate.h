// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ha/gate/handshakes.h"
#include "ha/gate/rules.h"
#include "ha/gate/socket/source_routes.h"
#include "ha/gate/values.h"
#include "ha/values.h"
#include "netlink/socket/host_address.h"
#include "netlink/socket/route.h"
#include "netlink/socket/wireguard.h"

// The gates of this router's gateways in the kernel (values.h says what a gate is). Beside an agent
// that makes the devices, their peers and the routes; a device that is not there yet is no error,
// and is put right by compare() when it has come. What is here is kept by the kernel: the end of
// this object, or of its process, changes nothing.
//
// Refuses a gateway that it was not given, and more gateways than there are tables. Needs
// CAP_NET_ADMIN. One thread; blocks for short netlink requests only. A call reads, at most, one
// WireGuard device and the host's rules, addresses and main routes; a peer that is made anew costs
// the kernel a grace period of RCU, so at most kMostRemade of them are in one message.
//
// Errors: whatever was asked stays what is wanted, and compare() tries it again.
namespace cw::ha::gate {

// How often compare() is called. What it finds is an accident, which heals as fast as this.
inline constexpr Duration kCompareEvery{2000};

// Gates that are wanted open and whose device has the open mark; or cannot be read now, for who
// serves is not to take a failed read for a closed gate. `read` tells of the first that could not.
struct OpenGates {
  std::vector<std::string> names;  // sorted
  Result<> read;
};

class GateSocket {
 public:
  // Of each gateway, what the kernel has is what is wanted until told otherwise.
  static Result<GateSocket> create(Numbers numbers, std::vector<Gateway> gateways, Time now);

  // Another network: gateways that stay keep their gates, those that are new are taken as found,
  // and of those that go nothing of ours is left (their devices are the agent's). All of them are
  // known from then on, also after an error: a new one that could not be read is wanted closed. Too
  // many gateways change nothing.
  Result<> configure(std::vector<Gateway> gateways, Time now);

  // For ha::start().
  [[nodiscard]] OpenGates open_gates();

  // OpenGate. The mark and the first peers' handshakes are one message. `kicks`: most active first;
  // a peer that the device does not have is left out. What is not sent at once comes by on_time().
  // Of a gate that is open, nothing happens but that peers are kicked where stop_initiating() came
  // before: a sibling has been owner.
  Result<> open(const std::string& gateway, const std::vector<Kick>& kicks, Time now);

  // StartHandshakes: once more, of peers without a session since the gate was opened. Where the
  // gate is not open, nothing happens.
  Result<> start_handshakes(const std::string& gateway, const std::vector<Kick>& kicks, Time now);

  // StopInitiating: what was still to be kicked is not.
  Result<> stop_initiating(const std::string& gateway);

  Result<> close(const std::string& gateway, Time now);

  // Puts right whatever differs from what is wanted: rules, sources, the mark of a device that was
  // made anew. To be called every kCompareEvery, when an address of a gateway came or went, and
  // after an error.
  Result<> compare(Time now);

  // The next handshakes, where they are due.
  Result<> on_time(Time now);

  // When on_time() is to be called; none: nothing is due.
  [[nodiscard]] std::optional<Time> wake() const;

  // Takes the gates' rules and sources away, whatever the devices' marks: this host has failover no
  // more. The rule that closed devices depend on stays, it is the agent's to remove.
  Result<> stand_down();

 private:
  struct Entry {
    Gateway gateway;
    std::uint32_t table = 0;
    Gate gate;
  };

  GateSocket(Numbers numbers, netlink::RouteSocket routes, netlink::WireGuardSocket wireguard,
             netlink::HostAddressSocket addresses, SourceRoutes sources);

  Result<> take(std::vector<Gateway> gateways, Time now);
  Result<> settle_all(Time now);  // and clears tables of gateways that went
  Result<Entry*> find(const std::string& gateway);
  Result<std::optional<netlink::WgDevice>> read(const Entry& entry);
  Result<> add_rule(const netlink::Rule& rule);
  Result<> clear(std::uint32_t table);
  // `failed`: of a route that the kernel refused, say. What has no route in the table takes main's.
  Result<std::vector<Wanted>> settle_sources(Result<>& failed);
  Result<> settle(const std::function<Result<>()>& change_device);
  Result<> settle_device(Entry& entry, Time now);
  Result<> change(const Entry& entry, std::optional<std::uint32_t> mark,
                  std::vector<netlink::WgPeerChange> peers);
  Result<> send_due(Entry& entry, std::optional<std::uint32_t> mark, Time now);

  Numbers numbers_;
  netlink::RouteSocket routes_;
  netlink::WireGuardSocket wireguard_;
  netlink::HostAddressSocket addresses_;
  SourceRoutes sources_;
  std::vector<Entry> entries_;
};

}  // namespace cw::ha::gate
