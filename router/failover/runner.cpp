// SPDX-License-Identifier: Apache-2.0
#include "router/failover/runner.h"

#include <algorithm>
#include <utility>

namespace cw::failover {

namespace {

struct Reach {
  Outlets& to;

  void operator()(const ha::SendBeat& action) const { to.send(action.beat); }

  void operator()(const ha::ReadRecord& action) const { to.read(action); }

  void operator()(const ha::WriteRecord& action) const { to.write(action); }

  void operator()(const ha::MoveAddress& action) const { to.move(action); }

  void operator()(const ha::CheckAddress& action) const { to.check(action); }

  void operator()(const ha::WithdrawAddress& action) const { to.withdraw(action); }

  void operator()(const ha::OpenGate& action) const { to.open_gate(action.gateway); }

  void operator()(const ha::StartHandshakes& action) const { to.start_handshakes(action.gateway); }

  void operator()(const ha::StopInitiating& action) const { to.stop_initiating(action.gateway); }

  void operator()(const ha::CloseGate& action) const { to.close_gate(action.gateway); }

  void operator()(const ha::Prepare& action) const { to.prepare(action); }

  void operator()(const ha::Changed& action) const { to.changed(action); }

  void operator()(const ha::MoveRefused& action) const { to.refused(action); }

  void operator()(const ha::Left& /*action*/) const { to.left(); }
};

}  // namespace

void Runner::take(ha::Event event) {
  waiting_.push_back(std::move(event));
  if (std::exchange(stepping_, true)) {
    return;
  }
  while (!waiting_.empty()) {
    const auto next = std::move(waiting_.front());
    waiting_.pop_front();
    step(next);
  }
  stepping_ = false;
}

void Runner::step(const ha::Event& event) {
  auto done = ha::step(std::move(state_), event, clock_.steady());
  state_ = std::move(done.state);
  for (const auto& action : done.actions) {
    std::visit(Reach{outlets_}, action);
  }
  outlets_.wake_at(done.wake);
}

const ha::Gateway* Runner::find(const std::string& gateway) const {
  const auto found = std::ranges::find(state_.gateways, gateway, &ha::Gateway::name);
  return found == state_.gateways.end() ? nullptr : &*found;
}

}  // namespace cw::failover
