// SPDX-License-Identifier: Apache-2.0
// Signed files that are handed from one sibling to another: the same for a netmap and for a list of
// revocations (handing.h).
#include "base/file.h"
#include "router/api/sibling_files.h"
#include "router/failover/process.h"

namespace cw::failover {

void Process::step_handing(const Handed& handed, const Handing::Lacking& lacking) {
  auto& handing = handed.handing;
  const auto believed = [this](const std::string& gateway, const std::string& sibling) {
    return mail_.believed(gateway, sibling) != 0;
  };
  auto turn = handing.step(lacking, believed, now());
  if (const auto file = handing.file_to_read(now())) {
    note(handed.held, handing.have_read(read_file(*file, handing.largest()), now()));
    turn = handing.step(lacking, believed, now());
  }
  for (const auto& letter : turn.letters) {
    if (!post(letter.gateway, letter.to, handed.kind, letter.payload)) {
      break;  // it is sent again
    }
  }
  if (turn.due) {
    handed.due.arm(*turn.due);
  } else {
    handed.due.disarm();
  }
}

// It is the agent that verifies it.
Handing::Heard Process::hear_handing(const Handed& handed, const Mail::Told& told) {
  auto heard = handed.handing.hear(told.from, told.payload, now());
  if (!heard) {
    ++refused_datagrams_;
    return {};
  }
  if (const auto& answer = heard->answer) {
    (void)post(told.gateway, told.from, handed.kind, *answer);
  }
  if (const auto& whole = heard->whole) {
    const auto written = write_file_atomically(world_.folder + "/" + std::string(handed.offered),
                                               whole->bytes, api::kSiblingFilesMode);
    note(handed.coming, written);
    if (!written) {
      handed.handing.not_kept();
      heard->whole.reset();
    }
  }
  return std::move(*heard);
}

}  // namespace cw::failover
