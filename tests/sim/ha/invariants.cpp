// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/ha/invariants.h"

#include <algorithm>

#include <fmt/format.h>

#include "ha/turn.h"

namespace cw::sim {

namespace {

// Clocks differ by 200 ppm at most, and steps come a little late.
constexpr Micros kSlack = 50 * kMillisecond;

Micros micros(ha::Duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

}  // namespace

Invariants::Invariants(const Scenario& scenario) : scenario_(scenario) {
  const std::size_t routers = scenario.routers.size();
  gateways_.resize(scenario.gateways.size());
  for (PerGateway& each : gateways_) {
    each.gates.resize(routers);
    each.fabric = routers;  // nowhere
    each.draining.resize(routers);
    each.drained_term.resize(routers);
    each.arrived.assign(routers, std::vector<Arrived>(routers));
  }
  serials_.resize(routers);
}

void Invariants::fail(const std::string& what, Micros now) {
  if (!violation_) {
    violation_ = fmt::format("at {}.{:06} s: {}", now / kSecond, now % kSecond, what);
  }
}

void Invariants::check_gates(std::size_t gateway, Micros now) {
  const PerGateway& each = gateways_[gateway];
  for (std::size_t a = 0; a < each.gates.size(); ++a) {
    if (!each.gates[a].open) {
      continue;
    }
    const ha::Epoch epoch = each.gates[a].epoch;
    for (std::size_t b = a + 1; b < each.gates.size(); ++b) {
      if (each.gates[b].open && each.gates[b].epoch == epoch) {
        fail(fmt::format("I1: {} is open at r{} and r{} under epoch {}",
                         scenario_.gateways[gateway].name, a, b, to_text(epoch)),
             now);
      }
    }
    if (epoch == ha::Epoch{.term = each.record.term} && each.record.owner != scenario_.routers[a]) {
      fail(fmt::format("I2: {} is open at r{} under term {}, which is {}'s",
                       scenario_.gateways[gateway].name, a, epoch.term, each.record.owner),
           now);
    }
  }
}

void Invariants::gate_changed(std::size_t gateway, std::size_t router, Gate gate, Micros now) {
  gateways_[gateway].gates[router] = gate;
  check_gates(gateway, now);
}

void Invariants::written(std::size_t gateway, const ha::Record& before, const ha::Record& record,
                         Micros now) {
  PerGateway& each = gateways_[gateway];
  const bool other_owner = before.owner != record.owner;
  if (record.term < before.term || (other_owner && record.term == before.term)) {
    fail(fmt::format("I4: {}'s term goes from {} ({}) to {} ({})", scenario_.gateways[gateway].name,
                     before.term, before.owner, record.term, record.owner),
         now);
  }
  if (record.term == before.term && record.successor != before.successor) {
    fail(fmt::format("I1: term {} names two successors", record.term), now);
  }
  if (record.held > before.held) {
    ++takeovers_;
    const Micros gap = now - each.written_at;
    if (other_owner && gap + kSlack < micros(scenario_.timers.stale)) {
      fail(fmt::format("S2: {} is taken over {} ms after its owner renewed",
                       scenario_.gateways[gateway].name, gap / kMillisecond),
           now);
    }
    const Micros hold = micros(ha::hold_of(scenario_.timers, before.held));
    if (other_owner && now - each.owner_since + kSlack < hold) {
      fail(fmt::format("I7: {} is taken over again after {} ms, and the hold is {} ms",
                       scenario_.gateways[gateway].name, (now - each.owner_since) / kMillisecond,
                       hold / kMillisecond),
           now);
    }
  }
  if (other_owner) {
    each.owner_since = now;
    each.astray_since = -1;
    if (scenario_.kind == Kind::Arbiter && !before.owner.empty()) {
      fail(fmt::format("I8: {} goes from {} to {}, and nothing failed but the arbiter",
                       scenario_.gateways[gateway].name, before.owner, record.owner),
           now);
    }
  }
  each.record = record;
  each.written_at = now;
  check_gates(gateway, now);
}

void Invariants::changed(std::size_t gateway, std::size_t router, const ha::Changed& change,
                         const std::string& believed, Micros now) {
  PerGateway& each = gateways_[gateway];
  if (change.to == ha::Role::Move) {
    each.latest = std::max(each.latest, change.epoch);
  }
  check_silence(gateway, router, change, believed, now);
  if (change.to == ha::Role::Active && change.from == ha::Role::Move) {
    check_netmap(gateway, router, now);
  }
  if (change.to == ha::Role::Drain) {
    each.draining[router] = true;
    each.drained_term[router] = change.epoch.term;
  } else if (change.from == ha::Role::Drain) {
    each.draining[router] = false;
    if (change.to != ha::Role::Active && each.record.term <= each.drained_term[router] &&
        each.latest <= change.epoch) {
      fail(fmt::format("I9: r{} ends a handover as {}, and nobody else is owner", router,
                       ha::to_text(change.to)),
           now);
    }
  }
  if (scenario_.kind == Kind::Arbiter && change.from == ha::Role::Active &&
      change.to != ha::Role::Active) {
    fail(fmt::format("I8: r{} is active no more, and nothing failed but the arbiter", router), now);
  }
}

// S1.
void Invariants::check_silence(std::size_t gateway, std::size_t router, const ha::Changed& change,
                               const std::string& believed, Micros now) {
  if (change.why != ha::Why::OwnerSilent && change.why != ha::Why::ArbiterDown) {
    return;
  }
  const PerGateway& each = gateways_[gateway];
  const auto owner = static_cast<std::size_t>(std::ranges::find(scenario_.routers, believed) -
                                              scenario_.routers.begin());
  if (owner >= each.gates.size() || each.arrived[owner][router].at == 0) {
    return;
  }
  const Micros silence = now - each.arrived[owner][router].at;
  const ha::Timers& timers = scenario_.timers;
  const bool suspicion = change.why == ha::Why::OwnerSilent;
  if (silence + kSlack < micros(suspicion ? timers.suspect : timers.successor_silence)) {
    fail(fmt::format("S1: r{} takes r{} for silent {} ms after its last heartbeat", router, owner,
                     silence / kMillisecond),
         now);
  }
}

// I10. `serials_` are true; what arrived is what the router can know.
void Invariants::check_netmap(std::size_t gateway, std::size_t router, Micros now) {
  const PerGateway& each = gateways_[gateway];
  const Micros live = micros(scenario_.timers.suspect) - kSlack;
  for (std::size_t from = 0; from < each.gates.size(); ++from) {
    const Arrived& arrived = each.arrived[from][router];
    if (serials_[router] < each.record.serial && arrived.at > 0 && now - arrived.at < live &&
        arrived.serial > serials_[router]) {
      fail(fmt::format("I10: r{} becomes active with netmap {} after {}, and r{} has {}", router,
                       serials_[router], each.record.serial, from, arrived.serial),
           now);
    }
  }
}

void Invariants::heartbeat_arrived(std::size_t gateway, std::size_t from, std::size_t to,
                                   std::uint64_t serial, Micros now) {
  gateways_[gateway].arrived[from][to] = {.at = now, .serial = serial};
}

void Invariants::started(std::size_t router) {
  for (PerGateway& each : gateways_) {
    for (auto& from : each.arrived) {
      from[router] = {};
    }
  }
}

void Invariants::saw(std::size_t gateway, std::size_t router, ha::Epoch before, ha::Epoch after,
                     Micros now) {
  if (after < before) {
    fail(fmt::format("I4: r{} saw {} of {} and goes back to {}", router, to_text(before),
                     scenario_.gateways[gateway].name, to_text(after)),
         now);
  }
}

void Invariants::moves(std::size_t gateway, std::size_t router, const ha::Gateway& state,
                       Micros now) {
  const PerGateway& each = gateways_[gateway];
  if (!ha::is_owning(state.role)) {
    fail(fmt::format("I3: r{} moves {} as {}", router, state.name, ha::to_text(state.role)), now);
  }
  const ha::Timers& timers = scenario_.timers;
  const Micros word = micros(std::max(timers.successor_silence, 2 * timers.renew)) + kSlack;
  if (!state.epoch.provisional && each.record.owner != scenario_.routers[router] &&
      now - each.owner_since > word) {
    fail(fmt::format("I6: r{} moves {}, {} ms after it stopped being owner", router, state.name,
                     (now - each.owner_since) / kMillisecond),
         now);
  }
}

void Invariants::starts_handshakes(std::size_t gateway, std::size_t router,
                                   const ha::Gateway& state, Micros now) {
  if (!gateways_[gateway].gates[router].open || !ha::is_owning(state.role)) {
    fail(fmt::format("I3: r{} starts handshakes as {}", router, ha::to_text(state.role)), now);
  }
}

void Invariants::fabric_is(std::size_t gateway, std::size_t router, Micros /*now*/) {
  gateways_[gateway].fabric = router;
  gateways_[gateway].astray_since = -1;
}

void Invariants::crashed(std::size_t gateway, std::size_t router, bool gate_stays, Micros /*now*/) {
  PerGateway& each = gateways_[gateway];
  each.draining[router] = false;
  if (!gate_stays) {
    each.gates[router] = {};
  }
}

void Invariants::check_reassertion(std::size_t gateway, Micros now) {
  PerGateway& each = gateways_[gateway];
  const auto owner = static_cast<std::size_t>(
      std::ranges::find(scenario_.routers, each.record.owner) - scenario_.routers.begin());
  const bool serves = owner < each.gates.size() && each.gates[owner].open &&
                      each.gates[owner].epoch == ha::Epoch{.term = each.record.term};
  if (!serves || each.fabric == owner) {
    each.astray_since = -1;
    return;
  }
  if (each.astray_since < 0) {
    each.astray_since = now;
  }
  const ha::Timers& timers = scenario_.timers;
  const Micros most = micros(timers.reconcile + 2 * timers.renew + timers.fabric_retry) +
                      3 * scenario_.trouble.fabric_most + kSlack;
  if (now - each.astray_since > most) {
    fail(fmt::format("I6: {} serves {} and has not had its address for {} ms", each.record.owner,
                     scenario_.gateways[gateway].name, (now - each.astray_since) / kMillisecond),
         now);
  }
}

}  // namespace cw::sim
