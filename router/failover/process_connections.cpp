// SPDX-License-Identifier: Apache-2.0
// The connections through each gateway, kept at its siblings.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "router/failover/process.h"

namespace cw::failover {

namespace {

void arm(agent::Timer& timer, std::optional<ha::Time> due) {
  if (due) {
    timer.arm(*due);
  } else {
    timer.disarm();
  }
}

}  // namespace

// Those that stay keep what they know. One that cannot be had is tried again by compare().
void Process::configure_connections() {
  std::map<std::string, Replicated> next;
  for (const auto& [gateway, wanted] : setup_->replicated) {
    if (const auto old = replicated_.find(gateway);
        old != replicated_.end() && old->second.moving == wanted.moving) {
      next.emplace(gateway, std::move(old->second));
      continue;
    }
    auto opened = open_connections(gateway, wanted.moving);
    note("connections of gateway " + gateway, opened ? nullptr : &opened.error());
    if (opened) {
      next.emplace(gateway, std::move(*opened));
    }
  }
  replicated_ = std::move(next);
  for (auto& [gateway, each] : replicated_) {
    follow_role(gateway);
  }
  step_connections();
}

Result<Process::Replicated> Process::open_connections(const std::string& gateway,
                                                      const ha::reset::Moving& moving) {
  const auto start = static_cast<std::uint64_t>(wall().time_since_epoch().count());
  auto opened = CW_TRY(Connections::open(moving, start, now()));
  Replicated made{.moving = moving,
                  .connections = std::make_unique<Connections>(std::move(opened)),
                  .readable = {}};
  made.readable = CW_TRY(agent::ReadableSource::create(
      world_.loop, made.connections->fd(), "connections", [this, gateway] {
        note("connections of gateway " + gateway,
             replicated_.at(gateway).connections->on_ready(now()));
        arm_connections();
      }));
  return made;
}

// Owner or not, as the core says; each term of ours is a tenure.
void Process::follow_role(const std::string& gateway) {
  const auto found = replicated_.find(gateway);
  const auto* state = runner_ ? runner_->find(gateway) : nullptr;
  if (found == replicated_.end() || state == nullptr) {
    return;
  }
  auto& each = found->second;
  const bool owns = state->gate && ha::is_owning(state->role);
  if (owns && (!each.connections->owns() || each.term != state->epoch.term)) {
    each.term = state->epoch.term;
    each.connections->own(each.term, now());
  } else if (!owns && each.connections->owns()) {
    each.connections->stand_by(now());
  }
  arm_connections();
  step_resets();  // a gateway that went takes them along
}

void Process::hear_connections(const Mail::Told& told) {
  const auto found = replicated_.find(told.gateway);
  if (found == replicated_.end() ||
      (!found->second.connections->owns() && !is_owner(told.gateway, told.from))) {
    return;  // it is said again to whoever listens then
  }
  if (!found->second.connections->heard(told.from, told.payload, now())) {
    ++refused_datagrams_;
  }
  arm_connections();  // once for all that came in one go
}

// A part of one gateway's, then the loop's other work, then the next gateway's: each timer's and
// each sibling's turn comes between.
void Process::look_at_connections() {
  const auto is_due = [&](const auto& each) {
    return now() >= each.second.connections->look_due().value_or(ha::Time::max());
  };
  auto at = std::find_if(replicated_.upper_bound(looked_at_), replicated_.end(), is_due);
  if (at == replicated_.end()) {
    at = std::ranges::find_if(replicated_, is_due);
  }
  if (at != replicated_.end()) {
    looked_at_ = at->first;
    auto& connections = *at->second.connections;
    const auto looked = connections.look(now());
    if (looked.over) {
      note("looking at connections of gateway " + looked_at_, looked.kernel);
    }
    reset(looked_at_, looked.ended);
  }
  arm_connections();
}

void Process::step_connections() {
  for (auto& [gateway, each] : replicated_) {
    if (now() < each.connections->due()) {
      continue;
    }
    auto turn = each.connections->step(now());
    note("connections of gateway " + gateway, turn.kernel);
    const auto* state = runner_ ? runner_->find(gateway) : nullptr;
    if (state == nullptr) {
      continue;
    }
    for (const auto& sibling : state->siblings) {
      if (each.connections->owns() || is_owner(gateway, sibling.router)) {
        say(gateway, sibling.router, turn.say);
      }
    }
  }
  answer_preparations();
  arm_connections();
}

// What is lost is asked for again, by whoever misses it.
void Process::say(const std::string& gateway, const std::string& sibling,
                  const std::vector<Connections::Payload>& payloads) {
  for (const auto& payload : payloads) {
    if (!post(gateway, sibling, ha::wire::Kind::Connections, payload)) {
      return;
    }
  }
}

void Process::arm_connections() {
  std::optional<ha::Time> due;
  std::optional<ha::Time> look;
  for (const auto& [gateway, each] : replicated_) {
    due = std::min(due.value_or(each.connections->due()), each.connections->due());
    if (const auto next = each.connections->look_due()) {
      look = std::min(look.value_or(*next), *next);
    }
  }
  for (const auto& waiting : preparations_) {
    due = std::min(due.value_or(waiting.until), waiting.until);
  }
  arm(connections_due_, due);
  arm(look_due_, look);
}

void Process::add_connections(api::FailoverStatus& status) const {
  for (auto& gateway : status.gateways) {
    if (const auto found = replicated_.find(gateway.name); found != replicated_.end()) {
      const auto& connections = *found->second.connections;
      gateway.connections = static_cast<std::int64_t>(connections.count());
      gateway.connections_go_on = setup_->replicated.at(gateway.name).go_on;
      gateway.connections_complete = connections.complete();
    }
  }
}

void Process::prepare(const ha::Prepare& prepare) {
  std::erase_if(preparations_,
                [&](const Preparation& each) { return each.asked.gateway == prepare.gateway; });
  preparations_.push_back({.asked = prepare, .until = now() + kMostPreparation});
  answer_preparations();
  arm_connections();
}

// Where the peers are is known here all the time; connections may still be on their way.
void Process::answer_preparations() {
  for (const auto& waiting : std::exchange(preparations_, {})) {
    const auto found = replicated_.find(waiting.asked.gateway);
    const bool here = found == replicated_.end() || found->second.connections->complete();
    if (!here && now() < waiting.until) {
      preparations_.push_back(waiting);
      continue;
    }
    if (!here) {
      world_.journal.write(agent::Level::Warning, agent::Event::Trouble,
                           fmt::format("gateway `{}`: takes over without all of its connections; "
                                       "they had not come after {} ms",
                                       waiting.asked.gateway, kMostPreparation.count()));
    }
    take(ha::Prepared{.gateway = waiting.asked.gateway, .handover = waiting.asked.handover});
  }
}

}  // namespace cw::failover
