// SPDX-License-Identifier: Apache-2.0
#include "ha/step.h"

#include <algorithm>
#include <utility>

#include "ha/turn.h"

namespace cw::ha {

namespace {

// Roles change each other's conditions; more than this in one step would be a circle.
constexpr int kMostRounds = 4;

Gateway begin(const State& state, const Config::Gateway& config, bool gate, Time now) {
  Gateway gateway{.name = config.name,
                  .role = gate ? Role::Relay : Role::Standby,
                  .since = now,
                  .gate = gate,
                  .record_changed = now,
                  .owner_since = now,
                  .answered = now,
                  .asked_at = now,
                  .confirmed = kNever,
                  .placed = now,
                  .checked_at = now,
                  .move_after = now,
                  .claimed = gate,
                  .handover_after = now,
                  .new_successor_after = now,
                  .beat_at = now};
  for (const std::string& router : config.routers) {
    if (router != state.config.router) {
      gateway.siblings.push_back(Sibling{.router = router, .heard = now});
    }
  }
  return gateway;
}

void configure(Turn& turn, const Configured& configured) {
  const Config& config = configured.config;
  State& state = turn.state;
  std::vector<Gateway> before = std::move(state.gateways);
  state.gateways.clear();
  state.config = config;
  for (const Config::Gateway& each : config.gateways) {
    const bool open = std::ranges::find(configured.open, each.name) != configured.open.end();
    Gateway next = begin(state, each, open, turn.now);
    const auto old = std::ranges::find(before, each.name, &Gateway::name);
    if (old != before.end()) {
      for (Sibling& sibling : next.siblings) {
        if (const Sibling* known = find_sibling(std::as_const(*old), sibling.router)) {
          sibling = *known;
        }
      }
      std::swap(old->siblings, next.siblings);
      next = std::move(*old);
      before.erase(old);
    }
    state.gateways.push_back(std::move(next));
  }
  for (Gateway& gone : before) {
    turn.act(WithdrawAddress{.gateway = gone.name});
    if (gone.gate) {
      gone.gate = false;
      turn.act(CloseGate{.gateway = gone.name});
    }
    gone.epoch = {};
    change(turn, gone, Role::Standby, Why::Configured);
  }
}

void notice_pause(Turn& turn) {
  State& state = turn.state;
  if (turn.now - state.stepped <= turn.timers().pause) {
    return;
  }
  ++state.pauses;
  for (Gateway& gateway : state.gateways) {
    for (Sibling& sibling : gateway.siblings) {
      sibling.heard = turn.now;
    }
    gateway.record_changed = turn.now;
    gateway.answered = turn.now;
    gateway.guard_since.reset();
    gateway.confirmed = kNever;
    if (is_owning(gateway.role)) {
      gateway.doubtful = true;  // look before renewing: somebody may have taken over
      gateway.asked_at = turn.now;
    }
  }
}

void hear(Turn& turn, Gateway& gateway, const Heard& heard) {
  const Beat& beat = heard.beat;
  Sibling* sibling = find_sibling(gateway, beat.router);
  if (sibling == nullptr) {
    return;  // its netmap says that it serves the gateway, ours does not
  }
  const bool gives_way = is_owning(sibling->beat.role) && !is_owning(beat.role);
  sibling->heard = turn.now;
  sibling->known = true;
  sibling->ahead = heard.ahead;
  sibling->beat = beat;
  if (gives_way && is_owning(gateway.role)) {
    check_soon(turn, gateway);  // it may have had the address
  }
  gateway.seen = std::max(gateway.seen, beat.epoch);
  if (!is_owning(gateway.role) || !is_owning(beat.role) || beat.epoch <= gateway.epoch) {
    return;
  }
  // A successor that acts although the arbiter answers us: our renewals make it give way.
  const bool mistaken = beat.epoch.provisional && !arbiter_is_down(turn, gateway) &&
                        beat.epoch.term == gateway.epoch.term;
  if (!mistaken) {
    supersede(turn, gateway, Why::Superseded);
  }
}

void follow_fitness(Turn& turn, Gateway& gateway) {
  const bool unfit = fitness_of(turn.state, gateway) == Fitness::Unfit;
  if (gateway.role == Role::Standby && unfit) {
    change(turn, gateway, Role::Fenced, Why::BecameUnfit);
  } else if (gateway.role == Role::Fenced && !unfit) {
    change(turn, gateway, Role::Standby, Why::BecameFit);
  } else if (gateway.role == Role::Move && unfit && !gateway.gate) {
    gateway.wants_move = false;
    withdraw(turn, gateway);
    step_back(turn, gateway, Why::BecameUnfit);
  }
}

void send_beat(Turn& turn, Gateway& gateway) {
  const State& state = turn.state;
  gateway.beat_now = false;
  gateway.beat_at = turn.now + turn.timers().heartbeat;
  const bool own = gateway.gate || is_owning(gateway.role);
  turn.act(SendBeat{Beat{.gateway = gateway.name,
                         .router = turn.self(),
                         .epoch = own ? gateway.epoch : gateway.seen,
                         .role = gateway.role,
                         .fitness = fitness_of(state, gateway),
                         .goodbye = gateway.goodbye,
                         .serial = state.serial,
                         .owned = owned(state),
                         .pauses = state.pauses,
                         .out_of_reach = out_of_reach(state, gateway),
                         .ready = gateway.ready,
                         .silence = state.silence,
                         .handover = gateway.handover}});
}

void tend(Turn& turn, Gateway& gateway) {
  expire_arbiter(turn, gateway);
  expire_fabric(turn, gateway);
  for (int round = 0; round < kMostRounds; ++round) {
    const Role before = gateway.role;
    follow_record(turn, gateway);
    follow_fitness(turn, gateway);
    tend_relay(turn, gateway);
    tend_handover(turn, gateway);
    answer_handover(turn, gateway);
    if (!is_owning(gateway.role) && gateway.role != Role::Claim) {
      consider_claim(turn, gateway);
      if (gateway.role != Role::Claim) {
        consider_succession(turn, gateway);
      }
    }
    if (gateway.role == before) {
      break;
    }
  }
  ask_arbiter(turn, gateway);
  ask_fabric(turn, gateway);
  tend_handshakes(turn, gateway);
  if (gateway.beat_now || turn.now >= gateway.beat_at) {
    send_beat(turn, gateway);
  }
}

// Of the gateway that the event is about; all of them where it is none.
struct Handler {
  Turn& turn;

