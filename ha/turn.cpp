// SPDX-License-Identifier: Apache-2.0
#include "ha/turn.h"

#include <algorithm>

namespace cw::ha {

namespace {

// A clock this far in the future makes clients refuse everybody's handshakes until theirs is
// passed.
constexpr Duration kAheadLimit{1000};

// Clients refuse our handshakes until our clock has passed the time of the last one that another
// router began: by more than this somebody with a better clock is the better one. Who is alone
// takes over all the same: asked again and again, clients answer in the end (Timers::rekick).
constexpr Duration kBehindLimit{100};

bool is_behind(const State& state, const Gateway& gateway) {
  return std::ranges::any_of(gateway.siblings, [&](const Sibling& sibling) {
    return is_live(state, sibling, state.stepped) && sibling.beat.fitness != Fitness::Unfit &&
           sibling.ahead && *sibling.ahead < -kBehindLimit;
  });
}

bool is_ahead_of_all(const State& state, const Gateway& gateway) {
  bool any = false;
  for (const Sibling& sibling : gateway.siblings) {
    if (!is_live(state, sibling, state.stepped) || !sibling.ahead) {
      continue;
    }
    if (*sibling.ahead <= kAheadLimit) {
      return false;
    }
    any = true;
  }
  return any;
}

// Older than what an owner was active with, while the newer one can be had.
bool is_netmap_old(const State& state, const Gateway& gateway) {
  std::uint64_t required = gateway.record.record ? gateway.record.record->serial : 0;
  std::uint64_t newest = state.offered;
  for (const Sibling& sibling : gateway.siblings) {
    if (is_owning(sibling.beat.role)) {
      required = std::max(required, sibling.beat.serial);
    }
    if (is_live(state, sibling, state.stepped)) {
      newest = std::max(newest, sibling.beat.serial);
    }
  }
  return state.serial < required && newest > state.serial;
}

}  // namespace

std::uint16_t out_of_reach(const State& state, const Gateway& gateway) {
  return is_owning(gateway.role) ? state.out_of_reach.of_owner : state.out_of_reach.of_standby;
}

Fitness fitness_of(const State& state, const Gateway& gateway) {
  if (state.draining || state.leaving || is_netmap_old(state, gateway) ||
      is_ahead_of_all(state, gateway)) {
    return Fitness::Unfit;
  }
  const bool all_well =
      state.synchronised && !is_behind(state, gateway) && out_of_reach(state, gateway) == 0;
  return std::max({state.checked, gateway.checked, all_well ? Fitness::Fit : Fitness::Poor});
}

void change(Turn& turn, Gateway& gateway, Role to, Why why) {
  turn.act(Changed{
      .gateway = gateway.name, .from = gateway.role, .to = to, .why = why, .epoch = gateway.epoch});
  gateway.role = to;
  gateway.why = why;
  gateway.since = turn.now;
  gateway.guard_since.reset();
  gateway.beat_now = true;
}

void step_back(Turn& turn, Gateway& gateway, Why why) {
  if (gateway.gate) {
    change(turn, gateway, Role::Relay, why);
    return;
  }
  gateway.epoch = {};
  const bool unfit = fitness_of(turn.state, gateway) == Fitness::Unfit;
  change(turn, gateway, unfit ? Role::Fenced : Role::Standby, why);
}

Gateway* find(State& state, std::string_view gateway) {
  const auto it = std::ranges::find(state.gateways, gateway, &Gateway::name);
  return it == state.gateways.end() ? nullptr : &*it;
}

const Sibling* find_sibling(const Gateway& gateway, std::string_view router) {
  const auto it = std::ranges::find(gateway.siblings, router, &Sibling::router);
  return it == gateway.siblings.end() ? nullptr : &*it;
}

Sibling* find_sibling(Gateway& gateway, std::string_view router) {
  const auto it = std::ranges::find(gateway.siblings, router, &Sibling::router);
  return it == gateway.siblings.end() ? nullptr : &*it;
}

Time suspected_at(const State& state, const Sibling& sibling) {
  const Timers& timers = state.config.timers;
  return sibling.heard + timers.suspect + std::min(sibling.beat.silence, timers.silence_most);
}

bool is_live(const State& state, const Sibling& sibling, Time now) {
  return sibling.known && now < suspected_at(state, sibling);
}

bool owns(const State& state, const Gateway& gateway) {
  return gateway.record.record && gateway.record.record->owner == state.config.router;
}

}  // namespace cw::ha
