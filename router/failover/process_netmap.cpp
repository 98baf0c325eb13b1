// SPDX-License-Identifier: Apache-2.0
// Which netmap siblings have, and those that are handed from one to another.
#include <fmt/format.h>

#include "base/file.h"
#include "network/signed_netmap.h"
#include "router/api/sibling_files.h"
#include "router/failover/process.h"

namespace cw::failover {

namespace {

// Whoever is in it is named by it.
constexpr mode_t kOwnerOnly = 0600;

}  // namespace

// After each event, since any may bring a serial.
void Process::follow_netmaps() {
  const auto news = netmaps_.look(runner_->state(), now());
  if (news.wanted) {
    note("the agent's source", write_file_atomically(world_.folder + "/" + api::kWantedSerial,
                                                     api::wanted_text(*news.wanted), kOwnerOnly));
  }
  if (news.step) {
    netmaps_due_.arm(now());
  }
  if (news.changed) {
    runner_->take(*news.changed);
  }
}

void Process::step_netmaps() {
  if (!runner_) {
    return;
  }
  const auto believed = [this](const std::string& gateway, const std::string& sibling) {
    return mail_.believed(gateway, sibling) != 0;
  };
  auto turn = netmaps_.step(runner_->state(), believed, now());
  if (const auto file = netmaps_.file_to_read(now())) {
    note("the netmap in force",
         netmaps_.have_read(read_file(*file, network::kLargestSignedNetmap), now()));
    turn = netmaps_.step(runner_->state(), believed, now());
  }
  for (const auto& letter : turn.letters) {
    if (!post(letter.gateway, letter.to, ha::wire::Kind::Netmap, letter.payload)) {
      break;  // it is sent again
    }
  }
  if (turn.due) {
    netmaps_due_.arm(*turn.due);
  } else {
    netmaps_due_.disarm();
  }
}

void Process::hear_netmap(const Mail::Told& told) {
  auto heard = netmaps_.hear(told.from, told.payload, now());
  if (!heard) {
    ++refused_datagrams_;
    return;
  }
  if (const auto& answer = heard->answer) {
    (void)post(told.gateway, told.from, ha::wire::Kind::Netmap, *answer);
  }
  if (const auto& whole = heard->whole) {
    offer_to_agent(*whole, told.from);
  }
  if (heard->step) {
    step_netmaps();
  }
}

// It is the agent that verifies it.
void Process::offer_to_agent(const ha::netmap::Bundle& bundle, const std::string& from) {
  const auto written =
      write_file_atomically(world_.folder + "/" + api::kOfferedNetmap, bundle.bytes, kOwnerOnly);
  note("a netmap from a sibling", written);
  if (!written) {
    netmaps_.not_kept();
  } else {
    world_.journal.write(
        agent::Level::Notice, agent::Event::SourceHeard,
        fmt::format("router {} handed over a netmap that says it has serial {}; causewayd "
                    "verifies it",
                    from, bundle.id.serial));
  }
}

void Process::add_netmaps(api::FailoverStatus& status) const {
  if (const auto coming = netmaps_.coming(now())) {
    status.coming = api::ComingNetmap{.from = coming->from,
                                      .serial = coming->serial,
                                      .arrived = coming->arrived,
                                      .size = coming->size};
  }
}

}  // namespace cw::failover