  Gateway* operator()(const Tick& /*tick*/) const { return nullptr; }

  Gateway* operator()(const Heard& heard) const {
    Gateway* gateway = find(turn.state, heard.beat.gateway);
    if (gateway != nullptr) {
      hear(turn, *gateway, heard);
    }
    return gateway;
  }

  Gateway* operator()(const ArbiterAnswer& answer) const {
    Gateway* gateway = find(turn.state, answer.gateway);
    if (gateway != nullptr) {
      take_answer(turn, *gateway, answer);
    }
    return gateway;
  }

  Gateway* operator()(const RecordChanged& changed) const {
    Gateway* gateway = find(turn.state, changed.gateway);
    if (gateway != nullptr) {
      learn(turn, *gateway, changed.current, false);
    }
    return gateway;
  }

  Gateway* operator()(const FabricAnswer& answer) const {
    Gateway* gateway = find(turn.state, answer.gateway);
    if (gateway != nullptr) {
      take_answer(turn, *gateway, answer);
    }
    return gateway;
  }

  Gateway* operator()(const AddressArrived& arrived) const {
    Gateway* gateway = find(turn.state, arrived.gateway);
    // Before it was asked to come here, it is what an earlier ownership left under way.
    const bool asked =
        gateway != nullptr && (!gateway->wants_move ||
                               (gateway->calling && gateway->calling->kind == Request::Kind::Move));
    if (asked && gateway->role == Role::Move) {
      arrive(turn, *gateway);
    } else if (gateway != nullptr && gateway->role == Role::Active) {
      gateway->kicks = 0;  // the address has settled
    }
    return gateway;
  }

  Gateway* operator()(const Checked& checked) const {
    Gateway* gateway = find(turn.state, checked.gateway);
    if (gateway != nullptr) {
      gateway->checked = checked.fitness;
    } else if (checked.gateway.empty()) {
      turn.state.checked = checked.fitness;
    }
    return gateway;
  }

  Gateway* operator()(const TargetsTried& tried) const {
    turn.state.out_of_reach = tried.out_of_reach;
    return nullptr;
  }

