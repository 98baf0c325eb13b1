// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "ha/reset/segment.h"
#include "ha/values.h"
#include "netlink/codec/connection.h"

// Tells clients that connections of the router before have ended, so that applications connect
// again instead of waiting for minutes. One for each takeover, of an owner alone. Each client is
// provoked in its server's name, and what it answers has the number with which a reset is believed;
// what it sends by itself does as well. Nothing but the tuples given is ever answered, and for
// kPatience at most. Pure: give it the tuples, as many at a time as the caller's loop can spare the
// time for, and the segments of clients, call step() when due() has come, send what both return.
// One thread. Memory: some 200 bytes a connection.
namespace cw::ha::reset {

// So many every so often: 6,400 a second, each of some 100 bytes on the wire. Their answers fit the
// socket that hears them (net.core.rmem_default, 208 KiB).
inline constexpr std::size_t kMostPerStep = 128;
inline constexpr Duration kStep{20};

// Those whose time is over are forgotten in so many a step, due at once again: a millisecond.
inline constexpr std::size_t kMostForgotten = 2'000;

// Until a client answers: as often as handshakes are begun again while the address settles, since
// what is sent before there is a session may be lost; then seldom, for one that is asleep.
inline constexpr Duration kFast{250};
inline constexpr unsigned kFastTimes = 8;
inline constexpr Duration kSlow{2000};
// A client that comes later is told by the server, when it sends something.
inline constexpr Duration kPatience{30'000};

// A reset may be lost: then the connection still answers. Linux answers such provocation twice a
// second (net.ipv4.tcp_invalid_ratelimit, 500 ms).
inline constexpr Duration kLookAgain{600};
inline constexpr unsigned kMostLooks = 2;
inline constexpr unsigned kMostResets = 5;

class Resets {
 public:
  explicit Resets(Time now) : began_(now), paced_(now) {}

  // As a client sends: source is the peer. Of those that wait for the first time a lower rank comes
  // first, and of one rank who was given first.
  void add(const netlink::Tuple& client, std::size_t rank = 0);

  // Of a client; what it is answered with. None for what is of no connection here.
  [[nodiscard]] std::optional<Packet> heard(const Segment& segment, Time now);

  [[nodiscard]] std::vector<Packet> step(Time now);

  // None: all have been told, or given up.
  [[nodiscard]] std::optional<Time> due() const;

  [[nodiscard]] std::size_t total() const { return total_; }

  // Sent a reset, each counted once, and after how long the last of them was.
  [[nodiscard]] std::size_t told() const { return told_; }

  [[nodiscard]] Duration took() const { return took_; }

 private:
  struct Turn {
    Time when;
    std::size_t rank = 0;

    friend auto operator<=>(const Turn&, const Turn&) = default;
  };

  using Turns = std::multimap<Turn, netlink::Tuple>;

  struct Flow {
    unsigned provoked = 0;  // since it was given, or reset last
    unsigned resets = 0;
    Turns::iterator turn;
  };

  using Flows = std::map<netlink::Tuple, Flow>;

  void forget(Flows::iterator at);
  void provoke_at(Flows::iterator at, Time when);

  Time began_;
  Time paced_;  // nothing before
  Flows flows_;
  Turns turns_;  // whom to provoke, when
  std::size_t total_ = 0;
  std::size_t told_ = 0;
  Duration took_{};
};

}  // namespace cw::ha::reset
