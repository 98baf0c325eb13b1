// SPDX-License-Identifier: Apache-2.0
#include "ha/wire/session.h"

#include <algorithm>

namespace cw::ha::wire {

Verdict take(Session& session, const Proof& proof) {
  if (session.believed != 0 && proof.boot == session.believed) {
    if (proof.sequence <= session.sequence) {
      return Verdict::Old;
    }
  } else {
    if (std::ranges::find(session.retired, proof.boot) != session.retired.end()) {
      return Verdict::Old;
    }
    const bool lives = proof.boot != 0 && proof.echoed_boot == session.boot &&
                       proof.echoed_sequence <= session.sent &&
                       session.sent - proof.echoed_sequence < kRecent && proof.echoed_sequence > 0;
    if (!lives) {
      session.echo_boot = proof.boot;
      session.echo_sequence = proof.sequence;
      return Verdict::Unproven;
    }
    if (session.believed != 0) {
      if (session.retired.size() == kMostRetired) {
        session.retired.erase(session.retired.begin());
      }
      session.retired.push_back(session.believed);
    }
    session.believed = proof.boot;
  }
  session.sequence = proof.sequence;
  session.echo_boot = proof.boot;
  session.echo_sequence = proof.sequence;
  return Verdict::Taken;
}

Proof next_proof(Session& session) {
  return {.boot = session.boot,
          .sequence = ++session.sent,
          .echoed_boot = session.echo_boot,
          .echoed_sequence = session.echo_sequence};
}

}  // namespace cw::ha::wire