  Gateway* operator()(const ClockChecked& checked) const {
    turn.state.synchronised = checked.synchronised;
    return nullptr;
  }

  Gateway* operator()(const NetmapChanged& changed) const {
    turn.state.serial = changed.serial;
    turn.state.offered = changed.offered;
    return nullptr;
  }

  Gateway* operator()(const Prepared& prepared) const {
    Gateway* gateway = find(turn.state, prepared.gateway);
    if (gateway != nullptr && prepared.handover != 0 && gateway->preparing == prepared.handover) {
      gateway->ready = prepared.handover;
      gateway->beat_now = true;
    }
    return gateway;
  }

  Gateway* operator()(const Configured& configured) const {
    configure(turn, configured);
    return nullptr;
  }

  Gateway* operator()(const MoveGateway& wish) const {
    Gateway* gateway = find(turn.state, wish.gateway);
    if (gateway != nullptr) {
      refuse_or_move(turn, *gateway, wish);
    }
    return gateway;
  }

  Gateway* operator()(const DrainRouter& drain) const {
    turn.state.draining = drain.on;
    for (Gateway& gateway : turn.state.gateways) {
      gateway.handover_after = turn.now;
    }
    return nullptr;
  }

  Gateway* operator()(const LeaveSite& /*leave*/) const {
    if (!turn.state.leaving) {
      turn.state.leaving = true;
      turn.state.leave_until = turn.now + turn.timers().leave;
      for (Gateway& gateway : turn.state.gateways) {
        gateway.handover_after = turn.now;
      }
    }
    return nullptr;
  }

  Gateway* operator()(const RestartSoon& restart) const {
    turn.state.silence = std::min(restart.silence, turn.timers().silence_most);
    for (Gateway& gateway : turn.state.gateways) {
      gateway.beat_now = true;
    }
    return nullptr;
  }
};

void sooner(Time& wake, Time now, Time when) {
  if (when > now) {
    wake = std::min(wake, when);
  }
}

Time wake_of(const Turn& turn) {
  const State& state = turn.state;
  const Timers& timers = turn.timers();
  Time wake = turn.now + timers.heartbeat;
  for (const Gateway& gateway : state.gateways) {
    sooner(wake, turn.now, gateway.beat_at);
    sooner(wake, turn.now, gateway.asking ? gateway.asking->give_up : gateway.asked_at);
    sooner(wake, turn.now, gateway.calling ? gateway.calling->give_up : gateway.checked_at);
    sooner(wake, turn.now, gateway.move_after);
    sooner(wake, turn.now, gateway.kick_at);
    sooner(wake, turn.now, gateway.handover_until);
    if (is_owning(gateway.role) || !gateway.record.record) {
      continue;
    }
    sooner(wake, turn.now, gateway.record_changed + timers.stale);
    if (const Sibling* owner = find_sibling(gateway, gateway.record.record->owner)) {
      sooner(wake, turn.now, suspected_at(state, *owner));
    }
    if (gateway.guard_since) {
      // The places in the queue are whole staggers after it.
      const auto waited = (turn.now - *gateway.guard_since) / timers.stagger;
      sooner(wake, turn.now, *gateway.guard_since + (waited + 1) * timers.stagger);
    }
  }
  return wake;
}

}  // namespace

State start(Config config, const std::vector<std::string>& open_gates, Time now) {
  State state{.config = std::move(config), .started = now, .stepped = now};
  for (const Config::Gateway& each : state.config.gateways) {
    const bool gate = std::ranges::find(open_gates, each.name) != open_gates.end();
    state.gateways.push_back(begin(state, each, gate, now));
  }
  return state;
}

Step step(State state, const Event& event, Time now) {
  Step done{.state = std::move(state), .actions = {}, .wake = now};
  Turn turn{.state = done.state, .actions = done.actions, .now = now};
  notice_pause(turn);
  turn.state.stepped = now;
  Gateway* gateway = std::visit(Handler{turn}, event);
  if (gateway != nullptr) {
    tend(turn, *gateway);
  } else {
    for (Gateway& each : turn.state.gateways) {
      tend(turn, each);
    }
  }
  tend_leaving(turn);
  done.wake = wake_of(turn);
  return done;
}

}  // namespace cw::ha
