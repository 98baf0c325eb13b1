// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "netlink/codec/route_values.h"
#include "netlink/codec/wireguard_values.h"

// The kernel as the rest of the product sees it. Two implementations: netlink/socket talks to the
// real one, the tests have a small model of it. Contract of every call:
//  - it may be made again with the same input: "exists already" and "not there" are success;
//  - a failure keeps the kernel's extended text in Error::message;
//  - a dump that was interrupted is retried a bounded number of times, then fails with
//    ErrorKind::Interrupted: the caller prunes nothing on it;
//  - blocking, local and short; one thread.
namespace cw::netlink {

class RouteSink {
 public:
  virtual ~RouteSink() = default;

  [[nodiscard]] virtual Result<std::vector<Link>> links() = 0;  // all of the host, by name
  // Addresses on devices of ours, routes of our table and protocol, rules of our priorities;
  // each sorted. What our values cannot express of a rule or route is in its `extra`, so that it
  // equals no desired one and goes.
  [[nodiscard]] virtual Result<std::vector<Address>> addresses() = 0;
  [[nodiscard]] virtual Result<std::vector<Route>> routes() = 0;
  [[nodiscard]] virtual Result<std::vector<Rule>> rules() = 0;

  // What of the host's, and not ours, overlaps one of these; sorted. A default route overlaps
  // nothing, nor does a route that goes nowhere. Reads all routes of the host.
  [[nodiscard]] virtual Result<std::vector<HostPrefix>> overlapping(
      const std::vector<net::Prefix>& prefixes) = 0;

  virtual Result<> create_wireguard(const std::string& device, std::uint32_t mtu) = 0;
  virtual Result<> remove_link(const std::string& device) = 0;
  virtual Result<> set_mtu(const std::string& device, std::uint32_t mtu) = 0;
  virtual Result<> set_up(const std::string& device) = 0;
  virtual Result<> add_address(const Address& address) = 0;
  virtual Result<> remove_address(const Address& address) = 0;
  virtual Result<> add_route(const Route& route) = 0;  // replaces one of ours to the same prefix
  virtual Result<> remove_route(const Route& route) = 0;
  virtual Result<> add_rule(const Rule& rule) = 0;
  virtual Result<> remove_rule(const Rule& rule) = 0;
};

class WireGuardSink {
 public:
  virtual ~WireGuardSink() = default;

  // ErrorKind::NotFound: no such device, or it is none of WireGuard's.
  [[nodiscard]] virtual Result<WgDevice> device(const std::string& name) = 0;
  // In as few messages as the kernel's limits allow, device attributes in the first.
  virtual Result<> change(const WgDeviceChange& change) = 0;
};

class SysctlSink {
 public:
  virtual ~SysctlSink() = default;

  // ErrorKind::NotFound: this kernel has no such knob (IPv6 off).
  [[nodiscard]] virtual Result<std::string> read(const std::string& key) = 0;
  virtual Result<> write(const Sysctl& sysctl) = 0;
  // There is such a knob, and we may turn it; some are the first network namespace's alone.
  [[nodiscard]] virtual bool writable(const std::string& key) = 0;
};

// A connection that the kernel tracks: from whom it came, before any NAT, and whom it has reached,
// behind it, which is what the ruleset judges.
struct Flow {
  net::Ip from;               // source of what it began with
  net::Ip asked;              // destination of what it began with: an alias, say
  net::Ip to;                 // source of the answers
  std::uint8_t protocol = 0;  // of IP
  std::uint16_t port = 0;     // of the destination; 0 where the protocol has none

  friend bool operator==(const Flow&, const Flow&) = default;
};

// Those connections of which all that is said here is true. Default: all there are.
struct FlowMatch {
  std::optional<net::Family> family;  // needed with any of the others
  // IPv4 only: of IPv6 the kernel tells just those whose address is another one (its comparison is
  // the wrong way round, ctnetlink_filter_match_tuple(), Linux 5.8 to 6.18 at least).
  std::optional<net::Ip> from;
  std::optional<net::Ip> to;
  std::optional<std::uint8_t> protocol;  // needed with a port
  std::optional<std::uint16_t> port;     // of the destination

  friend bool operator==(const FlowMatch&, const FlowMatch&) = default;
};

class ConntrackSink {
 public:
  virtual ~ConntrackSink() = default;

  // Forgets of those that match every connection of which `gone` says so, also one whose packets a
  // flowtable forwards; the others do not notice. How many those were. Its next packet makes a new
  // one, if the ruleset lets it. The kernel passes by what does not match, which costs a fortieth
  // of telling it.
  virtual Result<std::size_t> forget(const FlowMatch& among,
                                     const std::function<bool(const Flow&)>& gone) = 0;
};

}  // namespace cw::netlink
