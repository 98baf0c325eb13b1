// SPDX-License-Identifier: Apache-2.0
// What the core's actions reach.
#include <fmt/format.h>

#include "router/failover/process.h"

namespace cw::failover {

using agent::Event;
using agent::Level;

void Process::send(const ha::Beat& beat) {
  const auto* gateway = runner_->find(beat.gateway);
  if (gateway == nullptr) {
    return;
  }
  for (const auto& sibling : gateway->siblings) {
    const auto datagram = mail_.write(beat, sibling.router, wall().time_since_epoch().count());
    const auto sent = datagram ? post(sibling.router, *datagram) : Result<>(datagram.error());
    note("heartbeats to router " + sibling.router, sent);
  }
}

void Process::read(const ha::ReadRecord& read) {
  arbiter_->read(read);
}

void Process::write(const ha::WriteRecord& write) {
  arbiter_->write(write);
}

void Process::move(const ha::MoveAddress& move) {
  unwithdrawn_.erase(move.gateway);
  if (fabric_) {
    fabric_->move(move, now());
  } else {
    refuse(move.gateway, move.request);
  }
}

void Process::check(const ha::CheckAddress& check) {
  if (fabric_) {
    fabric_->check(check, now());
  } else {
    refuse(check.gateway, check.request);
  }
}

// Without a fabric nothing was moved; compare() tries to have one.
void Process::refuse(const std::string& gateway, std::uint64_t request) {
  take(ha::FabricAnswer{.gateway = gateway,
                        .request = request,
                        .outcome = ha::FabricOutcome::Refused,
                        .retry_after = kCompare});
}

void Process::withdraw_again() {
  for (const auto& gateway : std::exchange(unwithdrawn_, {})) {
    withdraw(ha::WithdrawAddress{.gateway = gateway});
  }
}

void Process::withdraw(const ha::WithdrawAddress& withdraw) {
  const auto done = fabric_ ? fabric_->withdraw(withdraw, now())
                            : Result<>(Error::make(ErrorKind::Retryable, "there is no fabric yet"));
  note("withdrawing gateway " + withdraw.gateway, done);
  if (done) {
    unwithdrawn_.erase(withdraw.gateway);
  } else {
    unwithdrawn_.insert(withdraw.gateway);  // compare() tries again: it would be answered for
  }
}

void Process::open_gate(const std::string& gateway) {
  const auto kicks = books_.kicks(gateway, wall());
  note("gates", gates_->open(gateway, kicks, now()));
  books_.note_initiation(gateway, wall());
  arm_gates();
  follow_role(gateway);  // also another term of an owner that stays
  world_.journal.write(Level::Notice, Event::GateOpened,
                       fmt::format("gateway `{}`: its gate is open; {} peer{} asked to go on here",
                                   gateway, kicks.size(), kicks.size() == 1 ? "" : "s"),
                       {{.name = "CAUSEWAY_GATEWAY", .value = gateway}});
  look_.arm_in(runner_->state().config.timers.heartbeat);
}

void Process::start_handshakes(const std::string& gateway) {
  note("gates", gates_->start_handshakes(gateway, books_.kicks(gateway, wall()), now()));
  books_.note_initiation(gateway, wall());
  arm_gates();
}

void Process::stop_initiating(const std::string& gateway) {
  note("gates", gates_->stop_initiating(gateway));
  arm_gates();
}

void Process::close_gate(const std::string& gateway) {
  note("gates", gates_->close(gateway, now()));
  arm_gates();
  world_.journal.write(Level::Notice, Event::GateClosed,
                       fmt::format("gateway `{}`: its gate is closed", gateway),
                       {{.name = "CAUSEWAY_GATEWAY", .value = gateway}});
}

void Process::refused(const ha::MoveRefused& refused) {
  wishes_.refused(refused, runner_->state());
}

void Process::changed(const ha::Changed& changed) {
  const bool worth_a_notice = changed.from == ha::Role::Active || changed.to == ha::Role::Active ||
                              changed.to == ha::Role::Fenced || changed.to == ha::Role::Relay;
  world_.journal.write(worth_a_notice ? Level::Notice : Level::Info, Event::RoleChanged,
                       story_.tell(changed, runner_->state()),
                       {{.name = "CAUSEWAY_GATEWAY", .value = changed.gateway},
                        {.name = "CAUSEWAY_ROLE", .value = std::string(ha::to_text(changed.to))},
                        {.name = "CAUSEWAY_EPOCH", .value = ha::to_text(changed.epoch)}});
  follow_role(changed.gateway);
  if (changed.to == ha::Role::Drain) {
    look_at_peers();  // before the heartbeat that asks the sibling to get ready
  }
  if (const auto again = wishes_.changed(changed)) {
    take(ha::MoveGateway{.gateway = again->gateway, .to = again->to});
  }
}

void Process::left() {
  tell_what_stays();
  world_.loop.stop(0);
}

void Process::wake_at(ha::Time when) {
  step_.arm(when);
}

}  // namespace cw::failover
