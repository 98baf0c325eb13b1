// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "ha/turn.h"

// Being owner: getting the address, keeping it, and letting it go.
namespace cw::ha {

namespace {

// No call that changes the fabric without the arbiter's word, as fresh as a renewal. Where it does
// not answer, its last word counts for as long as nobody else could have become owner without it.
bool may_move(const Turn& turn, const Gateway& gateway) {
  if (gateway.epoch.provisional) {
    return arbiter_is_down(turn, gateway);
  }
  if (gateway.confirmed == kNever || !owns(turn.state, gateway)) {
    return false;
  }
  const auto age = turn.now - gateway.confirmed;
  if (arbiter_is_down(turn, gateway)) {
    return age < turn.timers().successor_silence;
  }
  return !gateway.doubtful && age <= 2 * turn.timers().renew;
}

void call(Turn& turn, Gateway& gateway, Request::Kind kind) {
  const std::uint64_t id = ++turn.state.requests;
  gateway.calling = Request{.id = id,
                            .kind = kind,
                            .sent = turn.now,
                            .give_up = turn.now + turn.timers().fabric_patience};
  if (kind == Request::Kind::Move) {
    turn.act(MoveAddress{.gateway = gateway.name, .request = id});
  } else {
    turn.act(CheckAddress{.gateway = gateway.name, .request = id});
  }
}

void place(Turn& turn, Gateway& gateway, Place where) {
  gateway.place = where;
  gateway.placed = turn.now;
  // Until it was asked to move here, what arrives is what an earlier ownership left under way.
  if (where == Place::Here && gateway.role == Role::Move && !gateway.wants_move) {
    arrive(turn, gateway);
  } else if (where == Place::Elsewhere && is_owning(gateway.role)) {
    gateway.wants_move = true;
  }
}

// Whoever had the address meanwhile may have shaken hands: to a client its newest session is the
// one that counts, and by itself it finds out after 15 s that nobody answers there.
void come_back(Turn& turn, Gateway& gateway) {
  turn.act(StopInitiating{.gateway = gateway.name});
  turn.act(OpenGate{.gateway = gateway.name, .epoch = gateway.epoch});
  gateway.kicks = turn.timers().rekicks;
  gateway.kick_at = turn.now + turn.timers().rekick;
}

void take_move_answer(Turn& turn, Gateway& gateway, const FabricAnswer& answer) {
  switch (answer.outcome) {
    case FabricOutcome::Here:
      if (std::exchange(gateway.wants_move, false) && is_serving(gateway.role)) {
        come_back(turn, gateway);
      }
      place(turn, gateway, Place::Here);
      return;
    case FabricOutcome::Refused:
      gateway.move_after = turn.now + std::max(turn.timers().fabric_retry, answer.retry_after);
      return;
    case FabricOutcome::Elsewhere:
    case FabricOutcome::Unknown:
      gateway.wants_move = false;  // a look decides
      check_soon(turn, gateway);
      return;
  }
}

}  // namespace

void check_soon(const Turn& turn, Gateway& gateway) {
  gateway.checked_at = turn.now;
}

void close(Turn& turn, Gateway& gateway, Why why) {
  if (gateway.claimed) {
    withdraw(turn, gateway);
  }
  gateway.gate = false;
  turn.act(CloseGate{.gateway = gateway.name});
  step_back(turn, gateway, why);
}

void become_owner(Turn& turn, Gateway& gateway, Epoch epoch, Why why) {
  gateway.epoch = epoch;
  gateway.seen = std::max(gateway.seen, epoch);
  gateway.goodbye = false;
  gateway.wants_move = true;
  gateway.claimed = true;
  gateway.move_after = turn.now;
  gateway.calling.reset();  // of an earlier ownership, or a look from before it
  gateway.asked_at = turn.now + turn.timers().renew;
  gateway.new_successor_after = turn.now + turn.timers().new_successor;
  change(turn, gateway, Role::Move, why);
}

void arrive(Turn& turn, Gateway& gateway) {
  gateway.gate = true;
  gateway.wants_move = false;
  gateway.kicks = turn.timers().rekicks;
  gateway.kick_at = turn.now + turn.timers().rekick;
  turn.act(OpenGate{.gateway = gateway.name, .epoch = gateway.epoch});
  change(turn, gateway, Role::Active, Why::Arrived);
}

void withdraw(Turn& turn, Gateway& gateway) {
  gateway.claimed = false;
  turn.act(WithdrawAddress{.gateway = gateway.name});
}

void supersede(Turn& turn, Gateway& gateway, Why why) {
  gateway.handover.reset();
  gateway.goodbye = false;
  gateway.wants_move = false;
  gateway.kicks = 0;
  gateway.doubtful = true;
  gateway.asked_at = turn.now;
  check_soon(turn, gateway);
  withdraw(turn, gateway);
  if (gateway.gate) {
    turn.act(StopInitiating{.gateway = gateway.name});
  }
  step_back(turn, gateway, why);
}

void take_answer(Turn& turn, Gateway& gateway, const FabricAnswer& answer) {
  if (!gateway.calling || gateway.calling->id != answer.request) {
    return;  // late: true once, perhaps not any more. The next check says
  }
  const bool moved = gateway.calling->kind == Request::Kind::Move;
  gateway.calling.reset();
  if (moved) {
    take_move_answer(turn, gateway, answer);
    return;
  }
  switch (answer.outcome) {
    case FabricOutcome::Here:
      place(turn, gateway, Place::Here);
      return;
    case FabricOutcome::Elsewhere:
      place(turn, gateway, Place::Elsewhere);
      return;
    case FabricOutcome::Refused:
    case FabricOutcome::Unknown:
      gateway.place = Place::Unknown;
      return;
  }
}

void expire_fabric(Turn& turn, Gateway& gateway) {
  if (!gateway.calling || turn.now < gateway.calling->give_up) {
    return;
  }
  if (gateway.calling->kind == Request::Kind::Move) {
    gateway.wants_move = false;
    check_soon(turn, gateway);
  }
  gateway.calling.reset();
}

void ask_fabric(Turn& turn, Gateway& gateway) {
  const bool busy = gateway.calling && gateway.calling->kind == Request::Kind::Move;
  if (busy) {
    return;
  }
  if (is_owning(gateway.role) && gateway.wants_move && turn.now >= gateway.move_after) {
    if (may_move(turn, gateway)) {
      call(turn, gateway, Request::Kind::Move);
      return;
    }
    if (!arbiter_is_down(turn, gateway)) {
      read_record(turn, gateway);
    }
  }
  if (!gateway.calling && turn.now >= gateway.checked_at) {
    call(turn, gateway, Request::Kind::Check);
    const bool often = is_owning(gateway.role) || gateway.role == Role::Relay;
    gateway.checked_at = turn.now + (often ? turn.timers().reconcile : turn.timers().standby_check);
  }
}

void tend_relay(Turn& turn, Gateway& gateway) {
  if (gateway.role != Role::Relay) {
    return;
  }
  // What the process before us left, gate and address, has an owner elsewhere: the kernel would
  // answer for the address for ever.
  const bool known = gateway.record_known && !gateway.doubtful && gateway.record.record;
  if (gateway.claimed && known && !owns(turn.state, gateway)) {
    withdraw(turn, gateway);
  }
  for (const Sibling& sibling : gateway.siblings) {
    if (is_serving(sibling.beat.role) && sibling.beat.epoch > gateway.epoch &&
        is_live(turn.state, sibling, turn.now)) {
      close(turn, gateway, Why::TakenOver);
      return;
    }
  }
  if (gateway.place == Place::Elsewhere && gateway.placed >= gateway.since) {
    close(turn, gateway, Why::FabricMoved);
  } else if (gateway.record_known && !owns(turn.state, gateway) &&
             turn.now - gateway.since >= turn.timers().relay) {
    // A gate that an earlier process left open goes on while nobody can say whose it is.
    close(turn, gateway, Why::RelayTimedOut);
  }
}

void tend_handshakes(Turn& turn, Gateway& gateway) {
  if (gateway.role != Role::Active || gateway.kicks == 0 || turn.now < gateway.kick_at) {
    return;
  }
  --gateway.kicks;
  gateway.kick_at = turn.now + turn.timers().rekick;
  turn.act(StartHandshakes{.gateway = gateway.name});
}

}  // namespace cw::ha
