// SPDX-License-Identifier: Apache-2.0
#include "ha/reset/resets.h"

#include <algorithm>

namespace cw::ha::reset {

void Resets::add(const netlink::Tuple& client, std::size_t rank) {
  const auto [at, fresh] = flows_.emplace(client, Flow{});
  if (fresh) {
    // Before whoever was provoked already, and behind those of the same rank.
    at->second.turn = turns_.emplace(Turn{.when = began_, .rank = rank}, client);
    ++total_;
  }
}

void Resets::forget(Flows::iterator at) {
  turns_.erase(at->second.turn);
  flows_.erase(at);
}

void Resets::provoke_at(Flows::iterator at, Time when) {
  const auto rank = at->second.turn->first.rank;
  turns_.erase(at->second.turn);
  at->second.turn = turns_.emplace(Turn{.when = when, .rank = rank}, at->first);
}

std::optional<Packet> Resets::heard(const Segment& segment, Time now) {
  const auto at = flows_.find(segment.tuple);
  if (at == flows_.end()) {
    return std::nullopt;
  }
  if (segment.syn || segment.rst || now - began_ > kPatience) {
    forget(at);  // another one with the same ports; it has ended; nobody's patience is endless
    return std::nullopt;
  }
  if (!segment.ack) {
    return std::nullopt;
  }
  auto& flow = at->second;
  if (flow.resets == 0) {
    ++told_;
    took_ = std::chrono::duration_cast<Duration>(now - began_);
  }
  ++flow.resets;
  flow.provoked = 0;
  auto answer = reset_of(segment);
  if (flow.resets == kMostResets) {
    forget(at);
  } else {
    provoke_at(at, now + kLookAgain);
  }
  return answer;
}

std::vector<Packet> Resets::step(Time now) {
  std::vector<Packet> packets;
  if (now < paced_) {
    return packets;
  }
  std::size_t forgotten = 0;
  while (!turns_.empty() && turns_.begin()->first.when <= now && packets.size() < kMostPerStep &&
         forgotten < kMostForgotten) {
    const auto at = flows_.find(turns_.begin()->second);
    auto& flow = at->second;
    const bool told = flow.resets > 0;
    if (now - began_ > kPatience || (told && flow.provoked == kMostLooks)) {
      forget(at);
      ++forgotten;
      continue;
    }
    packets.push_back(provocation(at->first));
    ++flow.provoked;
    provoke_at(at, now + (told ? kLookAgain : flow.provoked < kFastTimes ? kFast : kSlow));
  }
  if (!packets.empty()) {
    paced_ = now + kStep;
  }
  return packets;
}

std::optional<Time> Resets::due() const {
  if (turns_.empty()) {
    return std::nullopt;
  }
  return std::max(turns_.begin()->first.when, paced_);
}

}  // namespace cw::ha::reset
