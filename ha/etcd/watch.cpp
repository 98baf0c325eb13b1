// SPDX-License-Identifier: Apache-2.0
#include "ha/etcd/watch.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace cw::ha::etcd {

namespace {

// A restarted etcd serves again after some tenths of a second; one that is down for long is asked
// every other second. A stream that lasted that long was no failed attempt.
constexpr Duration kFirstPause{100};
constexpr Duration kLongestPause{2000};

// Older changes are not asked for one by one: 64 gateways renewed five times a second are a
// thousand in three seconds, and all records as they are now are 64.
constexpr std::chrono::seconds kMostReplay{30};

}  // namespace

void Watch::want(const std::vector<std::string>& gateways, SteadyTime now) {
  std::set<std::string> wanted(gateways.begin(), gateways.end());
  if (wanted == wanted_) {
    return;
  }
  wanted_ = std::move(wanted);
  std::erase_if(seen_, [this](const auto& seen) { return !wanted_.contains(seen.first); });
  connection_.end_stream();
  ++round_;
  ended_.reset();
  awaited_.reset();
  revision_ = 0;
  next_pause_ = kFirstPause;
  state_ = wanted_.empty() ? State::Off : State::Pausing;
  due_ = wanted_.empty() ? std::nullopt : std::optional(now);
}

void Watch::learnt(const std::string& gateway, std::uint64_t version, SteadyTime now) {
  if (state_ != State::Streaming || awaited_ || !wanted_.contains(gateway) ||
      version <= seen_[gateway]) {
    return;
  }
  awaited_ = Learnt{.gateway = gateway, .version = version};
  due_ = now + patience_;
}

void Watch::work(SteadyTime now) {
  take_lines(now);
  if (auto ended = std::exchange(ended_, std::nullopt)) {
    pause(std::move(*ended), now);
  }
  if (!due_ || now < *due_) {
    return;
  }
  due_.reset();
  switch (state_) {
    case State::Pausing:
      if (revision_ == 0 || now - heard_ > kMostReplay) {
        read_all();
      } else {
        open(now);
      }
      break;
    case State::Opening:
      pause(Error::make(ErrorKind::Retryable, "etcd does not answer"), now);
      break;
    case State::Streaming:
      pause(
          Error::make(ErrorKind::Retryable,
                      fmt::format("a change of {} was not brought, so the stream is taken for dead",
                                  awaited_ ? awaited_->gateway : "a gateway")),
          now);
      break;
    case State::Off:
    case State::Reading:  // a request ends by itself
      break;
  }
}

void Watch::read_all() {
  state_ = State::Reading;
  connection_.post(kRangePath, read_all_request(site_), [this, round = round_](Answered answered) {
    if (round == round_) {
      on_read(std::move(answered));
    }
  });
}

void Watch::on_read(Answered answered) {
  if (answered.waiting) {
    try_again_soon();
    return;
  }
  auto read = connection_.of_same_cluster(answered.content
                                              ? read_all_answer(site_, *answered.content)
                                              : Result<ReadAllAnswer>(answered.content.error()));
  if (!read) {
    if (answered.content) {
      connection_.next_endpoint();
    }
    ended_ = std::move(read.error());
    return;
  }
  auto missing = wanted_;
  for (auto& change : read->found) {
    missing.erase(change.gateway);
    take(std::move(change));
  }
  for (const auto& gateway : missing) {
    take({.gateway = gateway, .revision = read->header.revision, .current = VersionedRecord{}});
  }
  revision_ = read->header.revision;
  heard_ = connection_.now();
  state_ = State::Pausing;
  due_ = SteadyTime{};  // at once
}

void Watch::open(SteadyTime now) {
  state_ = State::Opening;
  due_ = now + patience_;
  lines_ = Lines(kMostLine);
  connection_.stream(
      kWatchPath, watch_request(site_, revision_ + 1),
      [this](std::string_view piece) { return on_piece(piece); },
      [this, round = round_](Answered answered) {
        if (round != round_ || ended_) {
          return;
        }
        if (answered.waiting) {
          try_again_soon();
        } else {
          ended_ = answered.content ? Error::make(ErrorKind::Retryable, "etcd ended the stream")
                                    : std::move(answered.content.error());
        }
      });
}

void Watch::try_again_soon() {
  state_ = State::Pausing;
  due_ = connection_.now() + kFirstPause;
}

bool Watch::on_piece(std::string_view piece) {
  if (auto added = lines_.add(piece); !added) {
    revision_ = 0;  // what the line had to say is read
    ended_ = std::move(added.error());
    return false;
  }
  return true;
}

void Watch::take_lines(SteadyTime now) {
  while (state_ == State::Opening || state_ == State::Streaming) {
    const auto line = lines_.next();
    if (!line) {
      return;
    }
    if (auto taken = take_line(*line, now); !taken) {
      ended_ = std::move(taken.error());
      return;
    }
  }
}

Result<> Watch::take_line(std::string_view line, SteadyTime now) {
  auto message = watch_message(site_, line);
  if (!message) {
    revision_ = 0;
    return std::move(message.error());
  }
  if (message->compacted) {
    revision_ = 0;
    return Error::make(ErrorKind::Retryable, "etcd has forgotten some changes (compaction)");
  }
  if (message->cancelled) {
    // Says in words alone that the token is bad; another one does no harm.
    connection_.distrust_token();
    return Error::make(ErrorKind::Retryable,
                       fmt::format("etcd cancelled the stream: {}", message->reason));
  }
  CW_TRY(connection_.same_cluster(message->header));
  heard_ = now;
  if (message->created) {
    state_ = State::Streaming;
    due_.reset();
    opened_ = now;
    tell_(std::nullopt);
  }
  for (auto& change : message->changes) {
    take(std::move(change));
  }
  revision_ = std::max(revision_, message->brought);
  return {};
}

void Watch::take(Change change) {
  if (!wanted_.contains(change.gateway)) {
    return;
  }
  auto& seen = seen_[change.gateway];
  const bool is_news = change.revision > seen;
  seen = std::max(seen, change.revision);
  if (awaited_ && awaited_->gateway == change.gateway && awaited_->version <= seen) {
    awaited_.reset();
    due_.reset();
  }
  if (!is_news) {
    return;
  }
  if (change.current) {
    announce_({.gateway = std::move(change.gateway), .current = std::move(*change.current)});
  } else {
    tell_(std::move(change.current.error()));
  }
}

void Watch::pause(Error error, SteadyTime now) {
  connection_.end_stream();
  connection_.next_stream();
  if (state_ == State::Streaming && now - opened_ > kLongestPause) {
    next_pause_ = kFirstPause;
  }
  tell_(std::move(error).with_context("watching the records in etcd"));
  awaited_.reset();
  state_ = State::Pausing;
  due_ = now + next_pause_;
  next_pause_ = std::min(next_pause_ * 2, kLongestPause);
}

}  // namespace cw::ha::etcd
