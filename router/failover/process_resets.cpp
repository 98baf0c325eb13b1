// SPDX-License-Identifier: Apache-2.0
// Connections that ended with the router before: their clients are told.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "router/failover/process.h"

namespace cw::failover {

using agent::Event;
using agent::Level;

void Process::begin_resets(const std::string& gateway,
                           const std::vector<netlink::Connection>& ended) {
  const auto gate = std::ranges::find(setup_->gates, gateway, &ha::gate::Gateway::name);
  if (ended.empty() || gate == setup_->gates.end()) {
    return;
  }
  auto opened = open_resets(*gate, ended);
  note("resets of gateway " + gateway, opened ? nullptr : &opened.error());
  if (!opened) {
    return;
  }
  resetting_.insert_or_assign(gateway, std::move(*opened));
  world_.journal.write(
      Level::Notice, Event::Resets,
      fmt::format("gateway `{}`: {} connection{} by masquerade ended with the router before; their "
                  "clients are told",
                  gateway, ended.size(), ended.size() == 1 ? "" : "s"),
      {{.name = "CAUSEWAY_GATEWAY", .value = gateway}});
  step_resets();
}

Result<Process::Resetting> Process::open_resets(const ha::gate::Gateway& gate,
                                                const std::vector<netlink::Connection>& ended) {
  const auto device = CW_TRY(wireguard_->device(gate.device));
  const auto clients = by_activity(ended, books_.kicks(gate.name, wall()), device.peers);
  auto sender = CW_TRY(ResetSender::open(gate.device, clients, now()));
  Resetting made;
  made.sender = std::make_unique<ResetSender>(std::move(sender));
  for (const int fd : made.sender->fds()) {
    auto readable = CW_TRY(agent::ReadableSource::create(
        world_.loop, fd, "resets", [this, name = gate.name] { hear_clients(name); }));
    made.readable.push_back(std::move(readable));
  }
  return made;
}

void Process::hear_clients(const std::string& gateway) {
  const auto found = resetting_.find(gateway);
  if (found == resetting_.end()) {
    return;
  }
  if (may_reset(gateway)) {
    note("resets of gateway " + gateway, found->second.sender->on_ready(now()));
  }
  step_resets();
}

// An owner alone, and only while its gate is open.
bool Process::may_reset(const std::string& gateway) const {
  const auto* state = runner_ ? runner_->find(gateway) : nullptr;
  return state != nullptr && state->gate && ha::is_owning(state->role);
}

void Process::step_resets() {
  std::optional<ha::Time> due;
  for (auto at = resetting_.begin(); at != resetting_.end();) {
    auto& [gateway, each] = *at;
    if (may_reset(gateway)) {
      note("resets of gateway " + gateway, each.sender->step(now()));
      if (const auto next = each.sender->resets().due()) {
        due = std::min(due.value_or(*next), *next);
        ++at;
        continue;
      }
    }
    note("resets of gateway " + gateway,
         static_cast<const Error*>(nullptr));  // whatever it was: it is over
    const auto& resets = each.sender->resets();
    world_.journal.write(
        Level::Info, Event::Resets,
        fmt::format("gateway `{}`: {} of {} ended connections were reset, the last "
                    "after {} ms",
                    gateway, resets.told(), resets.total(), resets.took().count()),
        {{.name = "CAUSEWAY_GATEWAY", .value = gateway}});
    at = resetting_.erase(at);
  }
  if (due) {
    resets_due_.arm(*due);
  } else {
    resets_due_.disarm();
  }
}

}  // namespace cw::failover
