// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>

#include "ha/share.h"
#include "ha/turn.h"

// Planned: the owner asks, the sibling prepares and says so, the owner says go, the sibling claims.
// The owner stays owner until the claim went through, so whatever fails on the way leaves it
// active.
namespace cw::ha {

namespace {

bool can_take(const Turn& turn, const Sibling& sibling) {
  return is_live(turn.state, sibling, turn.now) && sibling.beat.role == Role::Standby &&
         sibling.beat.fitness != Fitness::Unfit;
}

// Of those that the owner may hand over to and that `will_do`.
template <class WillDo>
std::string best_taker(const Turn& turn, const Gateway& gateway, WillDo will_do) {
  std::vector<Candidate> candidates;
  for (const Sibling& sibling : gateway.siblings) {
    if (can_take(turn, sibling) && will_do(sibling.beat)) {
      candidates.push_back({.router = sibling.router,
                            .fitness = sibling.beat.fitness,
                            .owned = sibling.beat.owned,
                            .missed = std::popcount(sibling.beat.out_of_reach)});
    }
  }
  const std::vector<std::string> order = rank(gateway.name, std::move(candidates));
  return order.empty() ? "" : order.front();
}

void fail_handover(Turn& turn, Gateway& gateway) {
  gateway.handover.reset();
  gateway.handover_after = turn.now + turn.timers().handover_retry;
  change(turn, gateway, Role::Active, Why::HandoverFailed);
}

// Of a router that ends: what it forwards for somebody else nobody here would close later. What
// nobody else owns stays open.
void close_what_others_own(Turn& turn) {
  for (Gateway& gateway : turn.state.gateways) {
    const bool anothers =
        gateway.why == Why::Superseded || (gateway.record.record && !owns(turn.state, gateway));
    if (gateway.role == Role::Relay && anothers) {
      close(turn, gateway, Why::RelayTimedOut);
    }
  }
}

// Reasons of its own to hand over.
void consider_handover(Turn& turn, Gateway& gateway) {
  const State& state = turn.state;
  if (turn.now < gateway.handover_after || gateway.epoch.provisional) {
    return;
  }
  if (state.draining || state.leaving) {
    const std::string to = best_taker(turn, gateway, [](const Beat&) { return true; });
    if (!to.empty()) {
      begin_handover(turn, gateway, to, Why::Drained);
    }
    return;
  }
  // Only what keeps it from serving: neither its clock nor its netmap do, once it is active.
  const Fitness own = std::max(state.checked, gateway.checked);
  const int missed = std::popcount(out_of_reach(state, gateway));
  if ((own == Fitness::Fit && missed == 0) ||
      turn.now - gateway.since < turn.timers().handover_retry) {
    return;
  }
  // Whoever reaches no more than this router does is no better, whatever it is that is down.
  const std::string to = best_taker(turn, gateway, [&](const Beat& beat) {
    return own == Fitness::Unfit || (own == Fitness::Poor && beat.fitness == Fitness::Fit) ||
           std::popcount(beat.out_of_reach) < missed;
  });
  if (!to.empty()) {
    begin_handover(turn, gateway, to, Why::Unhealthy);
  }
}

}  // namespace

void begin_handover(Turn& turn, Gateway& gateway, const std::string& to, Why why) {
  gateway.handover = Handover{.id = ++turn.state.requests, .to = to};
  gateway.handover_until = turn.now + turn.timers().prepare;
  change(turn, gateway, Role::Drain, why);
}

void tend_handover(Turn& turn, Gateway& gateway) {
  if (gateway.role == Role::Active) {
    consider_handover(turn, gateway);
    return;
  }
  if (gateway.role != Role::Drain || !gateway.handover) {
    return;
  }
  const Sibling* sibling = find_sibling(gateway, gateway.handover->to);
  if (sibling == nullptr || !is_live(turn.state, *sibling, turn.now) ||
      sibling->beat.fitness == Fitness::Unfit || turn.now >= gateway.handover_until) {
    fail_handover(turn, gateway);
    return;
  }
  if (!gateway.handover->go && sibling->beat.ready == gateway.handover->id) {
    gateway.handover->go = true;
    gateway.handover_until = turn.now + turn.timers().go;
    gateway.beat_now = true;
  }
}

void answer_handover(Turn& turn, Gateway& gateway) {
  const auto asks = [&](const Sibling& sibling) {
    const Beat& beat = sibling.beat;
    return is_live(turn.state, sibling, turn.now) && beat.role == Role::Drain && beat.handover &&
           beat.handover->to == turn.self() && gateway.record.record &&
           gateway.record.record->owner == sibling.router;
  };
  const auto sibling = std::ranges::find_if(gateway.siblings, asks);
  if (sibling == gateway.siblings.end() || gateway.role != Role::Standby) {
    if (gateway.role != Role::Claim) {
      gateway.preparing = 0;
      gateway.ready = 0;
    }
    return;
  }
  const std::uint64_t id = sibling->beat.handover.value_or(Handover{}).id;  // asks() saw it
  if (gateway.preparing != id) {
    gateway.preparing = id;
    gateway.ready = 0;
    turn.act(Prepare{.gateway = gateway.name, .handover = id, .from = sibling->router});
  }
}

void refuse_or_move(Turn& turn, Gateway& gateway, const MoveGateway& wish) {
  using Because = MoveRefused::Because;
  const auto refuse = [&](Because because) {
    turn.act(MoveRefused{.gateway = wish.gateway, .to = wish.to, .because = because});
  };
  const Sibling* sibling = find_sibling(gateway, wish.to);
  if (!is_owning(gateway.role)) {
    refuse(Because::NotOwner);
  } else if (sibling == nullptr) {
    refuse(Because::NotASibling);
  } else if (!is_live(turn.state, *sibling, turn.now)) {
    refuse(Because::NotHeard);
  } else if (!can_take(turn, *sibling)) {
    refuse(Because::Unfit);
  } else if (gateway.role != Role::Active || gateway.epoch.provisional) {
    refuse(Because::Busy);
  } else {
    begin_handover(turn, gateway, wish.to, Why::Drained);
  }
}

void tend_leaving(Turn& turn) {
  State& state = turn.state;
  if (!state.leaving || state.left) {
    return;
  }
  const Timers& timers = turn.timers();
  bool busy = false;
  bool waits = false;  // for somebody to take over
  for (Gateway& gateway : state.gateways) {
    const bool alone = std::ranges::none_of(
        gateway.siblings, [&](const Sibling& each) { return can_take(turn, each); });
    if (is_owning(gateway.role) && !gateway.goodbye &&
        (turn.now >= state.leave_until - timers.suspect ||
         (alone && gateway.role == Role::Active))) {
      gateway.goodbye = true;
      gateway.beat_now = true;
    }
    waits = waits || (is_owning(gateway.role) && !gateway.goodbye) || gateway.role == Role::Relay;
    busy = busy || gateway.gate || is_owning(gateway.role);
  }
  if (!waits) {  // but for heartbeats to get through
    state.leave_until = std::min(state.leave_until, turn.now + timers.suspect);
  }
  if (!busy || turn.now >= state.leave_until) {
    close_what_others_own(turn);
    state.left = true;
    turn.act(Left{});
  }
}

}  // namespace cw::ha
