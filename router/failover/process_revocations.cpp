// SPDX-License-Identifier: Apache-2.0
// Signed lists of revocations, from one sibling to another as netmaps go. No heartbeat says which
// one a router holds, so each is offered ours: when it is new, when they are heard again, and now
// and then (ha/netmap/sending.h).
#include "router/api/sibling_files.h"
#include "router/failover/process.h"

namespace cw::failover {

namespace {

Handing::Lacking may_lack(const Handing& list, const ha::State& state, ha::Time now) {
  if (!list.has_file() || list.serial() == 0) {
    return {};
  }
  return heard_siblings(state, now, [](const ha::Sibling& /*sibling*/) { return true; });
}

}  // namespace

void Process::follow_revocations() {
  if (revocations_.look(may_lack(revocations_, runner_->state(), now()))) {
    revocations_due_.arm(now());
  }
}

Process::Handed Process::handed_revocations() {
  return {.handing = revocations_,
          .kind = ha::wire::Kind::Revocations,
          .due = revocations_due_,
          .offered = api::kOfferedRevocations,
          .held = "the revocations that are held",
          .coming = "revocations from a sibling"};
}

void Process::step_revocations() {
  if (runner_) {
    step_handing(handed_revocations(), may_lack(revocations_, runner_->state(), now()));
  }
}

void Process::hear_revocations(const Mail::Told& told) {
  if (hear_handing(handed_revocations(), told).step) {
    step_revocations();
  }
}

}  // namespace cw::failover
