// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "net/ip.h"
#include "netlink/codec/message.h"

// A tracked connection as a value that another kernel can be given: what ctnetlink tells of one
// (linux/netfilter/nfnetlink_conntrack.h), and the messages that make, refresh and delete it. TCP
// and UDP over IPv4 and IPv6; anything else is no connection here. Refuses what the kernel cannot
// have meant (families that differ, an attribute of the wrong size). Pure; messages cost one
// allocation.
namespace cw::netlink {

// What one direction's packets look like where they come in.
struct Tuple {
  net::Ip source;
  net::Ip destination;
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;

  friend auto operator<=>(const Tuple&, const Tuple&) = default;
};

[[nodiscard]] Tuple inverse(const Tuple& tuple);

// By which the kernel finds one.
struct ConnectionId {
  Tuple original;
  std::uint8_t protocol = 0;  // of IP
  std::uint16_t zone = 0;

  friend auto operator<=>(const ConnectionId&, const ConnectionId&) = default;
};

// Of TCP, what one end has offered: window scale and IP_CT_TCP_FLAG_*.
struct TcpEnd {
  std::uint8_t scale = 0;
  std::uint8_t flags = 0;

  friend bool operator==(const TcpEnd&, const TcpEnd&) = default;
};

struct Connection {
  ConnectionId id;
  Tuple reply;               // differs from inverse(id.original) by what NAT does
  std::uint32_t status = 0;  // IPS_*
  std::uint32_t mark = 0;
  std::optional<std::uint32_t> timeout;   // seconds; untold of one in a flowtable
  std::optional<std::uint8_t> tcp_state;  // TCP_CONNTRACK_*; untold in a flowtable and where an
                                          // event is about something else
  TcpEnd original_end;
  TcpEnd reply_end;

  friend bool operator==(const Connection&, const Connection&) = default;
};

struct ConnectionEvent {
  bool gone = false;
  Connection connection;

  friend bool operator==(const ConnectionEvent&, const ConnectionEvent&) = default;
};

// From an event or a line of a dump; none for any other message.
[[nodiscard]] std::optional<ConnectionEvent> decode_connection(const Message& message);

// All of both families that are in use: those that no answer came to are left out by the kernel.
[[nodiscard]] std::vector<std::uint8_t> list_connections();

// Fails with EEXIST where one with either of its tuples is there. NAT is set up as its tuples say;
// window tracking is liberal, since the numbers of the stream are those of another kernel; its
// status is that of an assured one, which is not evicted early. Without a timeout it has none to
// live on: give it one.
[[nodiscard]] std::vector<std::uint8_t> create_connection(const Connection& connection);

// Timeout, mark, TCP state and liberal windows of one that is there. The kernel never changes its
// tuples.
[[nodiscard]] std::vector<std::uint8_t> refresh_connection(const Connection& connection);

// Answered by what decode_connection() reads, or ENOENT.
[[nodiscard]] std::vector<std::uint8_t> find_connection(const ConnectionId& id);

// The one whose answers look like that, whoever began it.
[[nodiscard]] std::vector<std::uint8_t> find_by_reply(const Connection& connection);

[[nodiscard]] std::vector<std::uint8_t> delete_connection(const ConnectionId& id);

}  // namespace cw::netlink
