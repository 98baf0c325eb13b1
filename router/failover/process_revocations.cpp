// SPDX-License-Identifier: Apache-2.0
// Signed lists of revocations, from one sibling to another as netmaps go. No heartbeat says which
// one a router holds, so each is offered ours: when it is new, when they are heard again, and now
// and then (ha/netmap/sending.h).
#include <fmt/format.h>

#include "base/file.h"
#include "router/api/sibling_files.h"
#include "router/failover/process.h"

namespace cw::failover {

namespace {

// Whoever is in it is named by it.
constexpr mode_t kOwnerOnly = 0600;

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

void Process::step_revocations() {
  if (!runner_) {
    return;
  }
  const auto lacking = may_lack(revocations_, runner_->state(), now());
  const auto believed = [this](const std::string& gateway, const std::string& sibling) {
    return mail_.believed(gateway, sibling) != 0;
  };
  auto turn = revocations_.step(lacking, believed, now());
  if (const auto file = revocations_.file_to_read(now())) {
    note("the revocations that are held",
         revocations_.have_read(read_file(*file, network::kLargestRevocations), now()));
    turn = revocations_.step(lacking, believed, now());
  }
  for (const auto& letter : turn.letters) {
    if (!post(letter.gateway, letter.to, ha::wire::Kind::Revocations, letter.payload)) {
      break;  // it is sent again
    }
  }
  if (turn.due) {
    revocations_due_.arm(*turn.due);
  } else {
    revocations_due_.disarm();
  }
}

// It is the agent that verifies it.
void Process::hear_revocations(const Mail::Told& told) {
  const auto heard = revocations_.hear(told.from, told.payload, now());
  if (!heard) {
    ++refused_datagrams_;
    return;
  }
  if (const auto& answer = heard->answer) {
    (void)post(told.gateway, told.from, ha::wire::Kind::Revocations, *answer);
  }
  if (const auto& whole = heard->whole) {
    const auto written = write_file_atomically(world_.folder + "/" + api::kOfferedRevocations,
                                               whole->bytes, kOwnerOnly);
    note("revocations from a sibling", written);
    if (!written) {
      revocations_.not_kept();
    }
  }
  if (heard->step) {
    step_revocations();
  }
}

}  // namespace cw::failover
