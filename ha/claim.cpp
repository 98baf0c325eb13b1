// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <map>

#include "ha/share.h"
#include "ha/turn.h"

// Who takes over, when, and in which order.
namespace cw::ha {

namespace {

constexpr std::uint32_t kMostDoublings = 16;  // past any hold_most

std::uint32_t owned_by(const State& state, const std::string& router) {
  std::uint32_t most = 0;
  for (const Gateway& gateway : state.gateways) {
    const Sibling* sibling = find_sibling(gateway, router);
    most = std::max(most, sibling == nullptr ? 0 : sibling->beat.owned);
  }
  return most;
}

// Everybody but its owner by the record.
std::vector<Candidate> candidates_of(const Turn& turn, const Gateway& gateway) {
  const std::string owner = gateway.record.record ? gateway.record.record->owner : "";
  std::vector<Candidate> candidates;
  if (owner != turn.self()) {
    candidates.push_back({.router = turn.self(),
                          .fitness = fitness_of(turn.state, gateway),
                          .owned = owned(turn.state),
                          .missed = std::popcount(out_of_reach(turn.state, gateway))});
  }
  for (const Sibling& sibling : gateway.siblings) {
    if (sibling.router != owner && is_live(turn.state, sibling, turn.now)) {
      candidates.push_back({.router = sibling.router,
                            .fitness = sibling.beat.fitness,
                            .owned = owned_by(turn.state, sibling.router),
                            .missed = std::popcount(sibling.beat.out_of_reach)});
    }
  }
  return candidates;
}

bool may_claim_at_all(const Turn& turn, const Gateway& gateway) {
  const bool may = gateway.role == Role::Standby || gateway.role == Role::Relay;
  // Nobody is deposed for a move that could not be executed.
  const bool movable = gateway.place != Place::Unknown &&
                       turn.now - gateway.placed <= 3 * turn.timers().standby_check;
  return may && movable && gateway.record_known &&
         fitness_of(turn.state, gateway) != Fitness::Unfit;
}

bool hold_is_over(const Turn& turn, const Gateway& gateway) {
  return turn.now - gateway.owner_since >=
         hold_of(turn.timers(), gateway.record.record ? gateway.record.record->held : 0);
}

}  // namespace

std::uint32_t owned(const State& state) {
  return static_cast<std::uint32_t>(std::ranges::count_if(
      state.gateways, [](const Gateway& each) { return is_owning(each.role); }));
}

Duration hold_of(const Timers& timers, std::uint32_t held) {
  if (held == 0) {
    return Duration{0};
  }
  return std::min(timers.hold * (1U << std::min(held - 1, kMostDoublings)), timers.hold_most);
}

std::optional<Why> reason_to_claim(const Turn& turn, const Gateway& gateway) {
  const State& state = turn.state;
  const Timers& timers = turn.timers();
  if (!gateway.record.record) {
    const bool anybody = std::ranges::any_of(gateway.siblings, [&](const Sibling& sibling) {
      return is_live(state, sibling, turn.now) && is_owning(sibling.beat.role);
    });
    const bool listened = turn.now - state.started >= timers.suspect;
    return listened && !anybody ? std::optional(Why::NoOwner) : std::nullopt;
  }
  const Record& record = *gateway.record.record;
  const Sibling* owner = find_sibling(gateway, record.owner);
  if (record.owner == turn.self()) {
    return std::nullopt;  // follow_record()
  }
  if (owner != nullptr && is_live(state, *owner, turn.now)) {
    const Beat& beat = owner->beat;
    if (beat.epoch.term != record.term) {
      return std::nullopt;
    }
    if (beat.handover && beat.handover->to == turn.self() && beat.handover->go &&
        beat.handover->id == gateway.ready && beat.role == Role::Drain) {
      return Why::HandedOver;
    }
    if (beat.goodbye) {
      return Why::OwnerLeft;
    }
    if (beat.role == Role::Fenced && hold_is_over(turn, gateway)) {
      return Why::OwnerUnfit;
    }
    return std::nullopt;
  }
  // An owner that left and ended keeps its word.
  if (owner != nullptr && owner->beat.goodbye && owner->beat.epoch.term == record.term) {
    return Why::OwnerLeft;
  }
  const bool silent = owner == nullptr || turn.now >= suspected_at(state, *owner);
  const bool stale = turn.now - gateway.record_changed >= timers.stale;
  return silent && stale && hold_is_over(turn, gateway) ? std::optional(Why::OwnerSilent)
                                                        : std::nullopt;
}

// The order for one gateway, after those before it in the alphabet were given to somebody: so that
// two survivors share the two gateways of a third, instead of both going to the one with less to
// do.
std::vector<std::string> queue_for(const Turn& turn, const Gateway& gateway) {
  std::map<std::string, std::uint32_t> given;
  for (const Gateway& each : turn.state.gateways) {
    const bool last = each.name == gateway.name;
    if (!last && !reason_to_claim(turn, each)) {
      continue;
    }
    std::vector<Candidate> candidates = candidates_of(turn, each);
    for (Candidate& candidate : candidates) {
      candidate.owned += given[candidate.router];
    }
    std::vector<std::string> order = rank(each.name, std::move(candidates));
    if (last) {
      return order;
    }
    if (!order.empty()) {
      ++given[order.front()];
    }
  }
  return {};
}

std::string choose_successor(const Turn& turn, const Gateway& gateway) {
  std::vector<Candidate> live;
  std::vector<Candidate> all;
  for (const Sibling& sibling : gateway.siblings) {
    all.push_back({.router = sibling.router});
    if (is_live(turn.state, sibling, turn.now)) {
      live.push_back({.router = sibling.router,
                      .fitness = sibling.beat.fitness,
                      .owned = owned_by(turn.state, sibling.router),
                      .missed = std::popcount(sibling.beat.out_of_reach)});
    }
  }
  std::vector<std::string> order = rank(gateway.name, std::move(live));
  if (order.empty()) {
    order = rank(gateway.name, std::move(all));
  }
  return order.empty() ? "" : order.front();
}

void claim(Turn& turn, Gateway& gateway, Why why) {
  if (gateway.asking) {
    return;  // its answer may decide otherwise; it is milliseconds away
  }
  gateway.claim_why = why;
  change(turn, gateway, Role::Claim, why);
  ask(turn, gateway, Request::Kind::Claim);
}

void consider_claim(Turn& turn, Gateway& gateway) {
  const std::optional<Why> why =
      may_claim_at_all(turn, gateway) ? reason_to_claim(turn, gateway) : std::nullopt;
  if (!why) {
    gateway.guard_since.reset();
    return;
  }
  if (!gateway.guard_since) {
    gateway.guard_since = turn.now;
  }
  if (gateway.doubtful) {
    read_record(turn, gateway);  // an earlier write of ours may have gone through
    return;
  }
  Duration wait{0};
  if (*why != Why::HandedOver) {
    const std::vector<std::string> queue = queue_for(turn, gateway);
    const auto place = std::ranges::find(queue, turn.self()) - queue.begin();
    wait = place * turn.timers().stagger;
    if (fitness_of(turn.state, gateway) == Fitness::Poor) {
      wait += turn.timers().poor_wait;
    }
  }
  if (turn.now >= *gateway.guard_since + wait) {
    claim(turn, gateway, *why);
  }
}

void consider_succession(Turn& turn, Gateway& gateway) {
  if (!may_claim_at_all(turn, gateway) || !gateway.record.record ||
      !arbiter_is_down(turn, gateway)) {
    return;
  }
  const Record& record = *gateway.record.record;
  const Sibling* owner = find_sibling(gateway, record.owner);
  const Epoch epoch{.term = record.term, .provisional = true};
  if (record.successor != turn.self() || record.owner == turn.self() || gateway.seen > epoch ||
      !hold_is_over(turn, gateway) || owner == nullptr ||
      turn.now < suspected_at(turn.state, *owner) ||
      turn.now - owner->heard < turn.timers().successor_silence) {
    return;
  }
  gateway.provisional_version = gateway.record.version;
  become_owner(turn, gateway, epoch, Why::ArbiterDown);
}

}  // namespace cw::ha
