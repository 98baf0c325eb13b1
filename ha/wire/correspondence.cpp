// SPDX-License-Identifier: Apache-2.0
#include "ha/wire/correspondence.h"

#include <algorithm>

namespace cw::ha::wire {

Verdict take_sealed(Correspondence& letters, const Session& session, const Stamp& stamp) {
  if (stamp.to_boot != session.boot || stamp.sequence == 0 ||
      std::ranges::find(session.retired, stamp.boot) != session.retired.end()) {
    return Verdict::Old;
  }
  if (session.believed == 0 || stamp.boot != session.believed) {
    return Verdict::Unproven;
  }
  if (stamp.boot == letters.boot && stamp.sequence <= letters.sequence) {
    return Verdict::Old;
  }
  letters.boot = stamp.boot;
  letters.sequence = stamp.sequence;
  return Verdict::Taken;
}

std::optional<Stamp> next_stamp(Correspondence& letters, const Session& session) {
  if (session.believed == 0) {
    return std::nullopt;
  }
  return Stamp{.boot = session.boot, .to_boot = session.believed, .sequence = ++letters.sent};
}

}  // namespace cw::ha::wire
