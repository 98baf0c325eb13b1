// SPDX-License-Identifier: Apache-2.0
#include "ha/replica/standby.h"

#include <algorithm>
#include <utility>

namespace cw::ha::replica {

namespace {

// What was overtaken on the way comes within this.
constexpr Duration kAskAfter{10};

// Two pictures that should be equal and are not are a bug somewhere; a whole one mends it, and is
// not to be sent without end.
constexpr Duration kAskMismatchEvery{10'000};

// At once; the owner says no more in one step.
constexpr std::uint64_t kMostAsked = 64;

// Each is a payload of its own.
constexpr std::size_t kMostGaps = 16;

// The owner's and, until its first picture is whole, those found here.
constexpr std::size_t kMostHeld = 2 * kMostConnections;

std::uint32_t timeout_of(const netlink::Connection& connection) {
  return std::max(connection.timeout.value_or(0), kLeastTimeout);
}

}  // namespace

Standby::Standby(std::span<const netlink::Connection> found, Time now)
    : remind_at_(now + kRemindEvery), due_(now) {
  looked(found, now);
}

void Standby::looked(std::span<const netlink::Connection> part, Time now) {
  for (const auto& told : part) {
    const auto kept = worth_keeping(told, nullptr);
    if (!kept) {
      continue;
    }
    auto at = entries_.find(kept->id);
    if (at == entries_.end() && whole_) {
      to_remove_.insert(kept->id);  // the owner has told all, and not this one
      continue;
    }
    if (at == entries_.end()) {
      if (entries_.size() >= kMostConnections) {
        continue;
      }
      put(*kept);
      at = entries_.find(kept->id);
      at->second.round = 0;  // nobody has told of it
    } else if (!same_for_a_sibling(at->second.connection, *kept)) {
      continue;  // given to the kernel as the owner told it
    }
    at->second.in_kernel = true;
    at->second.until = now + std::chrono::seconds(kept->timeout.value_or(0));
    to_inject_.erase(kept->id);
  }
}

void Standby::end_look(Time now) {
  looking_ = false;
  due_ = std::min(due_, now);
}

Result<> Standby::heard(std::span<const std::uint8_t> payload, Time now) {
  const auto said = CW_TRY(read(payload));
  if (std::holds_alternative<Have>(said.what) || std::holds_alternative<Want>(said.what)) {
    return Error::invalid("an owner speaks as a standby");
  }
  if (!follow(said, now)) {
    return {};
  }
  latest_ = std::max(latest_, said.sequence);
  if (std::holds_alternative<Tail>(said.what)) {
    take_tail(said);
  } else if (said.sequence > applied_) {
    const bool next = applied_ != 0 && said.sequence == applied_ + 1;
    const bool begins = std::holds_alternative<Begin>(said.what);
    if (begins && !next) {
      whole_ = false;  // what was missed is made good at its end
    }
    if (begins || next) {
      apply(said);
      take_ahead();
    } else {
      keep_ahead(said);
    }
  }
  if (!is_missing()) {
    ask_at_.reset();
  } else if (!ask_at_) {
    ask_at_ = now + kAskAfter;
  }
  due_ = std::min(due_, now);
  return {};
}

// Whether it is of the tenure that counts.
bool Standby::follow(const Said& said, Time now) {
  if (said.stream != stream_) {
    const bool silent = heard_ && now - *heard_ > kStreamSilence;
    if (said.stream < stream_ && !silent) {
      return false;
    }
    stream_ = said.stream;
    applied_ = latest_ = said_have_ = 0;
    in_round_ = whole_ = mismatch_ = false;
    ahead_.clear();
    ask_at_.reset();
  }
  heard_ = now;
  return true;
}

void Standby::keep_ahead(const Said& said) {
  if (ahead_.size() >= kAhead) {
    const auto last = std::prev(ahead_.end());
    if (last->first < said.sequence) {
      return;
    }
    ahead_.erase(last);
  }
  ahead_.emplace(said.sequence, said);
}

void Standby::take_ahead() {
  ahead_.erase(ahead_.begin(), ahead_.upper_bound(applied_));
  while (!ahead_.empty() && ahead_.begin()->first == applied_ + 1) {
    const auto next = ahead_.extract(ahead_.begin());
    apply(next.mapped());
  }
}

void Standby::apply(const Said& said) {
  applied_ = said.sequence;
  if (std::holds_alternative<Begin>(said.what)) {
    ++round_;
    in_round_ = true;
  } else if (const auto* changes = std::get_if<Changes>(&said.what)) {
    for (const auto& id : changes->gone) {
      drop(id);
    }
    for (const auto& connection : changes->there) {
      put(connection);
    }
  } else if (in_round_) {
    take_end();
  }
}

void Standby::take_end() {
  std::vector<netlink::ConnectionId> stale;
  for (const auto& [id, entry] : entries_) {
    if (entry.round != round_) {
      stale.push_back(id);
    }
  }
  for (const auto& id : stale) {
    drop(id);
  }
  in_round_ = false;
  whole_ = true;
  mismatch_ = false;
}

void Standby::take_tail(const Said& said) {
  if (said.sequence == applied_ && whole_ && !in_round_) {
    mismatch_ = sum_ != std::get<Tail>(said.what).sum;
  }
  said_have_ = 0;  // or the owner may not have heard it
}

void Standby::put(const netlink::Connection& connection) {
  auto at = entries_.find(connection.id);
  if (at == entries_.end()) {
    if (entries_.size() >= kMostHeld) {
      return;
    }
    at = entries_.emplace(connection.id, Entry{}).first;
    ++sum_.count;
  } else {
    sum_.digest -= digest_of(at->second.connection);
    if (at->second.in_kernel && !same_for_a_sibling(at->second.connection, connection)) {
      at->second.in_kernel = false;
    }
  }
  sum_.digest += digest_of(connection);
  at->second.connection = connection;
  at->second.round = round_;
  to_remove_.erase(connection.id);
  if (!at->second.in_kernel) {
    to_inject_.insert(connection.id);
  }
}

void Standby::drop(const netlink::ConnectionId& id) {
  const auto at = entries_.find(id);
  if (at == entries_.end()) {
    return;
  }
  --sum_.count;
  sum_.digest -= digest_of(at->second.connection);
  entries_.erase(at);
  to_inject_.erase(id);
  to_remove_.insert(id);
}

Standby::Turn Standby::step(Time now) {
  Turn turn;
  if (now >= remind_at_) {
    remind(now);
  }
  if (!looking_) {
    remove(turn);
    inject(turn, now);
  }
  ask(turn, now);
  if (applied_ != said_have_ && now >= have_at_) {
    turn.say.push_back(write({.stream = stream_, .sequence = applied_, .what = Have{}}));
    said_have_ = applied_;
    have_at_ = now + kHaveEvery;
  }
  due_ = remind_at_;
  if (ask_at_) {
    due_ = std::min(due_, *ask_at_);
  }
  if (applied_ != said_have_) {
    due_ = std::min(due_, have_at_);
  }
  if (!looking_ && (!to_inject_.empty() || !to_remove_.empty())) {
    due_ = now;
  }
  return turn;
}

void Standby::remove(Turn& turn) {
  while (!to_remove_.empty() && turn.remove.size() < kMostInjected) {
    turn.remove.push_back(*to_remove_.begin());
    to_remove_.erase(to_remove_.begin());
  }
}

void Standby::inject(Turn& turn, Time now) {
  while (!to_inject_.empty() && turn.inject.size() < kMostInjected) {
    auto& entry = entries_.at(*to_inject_.begin());
    to_inject_.erase(to_inject_.begin());
    auto connection = entry.connection;
    connection.timeout = timeout_of(connection);
    entry.in_kernel = true;
    entry.until = now + std::chrono::seconds(*connection.timeout);
    turn.inject.push_back(connection);
  }
}

// Whatever has lived half of its time, or would not live to be looked at twice more.
void Standby::remind(Time now) {
  remind_at_ = now + kRemindEvery;
  for (auto& [id, entry] : entries_) {
    const auto half = std::chrono::seconds(timeout_of(entry.connection) / 2);
    if (entry.in_kernel &&
        entry.until - now < std::max<Time::duration>(half, 2 * Time::duration(kRemindEvery))) {
      entry.in_kernel = false;
      to_inject_.insert(id);
    }
  }
}

void Standby::inject_again(Time now) {
  for (auto& [id, entry] : entries_) {
    entry.in_kernel = false;
    to_inject_.insert(id);
  }
  due_ = now;
}

bool Standby::is_missing() const {
  return applied_ == 0 || mismatch_ || latest_ > applied_;
}

// The first gaps, as many as one step of the owner's fills.
std::vector<Want> Standby::gaps() const {
  std::vector<Want> gaps;
  std::uint64_t asked = 0;
  const auto ask_for = [&](std::uint64_t first, std::uint64_t last) {
    if (first <= last && asked < kMostAsked && gaps.size() < kMostGaps) {
      gaps.push_back({.first = first, .last = std::min(last, first + (kMostAsked - asked) - 1)});
      asked += gaps.back().last - first + 1;
    }
  };
  auto first = applied_ + 1;
  for (const auto& [number, said] : ahead_) {
    ask_for(first, number - 1);
    first = number + 1;
  }
  ask_for(first, latest_);
  return gaps;
}

void Standby::ask(Turn& turn, Time now) {
  if (!is_missing()) {
    ask_at_.reset();
    return;
  }
  if (ask_at_ && now < *ask_at_) {
    return;
  }
  const bool whole = applied_ == 0 || mismatch_;
  for (const auto& want : whole ? std::vector{Want{.whole = true}} : gaps()) {
    turn.say.push_back(write({.stream = stream_, .sequence = applied_, .what = want}));
  }
  if (!whole) {
    ask_at_ = now + kAskEvery;
  } else {
    ask_at_ = now + (mismatch_ ? kAskMismatchEvery : kAskWholeEvery);
  }
}

bool Standby::complete() const {
  return whole_ && !mismatch_ && !looking_ && latest_ == applied_;
}

std::optional<Duration> Standby::silence(Time now) const {
  if (!heard_) {
    return std::nullopt;
  }
  return std::chrono::duration_cast<Duration>(now - *heard_);
}

Picture Standby::picture() const {
  Picture picture;
  for (const auto& [id, entry] : entries_) {
    picture.emplace(id, entry.connection);
  }
  return picture;
}

std::vector<netlink::Connection> Standby::release() {
  std::vector<netlink::Connection> released;
  while (!entries_.empty() && released.size() < kMostReleased) {
    released.push_back(entries_.extract(entries_.begin()).mapped().connection);
  }
  return released;
}

}  // namespace cw::ha::replica
