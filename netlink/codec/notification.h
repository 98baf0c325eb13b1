// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "netlink/codec/message.h"
#include "netlink/codec/route_codec.h"
#include "netlink/codec/route_values.h"

// What the kernel announces of changes to itself, as values, and which of it concerns us. Pure.
//
// A change that we made ourselves is told apart by the port of the socket that asked for it. Not
// every kernel says it (6.1 does not for links and never for forwarding): then the origin is
// foreign, which costs one look that finds nothing to do.
namespace cw::netlink {

enum class What : std::uint8_t {
  Link,     // a device came, went or changed
  Address,  // on a device
  Route,    // in a table
  Rule,
  Filter,    // tc's, or a qdisc, of a device
  Netconf,   // forwarding or rp_filter of a device, or of all
  Table,     // a transaction on an nft table
  Overflow,  // notifications were lost: everything may have changed
};

enum class Origin : std::uint8_t { Own, Foreign };

struct Notification {
  What what = What::Overflow;
  Origin origin = Origin::Foreign;
  std::string name;          // of the device ("all" and "default" with Netconf) or the nft table
  std::uint32_t number = 0;  // table of a Route, priority of a Rule

  friend auto operator<=>(const Notification&, const Notification&) = default;
};

// What to look out for besides what is ours.
struct Interest {
  Ownership ownership;
  std::string nft_table;                  // family inet
  std::vector<std::string> site_devices;  // not ours, but used: the LAN interface

  friend bool operator==(const Interest&, const Interest&) = default;
};

// Does this call for a new plan?
[[nodiscard]] bool concerns(const Notification& notification, const Interest& interest);

// From one rtnetlink message; none for kinds that never matter. `own_ports` are the netlink ports
// of our own sockets.
[[nodiscard]] std::optional<Notification> decode_route_notification(
    const Message& message, const std::vector<std::uint32_t>& own_ports, const DeviceName& name);

// A device that is renamed is announced by its new name alone. This remembers what ours are called,
// by their index.
class LinkNames {
 public:
  explicit LinkNames(Ownership ownership) : ownership_(std::move(ownership)) {}

  void learn(int index, const std::string& name);

  // The name that a device of ours had until this message, if it is another one now.
  [[nodiscard]] std::optional<std::string> renamed(const Message& message);

 private:
  Ownership ownership_;
  std::map<int, std::string> names_;
};

// nf_tables sends what a transaction changed, object by object, and then who it was
// (NFT_MSG_NEWGEN, with the number of the process). So what was touched waits for that.
class NftTransactions {
 public:
  // `table`: ours, of family inet. What others change in theirs is not kept: it may be any number
  // of them in one transaction, and dynamic sets change outside of any.
  NftTransactions(std::uint32_t own_process, std::string table)
      : own_process_(own_process), table_(std::move(table)) {}

  // What touched our table, once the transaction is complete; nothing before, and for all others.
  [[nodiscard]] std::optional<Notification> take(const Message& message);

  // After an overflow: the end of what is pending may have been lost.
  void forget() { touched_ = false; }

 private:
  std::uint32_t own_process_;
  std::string table_;
  bool touched_ = false;
};

}  // namespace cw::netlink
