// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "net/prefix.h"
#include "netlink/codec/connection.h"
#include "netlink/socket/channel.h"

// Tracked connections of a gateway, told by this kernel and given to it. Needs CAP_NET_ADMIN; one
// thread; blocks as Channel does, read() never. Costs three descriptors, 96 KiB, and up to
// kEventBuffer of the kernel's memory while events wait.
//
// The whole table of a host takes a second for a million entries, whoever's: a loop that has other
// things to do dumps it in parts.
//
// Open it as long as the router serves the gateway, on a standby as well: Linux lets only those
// connections announce their end that began while somebody listened (nf_conntrack_events = 2). For
// those that began before, and for flows that entered a flowtable, dump once a minute.
namespace cw::netlink {

// Entries of the host's table, whoever's, that one part of a dump takes, and with the last datagram
// some hundred more: a few milliseconds, where a sibling expects a heartbeat every hundred.
inline constexpr std::size_t kMostPerPart = 1'000;

// 100,000 events of some 500 bytes with the kernel's own overhead.
inline constexpr int kEventBuffer = 64 * 1024 * 1024;

class ReplicationSocket {
 public:
  // `ours`: the overlay prefixes of the gateway: block, its IPv6 twin, its 240/4 image.
  static Result<ReplicationSocket> create(std::vector<net::Prefix> ours);

  [[nodiscard]] int fd() const { return events_.get(); }

  struct Read {
    std::vector<ConnectionEvent> events;  // in order
    bool lost = false;                    // some were: take these, then dump anew
    bool more = false;                    // and still wait: read again
  };

  Result<Read> read();

  struct Part {
    std::vector<Connection> connections;
    bool last = false;
  };

  // All there are, in parts; one that is under way is given up.
  Result<> begin_dump();
  // After an error it is over. What was told until then is true, but not all. One connection may be
  // told twice.
  Result<Part> dump_part();

  // In one go. Interrupted where the table was rebuilt, again and again.
  Result<std::vector<Connection>> dump();

  struct Injected {
    std::size_t made = 0;
    std::size_t refreshed = 0;  // was there
    std::size_t replaced = 0;   // another one had one of its tuples
  };

  // Each is in the kernel afterwards, or the error is the first one's and the others are there all
  // the same. Any number; some 100 a system call.
  Result<Injected> inject(std::span<const Connection> connections);

  // What is not there is as wanted.
  Result<> remove(std::span<const ConnectionId> connections);

 private:
  ReplicationSocket(std::vector<net::Prefix> ours, UniqueFd events, Channel list, Channel change);

  Result<> replace(const Connection& connection, Injected& injected);

  std::vector<net::Prefix> ours_;
  UniqueFd events_;
  Channel list_;
  Channel change_;
  bool dumping_ = false;  // by list_: not to its end yet, or it failed, and the rest may wait
  std::vector<std::uint8_t> buffer_;
};

}  // namespace cw::netlink
