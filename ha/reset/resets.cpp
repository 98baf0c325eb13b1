// SPDX-License-Identifier: Apache-2.0
#include "ha/reset/resets.h"

#include <algorithm>

namespace cw::ha::reset {

Resets::Resets(const std::vector<netlink::Tuple>& clients, Time now) : began_(now), paced_(now) {
  for (const auto& client : clients) {
    const auto [at, fresh] = flows_.emplace(client, Flow{});
    if (fresh) {
      at->second.turn = turns_.emplace(now, client);  // behind those of the same time
    }
  }
  total_ = flows_.size();
}

void Resets::forget(Flows::iterator at) {
  turns_.erase(at->second.turn);
  flows_.erase(at);
}

void Resets::provoke_at(Flows::iterator at, Time when) {
  turns_.erase(at->second.turn);
  at->second.turn = turns_.emplace(when, at->first);
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
  while (!turns_.empty() && turns_.begin()->first <= now && packets.size() < kMostPerStep) {
    const auto at = flows_.find(turns_.begin()->second);
    auto& flow = at->second;
    const bool told = flow.resets > 0;
    if (now - began_ > kPatience || (told && flow.provoked == kMostLooks)) {
      forget(at);
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
  return std::max(turns_.begin()->first, paced_);
}

}  // namespace cw::ha::reset
