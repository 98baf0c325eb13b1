// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "ha/turn.h"

// What the arbiter says, and what follows from it.
namespace cw::ha {

namespace {

// What an owner writes: it lives, and where needed more.
Record renewal_of(const Turn& turn, const Gateway& gateway) {
  const State& state = turn.state;
  const Timers& timers = turn.timers();
  Record next = gateway.record.record.value_or(Record{});
  const bool ours = owns(state, gateway) && next.term == gateway.epoch.term;
  next.serial = std::max(next.serial, state.serial);
  ++next.renewal;
  if (!ours || gateway.epoch.provisional) {
    // It took over without the arbiter, or the arbiter lost the record (restored, or emptied).
    next.held += gateway.epoch.provisional ? 1U : 0U;
    next.term = std::max({gateway.seen.term, gateway.epoch.term, next.term}) + 1;
    next.owner = turn.self();
    next.successor = choose_successor(turn, gateway);
    return next;
  }
  if (turn.now - gateway.since >= timers.calm) {
    next.held = 0;
  }
  const Sibling* successor = find_sibling(gateway, next.successor);
  if (gateway.role == Role::Active && turn.now >= gateway.new_successor_after &&
      (successor == nullptr || turn.now - successor->heard >= timers.successor_silence)) {
    std::string other = choose_successor(turn, gateway);
    const Sibling* candidate = find_sibling(gateway, other);
    if (other != next.successor && candidate != nullptr && is_live(state, *candidate, turn.now)) {
      // Never within a term: two routers that both remember being named would share an epoch.
      ++next.term;
      next.successor = std::move(other);
    }
  }
  return next;
}

bool is_sibling_ahead(const Turn& turn, const Gateway& gateway, Epoch epoch) {
  return std::ranges::any_of(gateway.siblings, [&](const Sibling& sibling) {
    return is_live(turn.state, sibling, turn.now) && is_owning(sibling.beat.role) &&
           sibling.beat.epoch > epoch;
  });
}

void follow_as_owner(Turn& turn, Gateway& gateway, const Record& record) {
  if (record.owner == turn.self()) {
    if (Epoch{.term = record.term} > gateway.epoch) {
      gateway.epoch = {.term = record.term};
      gateway.beat_now = true;
      if (gateway.gate) {
        turn.act(OpenGate{.gateway = gateway.name, .epoch = gateway.epoch});
      }
    }
    return;
  }
  const bool owner_lived =
      gateway.epoch.provisional && gateway.record.version != gateway.provisional_version;
  const bool lost = record.term > gateway.epoch.term || owner_lived ||
                    (record.term == gateway.epoch.term && !gateway.epoch.provisional);
  if (lost) {
    supersede(turn, gateway, Why::Superseded);
  }
}

void lose_claim(Turn& turn, Gateway& gateway) {
  step_back(turn, gateway, Why::Lost);
}

// The owner asked for it, so its renewals are no reason against it.
bool claims_from_the_living(Why why) {
  return why == Why::HandedOver || why == Why::OwnerLeft || why == Why::OwnerUnfit ||
         why == Why::Recorded;
}

void conclude_claim(Turn& turn, Gateway& gateway, ArbiterOutcome outcome, std::uint64_t term) {
  if (gateway.role != Role::Claim) {
    return;  // the record, seen elsewhere, decided already
  }
  const bool same_term = gateway.record.record && gateway.record.record->term == term;
  if (outcome == ArbiterOutcome::Conflict && same_term &&
      claims_from_the_living(gateway.claim_why)) {
    ask(turn, gateway, Request::Kind::Claim);
    return;
  }
  lose_claim(turn, gateway);
}

}  // namespace

bool arbiter_is_down(const Turn& turn, const Gateway& gateway) {
  return turn.now - gateway.answered >= turn.timers().arbiter_down;
}

void ask(Turn& turn, Gateway& gateway, Request::Kind kind) {
  State& state = turn.state;
  const std::uint64_t id = ++state.requests;
  gateway.asking = Request{.id = id,
                           .kind = kind,
                           .sent = turn.now,
                           .give_up = turn.now + turn.timers().arbiter_patience,
                           .version = gateway.record.version};
  if (kind == Request::Kind::Read) {
    turn.act(ReadRecord{.gateway = gateway.name, .request = id});
    return;
  }
  Record next;
  if (kind == Request::Kind::Renew) {
    next = renewal_of(turn, gateway);
    if (gateway.record.record && next.term > gateway.record.record->term) {
      gateway.new_successor_after = turn.now + turn.timers().new_successor;
    }
  } else {
    const Record old = gateway.record.record.value_or(Record{});
    const bool unplanned = gateway.claim_why == Why::OwnerSilent;
    next = Record{.term = std::max(gateway.seen.term, old.term) + 1,
                  .owner = turn.self(),
                  .successor = choose_successor(turn, gateway),
                  .renewal = 0,
                  .serial = std::max(old.serial, state.serial),
                  .held = old.held + (unplanned ? 1U : 0U)};
  }
  turn.act(WriteRecord{.gateway = gateway.name,
                       .request = id,
                       .expected = gateway.record.version,
                       .record = std::move(next)});
}

void read_record(Turn& turn, Gateway& gateway) {
  if (!gateway.asking) {
    ask(turn, gateway, Request::Kind::Read);
  }
}

void learn(Turn& turn, Gateway& gateway, const VersionedRecord& current, bool authoritative) {
  if (gateway.record_known && (current.version == gateway.record.version ||
                               (current.version < gateway.record.version && !authoritative))) {
    return;
  }
  // The same owner two terms later may have lost it in between, unseen by us.
  const bool other_owner = !gateway.record_known || !gateway.record.record || !current.record ||
                           gateway.record.record->owner != current.record->owner ||
                           current.record->term > gateway.record.record->term + 1;
  gateway.record = current;
  gateway.record_known = true;
  gateway.record_changed = turn.now;
  if (other_owner) {
    gateway.owner_since = turn.now;
  }
  if (current.record) {
    gateway.seen = std::max(gateway.seen, Epoch{.term = current.record->term});
  }
}

void take_answer(Turn& turn, Gateway& gateway, const ArbiterAnswer& answer) {
  const bool told =
      answer.outcome == ArbiterOutcome::Done || answer.outcome == ArbiterOutcome::Conflict;
  if (!gateway.asking || gateway.asking->id != answer.request) {
    if (told) {
      learn(turn, gateway, answer.current, false);
    }
    return;
  }
  const Request request = *gateway.asking;
  gateway.asking.reset();
  const std::uint64_t term = gateway.record.record ? gateway.record.record->term : 0;
  if (told) {
    gateway.answered = turn.now;
    gateway.doubtful = false;
    learn(turn, gateway, answer.current, request.version == gateway.record.version);
    if (owns(turn.state, gateway) && gateway.record.version == answer.current.version) {
      gateway.confirmed = std::max(gateway.confirmed, request.sent);
    }
    follow_record(turn, gateway);
  } else if (answer.outcome == ArbiterOutcome::Unknown && request.kind != Request::Kind::Read) {
    gateway.doubtful = true;
  }
  if (request.kind == Request::Kind::Claim) {
    conclude_claim(turn, gateway, answer.outcome, term);
  }
}

void expire_arbiter(Turn& turn, Gateway& gateway) {
  if (!gateway.asking || turn.now < gateway.asking->give_up) {
    return;
  }
  const Request::Kind kind = gateway.asking->kind;
  gateway.asking.reset();
  gateway.doubtful = gateway.doubtful || kind != Request::Kind::Read;
  if (kind == Request::Kind::Claim && gateway.role == Role::Claim) {
    lose_claim(turn, gateway);
  }
}

void follow_record(Turn& turn, Gateway& gateway) {
  if (!gateway.record_known || !gateway.record.record) {
    return;
  }
  const Record& record = *gateway.record.record;
  if (is_owning(gateway.role)) {
    follow_as_owner(turn, gateway, record);
    return;
  }
  if (record.owner != turn.self()) {
    return;
  }
  const Epoch epoch{.term = record.term};
  if (gateway.role == Role::Claim) {
    if (gateway.seen <= epoch) {
      become_owner(turn, gateway, epoch, Why::Won);
    }
    return;
  }
  // A restart, or a claim whose answer was lost, or a successor that gave way.
  if (gateway.doubtful || fitness_of(turn.state, gateway) == Fitness::Unfit ||
      is_sibling_ahead(turn, gateway, epoch)) {
    return;
  }
  if (gateway.seen > epoch) {
    claim(turn, gateway, Why::Recorded);
  } else {
    become_owner(turn, gateway, epoch, Why::Recorded);
  }
}

void ask_arbiter(Turn& turn, Gateway& gateway) {
  if (gateway.asking || turn.now < gateway.asked_at) {
    return;
  }
  const Timers& timers = turn.timers();
  if (is_owning(gateway.role) && gateway.record_known && !gateway.doubtful &&
      !(gateway.epoch.provisional && arbiter_is_down(turn, gateway))) {
    ask(turn, gateway, Request::Kind::Renew);
    gateway.asked_at = turn.now + timers.renew;
    return;
  }
  ask(turn, gateway, Request::Kind::Read);
  const bool urgent = is_owning(gateway.role) || gateway.doubtful || !gateway.record_known ||
                      gateway.role == Role::Relay;
  gateway.asked_at = turn.now + (urgent ? timers.renew : timers.reconcile);
}

}  // namespace cw::ha
