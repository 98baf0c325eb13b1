// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "ha/replica/flow.h"
#include "ha/replica/payload.h"
#include "ha/values.h"

// What a standby of a gateway keeps of the owner's connections, and what its kernel is to be given,
// so that it has them before the address comes here. Pure: give it what came from the owner, call
// step() when due() has come, and carry out what it returns. One for each gateway; release() it at
// the takeover: what is in the kernel stays there. Refuses a tenure that is over and more than
// kMostConnections. One thread. Memory: kMostConnections, and kAhead payloads.
namespace cw::ha::replica {

// Payloads that came before one that is missing.
inline constexpr std::size_t kAhead = 128;

// A missing payload is asked for again after this; a round trip between zones is 2 ms.
inline constexpr Duration kAskEvery{50};

// And a picture: the first payloads of one take a moment.
inline constexpr Duration kAskWholeEvery{1000};

// How often the owner hears what is here, which is how it knows our lag.
inline constexpr Duration kHaveEvery{200};

// A lower tenure is believed after so much silence of the higher one: the arbiter's record was made
// anew, or a clock was set back.
inline constexpr Duration kStreamSilence{10'000};

// What is injected lives as long as the owner's would, and at least this: the kernel is reminded in
// time, and a takeover finds it there. Longer than two of kRemindEvery.
inline constexpr std::uint32_t kLeastTimeout = 180;
inline constexpr Duration kRemindEvery{60'000};

// Of one step: some milliseconds of the kernel's time, and 10 for those that it has already. The
// rest is due at once.
inline constexpr std::size_t kMostInjected = 500;

// Handed over at the takeover, at a time; some milliseconds.
inline constexpr std::size_t kMostReleased = 1'000;

class Standby {
 public:
  // `found`: what of the gateway's this kernel has already (ReplicationSocket::dump()). What the
  // owner does not have of it goes with the first whole picture.
  explicit Standby(std::span<const netlink::Connection> found, Time now);

  // The same in parts, at the start: from begin_look() to end_look() the kernel is given nothing,
  // since what is there already would cost more than what is not.
  void begin_look() { looking_ = true; }

  void looked(std::span<const netlink::Connection> part, Time now);
  void end_look(Time now);

  // An error is for the journal; nothing else is to be done about it.
  Result<> heard(std::span<const std::uint8_t> payload, Time now);

  struct Turn {
    std::vector<netlink::ConnectionId> remove;  // first
    std::vector<netlink::Connection> inject;
    std::vector<Payload> say;  // to the owner; who that is, the caller knows
  };

  [[nodiscard]] Turn step(Time now);

  [[nodiscard]] Time due() const { return due_; }

  // The kernel may have lost them (somebody flushed its table): all are injected again.
  void inject_again(Time now);

  // Has a whole picture of the present owner, and nothing is known to be missing.
  [[nodiscard]] bool complete() const;

  // How long ago the owner was heard.
  [[nodiscard]] std::optional<Duration> silence(Time now) const;

  [[nodiscard]] Picture picture() const;

  // Of what it has, the first kMostReleased, which it forgets; none: it has no more. Afterwards it
  // is good for nothing else.
  [[nodiscard]] std::vector<netlink::Connection> release();

  [[nodiscard]] Sum sum() const { return sum_; }

 private:
  struct Entry {
    netlink::Connection connection;
    std::uint64_t round = 0;  // the Begin after which it was told
    bool in_kernel = false;
    Time until{};  // the kernel forgets it
  };

  [[nodiscard]] bool follow(const Said& said, Time now);
  void keep_ahead(const Said& said);
  void take_ahead();
  void apply(const Said& said);
  void take_end();
  void take_tail(const Said& said);
  void put(const netlink::Connection& connection);
  void drop(const netlink::ConnectionId& id);
  void ask(Turn& turn, Time now);
  void remove(Turn& turn);
  void inject(Turn& turn, Time now);
  void remind(Time now);
  [[nodiscard]] bool is_missing() const;
  [[nodiscard]] std::vector<Want> gaps() const;

  Stream stream_;
  std::uint64_t applied_ = 0;  // 0: no Begin yet
  std::uint64_t latest_ = 0;   // the highest number heard of
  std::uint64_t round_ = 0;
  bool in_round_ = false;
  bool whole_ = false;  // a round was taken to its end
  bool looking_ = false;
  bool mismatch_ = false;
  std::map<std::uint64_t, Said> ahead_;

  std::map<netlink::ConnectionId, Entry> entries_;
  Sum sum_;
  std::set<netlink::ConnectionId> to_inject_;
  std::set<netlink::ConnectionId> to_remove_;

  std::optional<Time> heard_;
  std::optional<Time> ask_at_;
  std::uint64_t said_have_ = 0;
  Time have_at_{};
  Time remind_at_{};
  Time due_{};
};

}  // namespace cw::ha::replica
