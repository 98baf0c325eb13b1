// SPDX-License-Identifier: Apache-2.0
// Connections that ended with the router before: their clients are told.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "router/failover/process.h"

namespace cw::failover {

using agent::Event;
using agent::Level;

// Some of those that ended, as they are found; the first of them are told while the others are
// looked for.
void Process::reset(const std::string& gateway, const std::vector<netlink::Connection>& ended) {
  if (!ended.empty()) {
    note("resets of gateway " + gateway, add_resets(gateway, ended));
  }
  if (!is_ending(gateway)) {
    announce_resets(gateway);
  }
  step_resets();
}

Result<> Process::add_resets(const std::string& gateway,
                             const std::vector<netlink::Connection>& ended) {
  const auto gate = std::ranges::find(setup_->gates, gateway, &ha::gate::Gateway::name);
  if (gate == setup_->gates.end()) {
    return {};
  }
  if (!resetting_.contains(gateway)) {
    // Only for who is told first.
    auto device = wireguard_->device(gate->device);
    note("activity at gateway " + gateway, device ? nullptr : &device.error());
    auto sender = CW_TRY(ResetSender::open(
        gate->device,
        by_activity(books_.kicks(gateway, wall()), device.value_or(netlink::WgDevice()).peers),
        now()));
    resetting_[gateway].sender = std::make_unique<ResetSender>(std::move(sender));
  }
  auto& resetting = resetting_.at(gateway);
  CW_TRY(resetting.sender->add(ended));
  const auto fds = resetting.sender->fds();
  while (resetting.readable.size() < fds.size()) {
    auto readable =
        CW_TRY(agent::ReadableSource::create(world_.loop, fds[resetting.readable.size()], "resets",
                                             [this, gateway] { hear_clients(gateway); }));
    resetting.readable.push_back(std::move(readable));
  }
  return {};
}

// Once, when all are known.
void Process::announce_resets(const std::string& gateway) {
  const auto found = resetting_.find(gateway);
  if (found == resetting_.end() || std::exchange(found->second.announced, true)) {
    return;
  }
  const auto total = found->second.sender->resets().total();
  world_.journal.write(
      Level::Notice, Event::Resets,
      fmt::format("gateway `{}`: {} connection{} by masquerade ended with the router before; their "
                  "clients are told",
                  gateway, total, total == 1 ? "" : "s"),
      {{.name = "CAUSEWAY_GATEWAY", .value = gateway}});
}

// More of them may be found.
bool Process::is_ending(const std::string& gateway) const {
  const auto found = replicated_.find(gateway);
  return found != replicated_.end() && found->second.connections->is_ending();
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
      const auto next = each.sender->resets().due();
      if (next) {
        due = std::min(due.value_or(*next), *next);
      }
      if (next || is_ending(gateway)) {
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
