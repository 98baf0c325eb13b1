// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ha/replica/flow.h"
#include "ha/replica/payload.h"
#include "ha/values.h"

// What the owner of a gateway tells its siblings of its connections: changes within kGather, and
// the whole picture to whoever has none. One for each gateway and tenure; the picture begins with
// the first look at all there are. Pure: give it what the kernel told and what siblings said, call
// step() when due() has come, send what it returns. One thread. Memory: kMostConnections, twice as
// many identities during a look, and kRetained payloads.
namespace cw::ha::replica {

// What a look finds gone is looked for in so many at a time; some milliseconds.
inline constexpr std::size_t kMostSwept = 2'500;

// Changes of this long are one payload: a takeover loses no more than that, and a burst of new
// connections is not a burst of datagrams.
inline constexpr Duration kGather{50};

// Of one step: with kGather 1.5 MB/s at most, and some 40,000 connections.
inline constexpr std::size_t kMostPerStep = 64;

// What a sibling may ask for again: half a second of the fastest, 600 kB.
inline constexpr std::size_t kRetained = 512;

// While nothing changes, so that the loss of the last payload is found.
inline constexpr Duration kTailEvery{1000};

class Owner {
 public:
  explicit Owner(Stream stream);

  // In the order in which the kernel tells it.
  void changed(const netlink::ConnectionEvent& event, Time now);

  // A look at all there are: at the start, after a loss of events, and once a minute. In parts, so
  // that the caller may do other things between: begin_look(), looked() with what the kernel tells,
  // end_look() until it is over. What events tell meanwhile stands, since a dump may be older than
  // they are. A look that is begun anew counts for nothing.
  void begin_look();
  void looked(std::span<const netlink::Connection> part, Time now);

  enum class LookEnd : std::uint8_t {
    NotYet,
    Whole,
    Doubtful,  // more happened meanwhile than is remembered, and nothing is known to be gone
  };

  [[nodiscard]] LookEnd end_look(Time now);

  // In one go.
  void dumped(std::span<const netlink::Connection> all, Time now);

  // From a sibling, by name. What is not for this tenure changes nothing; an error is for the
  // journal.
  Result<> heard(std::string_view sibling, std::span<const std::uint8_t> payload, Time now);

  // To every sibling that is a standby of this gateway.
  [[nodiscard]] std::vector<Payload> step(Time now);

  [[nodiscard]] Time due() const { return due_; }

  // For how long the sibling has not had something: 0 when it has all. None: it never spoke, or has
  // no picture yet.
  [[nodiscard]] std::optional<Duration> lag(std::string_view sibling, Time now) const;

  [[nodiscard]] const Picture& picture() const { return picture_; }

  [[nodiscard]] Sum sum() const { return sum_; }

  // Connections that were worth it and did not fit.
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }

 private:
  struct Sent {
    Payload bytes;
    Time at;
  };

  // Who told of a connection during a look.
  enum class Seen : std::uint8_t {
    Dump,
    Event,
    EventWithoutState,  // of TCP: the dump has it
  };

  void see(const netlink::ConnectionEvent& event);
  void keep(const netlink::Connection& connection, Time now);
  void drop(const netlink::ConnectionId& id, Time now);
  void note(const netlink::ConnectionId& id, Time now);
  void wake(Time at);
  void want(const Want& want, std::uint64_t applied, Time now);

  [[nodiscard]] std::uint64_t oldest() const { return sequence_ - retained_.size() + 1; }

  void say(std::vector<Payload>& out, Said said, Time now);
  void say_again(std::vector<Payload>& out);
  void say_changes(std::vector<Payload>& out, Time now);
  void say_picture(std::vector<Payload>& out, Time now);

  Stream stream_;
  Picture picture_;
  Sum sum_;
  std::set<netlink::ConnectionId> changed_;  // since it was said
  std::set<netlink::ConnectionId> unsaid_;   // of these, never said at all
  std::uint64_t left_out_ = 0;

  bool looking_ = false;
  std::map<netlink::ConnectionId, Seen> seen_;
  bool unseen_ = false;                         // more than it holds
  std::optional<netlink::ConnectionId> swept_;  // up to this one

  std::uint64_t sequence_ = 0;
  std::deque<Sent> retained_;      // the last is sequence_
  std::set<std::uint64_t> again_;  // asked for
  std::uint64_t began_ = 0;        // the last Begin
  bool dumped_ = false;
  bool whole_wanted_ = false;
  bool telling_ = false;                       // between Begin and End
  std::optional<netlink::ConnectionId> told_;  // the picture up to this one
  std::map<std::string, std::uint64_t, std::less<>> applied_;

  Time due_{};
  Time tail_{};
  std::optional<Time> stepped_;  // and said something
};

}  // namespace cw::ha::replica
