// SPDX-License-Identifier: Apache-2.0
// What a newer network changes, written before the peers are read (ADR 0025).
#include <algorithm>
#include <utility>

#include "router/agent/reconcile.h"

namespace cw::agent {

namespace {

// What may be written again, or of which the kernel itself refuses what does not fit: elements of
// the firewall whose digest was read, and peers. Not where a peer was seen, which is of the past.
bool may_go_ahead(const router::Step& step) {
  if (const auto* change = std::get_if<router::ChangePeers>(&step.action)) {
    return std::ranges::none_of(change->peers, [](const router::NamedPeerChange& peer) {
      return peer.change.endpoint.has_value();
    });
  }
  return std::holds_alternative<router::ExchangeContents>(step.action);
}

}  // namespace

// Concludes nothing: what the kernel had otherwise than it was left, the round finds when it then
// reads all of it.
void Reconciler::write_ahead(const router::DesiredState& desired, Round& round) {
  auto left = std::exchange(left_, {});
  if (left.empty() || !desired.firewall || !previous_ruleset_ || is_replacing()) {
    return;
  }
  auto reading = router::read_all_but_devices(sinks_, desired, std::move(left));
  auto& table = reading.state.firewall;
  if (!reading.errors.empty() || !table || table->digest != previous_ruleset_->digest) {
    return;
  }
  table->contents = std::move(previous_ruleset_->contents);  // lent: tens of thousands of texts
  auto plan = this->plan(desired, reading.state);
  previous_ruleset_->contents = std::move(*table->contents);
  // One that is refused is asked for anew by each reload, and no peer has to wait for it.
  std::erase_if(plan.steps, [](const router::Step& step) {
    return std::holds_alternative<router::AttachTranslator>(step.action);
  });
  if (plan.empty() || !std::ranges::all_of(plan.steps, may_go_ahead)) {
    return;
  }
  carry_out(plan, desired, round);
  forget_revoked(desired, round);  // what the flowtable carries is asked about no more
}

}  // namespace cw::agent
