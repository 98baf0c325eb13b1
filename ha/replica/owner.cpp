// SPDX-License-Identifier: Apache-2.0
#include "ha/replica/owner.h"

#include <algorithm>

#include <netinet/in.h>

namespace cw::ha::replica {

namespace {

// The loss of the last payload of a burst is found after this.
constexpr Duration kFirstTail{100};

// Of one look: all that there may be, and as many that come and go meanwhile.
constexpr std::size_t kMostSeen = 2 * kMostConnections;

// More than any gateway has.
constexpr std::size_t kMostSiblings = 16;

// Fills one payload.
class Filler {
 public:
  bool add(const netlink::Connection& connection) {
    return room_for(bytes_of(connection)) && (changes_.there.push_back(connection), true);
  }

  bool add(const netlink::ConnectionId& gone) {
    return room_for(bytes_of(gone)) && (changes_.gone.push_back(gone), true);
  }

  [[nodiscard]] bool empty() const { return changes_.there.empty() && changes_.gone.empty(); }

  [[nodiscard]] Changes take() { return std::move(changes_); }

 private:
  bool room_for(std::size_t bytes) {
    if (size_ + bytes > kMostPayload) {
      return false;
    }
    size_ += bytes;
    return true;
  }

  Changes changes_;
  std::size_t size_ = kChangesBytes;
};

}  // namespace

Owner::Owner(Stream stream) : stream_(stream) {}

void Owner::changed(const netlink::ConnectionEvent& event, Time now) {
  if (looking_) {
    see(event);
  }
  const auto& told = event.connection;
  const auto known = picture_.find(told.id);
  const bool is_known = known != picture_.end();
  const auto kept =
      event.gone ? std::nullopt : worth_keeping(told, is_known ? &known->second : nullptr);
  if (kept) {
    keep(*kept, now);
  } else if (is_known) {
    drop(told.id, now);
  }
}

void Owner::begin_look() {
  looking_ = true;
  seen_.clear();
  unseen_ = false;
  swept_.reset();
}

void Owner::see(const netlink::ConnectionEvent& event) {
  const auto& told = event.connection;
  const auto known = seen_.find(told.id);
  if (known == seen_.end() && seen_.size() >= kMostSeen) {
    unseen_ = true;
    return;
  }
  const bool has_state = event.gone || told.id.protocol != IPPROTO_TCP || told.tcp_state;
  if (known == seen_.end()) {
    seen_.emplace(told.id, has_state ? Seen::Event : Seen::EventWithoutState);
  } else if (has_state || known->second == Seen::Dump) {
    known->second = Seen::Event;
  }
}

void Owner::looked(std::span<const netlink::Connection> part, Time now) {
  for (const auto& told : part) {
    const auto known = picture_.find(told.id);
    const auto seen = seen_.find(told.id);
    const bool by_event = seen != seen_.end() && seen->second != Seen::Dump;
    if (by_event && (seen->second == Seen::Event || known == picture_.end())) {
      continue;
    }
    auto kept = worth_keeping(told, known != picture_.end() ? &known->second : nullptr);
    if (!kept) {
      continue;
    }
    if (by_event) {
      kept->mark = known->second.mark;
      kept->timeout = known->second.timeout;
      seen->second = Seen::Event;
    }
    keep(*kept, now);
    if (seen == seen_.end() && picture_.contains(told.id)) {
      seen_.emplace(told.id, Seen::Dump);
    }
  }
}

Owner::LookEnd Owner::end_look(Time now) {
  auto next = swept_ ? picture_.upper_bound(*swept_) : picture_.begin();
  for (std::size_t i = 0; !unseen_ && next != picture_.end() && i < kMostSwept; ++i) {
    swept_ = next->first;
    ++next;
    if (seen_.erase(*swept_) == 0) {
      drop(*swept_, now);
    }
  }
  if (!unseen_ && next != picture_.end()) {
    return LookEnd::NotYet;
  }
  looking_ = false;
  seen_.clear();
  dumped_ = true;
  if (began_ == 0) {
    whole_wanted_ = true;
    wake(now);
  }
  return unseen_ ? LookEnd::Doubtful : LookEnd::Whole;
}

void Owner::dumped(std::span<const netlink::Connection> all, Time now) {
  begin_look();
  looked(all, now);
  while (end_look(now) == LookEnd::NotYet) {
  }
}

void Owner::keep(const netlink::Connection& connection, Time now) {
  const auto known = picture_.find(connection.id);
  if (known == picture_.end()) {
    if (picture_.size() >= kMostConnections) {
      ++left_out_;
      return;
    }
    picture_.emplace(connection.id, connection);
    ++sum_.count;
    sum_.digest += digest_of(connection);
    if (began_ != 0 && !changed_.contains(connection.id)) {
      unsaid_.insert(connection.id);
    }
    note(connection.id, now);
    return;
  }
  if (same_for_a_sibling(known->second, connection)) {
    return;
  }
  sum_.digest += digest_of(connection) - digest_of(known->second);
  known->second = connection;
  note(connection.id, now);
}

void Owner::drop(const netlink::ConnectionId& id, Time now) {
  const auto known = picture_.find(id);
  --sum_.count;
  sum_.digest -= digest_of(known->second);
  picture_.erase(known);
  if (unsaid_.erase(id) != 0) {
    changed_.erase(id);  // nobody has heard of it
  } else {
    note(id, now);
  }
}

void Owner::note(const netlink::ConnectionId& id, Time now) {
  if (began_ == 0) {
    return;  // the first picture has it
  }
  changed_.insert(id);
  wake(now + kGather);
}

void Owner::wake(Time at) {
  due_ = std::min(due_, at);
}

Result<> Owner::heard(std::string_view sibling, std::span<const std::uint8_t> payload, Time now) {
  const auto said = CW_TRY(read(payload));
  const bool knows_us = said.stream == stream_;
  if (!knows_us && said.stream != Stream{}) {
    return {};  // of another tenure; it learns of this one by what we say
  }
  const auto* wanted = std::get_if<Want>(&said.what);
  if (wanted == nullptr && !std::holds_alternative<Have>(said.what)) {
    return Error::invalid("a standby speaks as an owner");
  }
  auto known = applied_.find(sibling);
  if (known == applied_.end() && applied_.size() < kMostSiblings) {
    known = applied_.emplace(std::string(sibling), 0).first;
  }
  if (known != applied_.end()) {
    // One that begins anew has nothing, whatever it had.
    const bool anew = wanted != nullptr && wanted->whole && said.sequence == 0;
    known->second = anew ? 0 : std::min(std::max(known->second, said.sequence), sequence_);
  }
  if (wanted != nullptr) {
    want(*wanted, knows_us ? said.sequence : 0, now);
  }
  return {};
}

void Owner::want(const Want& want, std::uint64_t applied, Time now) {
  const bool can_begin = began_ != 0 && began_ >= oldest() && applied < began_;
  if (want.whole || want.first < oldest()) {
    if (can_begin) {
      again_.insert(began_);  // from there on it asks for what it misses
    } else if (!telling_ || applied < began_) {
      whole_wanted_ = true;
    }
  } else {
    for (auto number = want.first; number <= std::min(want.last, sequence_); ++number) {
      again_.insert(number);
    }
  }
  wake(now);
}

std::vector<Payload> Owner::step(Time now) {
  std::vector<Payload> out;
  if (stepped_ && now < *stepped_ + kGather) {
    due_ = *stepped_ + kGather;
    return out;
  }
  say_again(out);
  // Before the first dump there is no picture, and an empty one would be believed.
  if (whole_wanted_ && dumped_ && out.size() < kMostPerStep) {
    whole_wanted_ = false;
    telling_ = true;
    told_.reset();
    say(out, {.what = Begin{}}, now);
    began_ = sequence_;
  }
  say_changes(out, now);
  say_picture(out, now);
  const bool pending = !again_.empty() || !changed_.empty() || telling_;
  if (!out.empty()) {
    stepped_ = now;
    tail_ = now + kFirstTail;
  } else if (now >= tail_ && began_ != 0) {
    out.push_back(write({.stream = stream_, .sequence = sequence_, .what = Tail{.sum = sum_}}));
    tail_ = now + kTailEvery;
  }
  due_ = pending ? now + kGather : std::max(tail_, now + kGather);
  return out;
}

void Owner::say(std::vector<Payload>& out, Said said, Time now) {
  said.stream = stream_;
  said.sequence = ++sequence_;
  retained_.push_back({.bytes = write(said), .at = now});
  out.push_back(retained_.back().bytes);
  if (retained_.size() > kRetained) {
    retained_.pop_front();
  }
}

void Owner::say_again(std::vector<Payload>& out) {
  again_.erase(again_.begin(), again_.lower_bound(oldest()));
  while (!again_.empty() && out.size() < kMostPerStep) {
    const auto number = *again_.begin();
    again_.erase(again_.begin());
    out.push_back(retained_[number - oldest()].bytes);
  }
}

void Owner::say_changes(std::vector<Payload>& out, Time now) {
  while (!changed_.empty() && out.size() < kMostPerStep) {
    Filler filler;
    while (!changed_.empty()) {
      const auto& id = *changed_.begin();
      const auto known = picture_.find(id);
      if (!(known == picture_.end() ? filler.add(id) : filler.add(known->second))) {
        break;
      }
      unsaid_.erase(id);
      changed_.erase(changed_.begin());
    }
    say(out, {.what = filler.take()}, now);
  }
}

void Owner::say_picture(std::vector<Payload>& out, Time now) {
  while (telling_ && out.size() < kMostPerStep) {
    Filler filler;
    auto next = told_ ? picture_.upper_bound(*told_) : picture_.begin();
    for (; next != picture_.end() && filler.add(next->second); ++next) {
      unsaid_.erase(next->first);
      changed_.erase(next->first);
      told_ = next->first;
    }
    if (filler.empty()) {
      telling_ = false;
      say(out, {.what = End{}}, now);
      return;
    }
    say(out, {.what = filler.take()}, now);
  }
}

std::optional<Duration> Owner::lag(std::string_view sibling, Time now) const {
  const auto known = applied_.find(sibling);
  if (known == applied_.end() || known->second == 0) {
    return std::nullopt;
  }
  const auto next = known->second + 1;
  if (next > sequence_ || retained_.empty()) {
    return Duration{0};
  }
  const auto& oldest_missing = retained_[std::max(next, oldest()) - oldest()];
  return std::chrono::duration_cast<Duration>(now - oldest_missing.at);
}

}  // namespace cw::ha::replica
