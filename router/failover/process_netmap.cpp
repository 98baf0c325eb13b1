// SPDX-License-Identifier: Apache-2.0
// Which netmap siblings have, and those that are handed from one to another.
#include <fmt/format.h>

#include "base/file.h"
#include "router/api/sibling_files.h"
#include "router/failover/process.h"

namespace cw::failover {

// After each event, since any may bring a serial.
void Process::follow_netmaps() {
  const auto news = netmaps_.look(runner_->state(), now());
  if (news.wanted) {
    note("the agent's source",
         write_file_atomically(world_.folder + "/" + api::kWantedSerial,
                               api::wanted_text(*news.wanted), api::kSiblingFilesMode));
  }
  if (news.step) {
    netmaps_due_.arm(now());
  }
  if (news.changed) {
    runner_->take(*news.changed);
  }
}

Process::Handed Process::handed_netmap() {
  return {.handing = netmaps_.handing(),
          .kind = ha::wire::Kind::Netmap,
          .due = netmaps_due_,
          .offered = api::kOfferedNetmap,
          .held = "the netmap in force",
          .coming = "a netmap from a sibling"};
}

void Process::step_netmaps() {
  if (runner_) {
    step_handing(handed_netmap(), netmaps_.behind(runner_->state(), now()));
  }
}

void Process::hear_netmap(const Mail::Told& told) {
  const auto heard = hear_handing(handed_netmap(), told);
  if (heard.whole) {
    world_.journal.write(
        agent::Level::Notice, agent::Event::SourceHeard,
        fmt::format("router {} handed over a netmap that says it has serial {}; causewayd "
                    "verifies it",
                    told.from, heard.whole->id.serial));
  }
  if (heard.step) {
    step_netmaps();
  }
}

void Process::add_netmaps(api::FailoverStatus& status) const {
  if (const auto coming = netmaps_.handing().coming(now())) {
    status.coming = api::ComingNetmap{.from = coming->from,
                                      .serial = coming->serial,
                                      .arrived = coming->arrived,
                                      .size = coming->size};
  }
}

}  // namespace cw::failover
