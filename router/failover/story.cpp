// SPDX-License-Identifier: Apache-2.0
#include "router/failover/story.h"

#include <algorithm>

#include <fmt/format.h>

namespace cw::failover {

namespace {

std::int64_t ms(ha::Time from, ha::Time to) {
  return std::chrono::duration_cast<ha::Duration>(to - from).count();
}

// What made it claim, as this router saw it.
std::string evidence(const ha::Gateway& gateway, ha::Time now) {
  if (!gateway.record.record) {
    return "nobody is recorded as owner";
  }
  const auto& owner = gateway.record.record->owner;
  const auto sibling = std::ranges::find(gateway.siblings, owner, &ha::Sibling::router);
  const auto heard = sibling == gateway.siblings.end() || !sibling->known
                         ? std::string("was never heard")
                         : fmt::format("was heard {} ms ago", ms(sibling->heard, now));
  return fmt::format("owner {} {}, its record changed {} ms ago", owner, heard,
                     ms(gateway.record_changed, now));
}

}  // namespace

std::string Story::tell(const ha::Changed& changed, const ha::State& state) {
  auto& of = gateways_[changed.gateway];
  const auto now = state.stepped;
  auto text = fmt::format("gateway `{}`: {} -> {}, {}", changed.gateway, ha::to_text(changed.from),
                          ha::to_text(changed.to), ha::to_text(changed.why));
  if (changed.epoch.term != 0) {
    text += fmt::format(" (epoch {})", ha::to_text(changed.epoch));
  }
  const auto gateway = std::ranges::find(state.gateways, changed.gateway, &ha::Gateway::name);
  switch (changed.to) {
    case ha::Role::Claim:
      of.claimed = now;
      of.won.reset();
      of.took_ms.reset();
      if (gateway != state.gateways.end()) {
        text += "; " + evidence(*gateway, now);
      }
      break;
    case ha::Role::Move:
      of.won = now;
      if (of.claimed) {
        text += fmt::format("; the arbiter took {} ms", ms(*of.claimed, now));
      }
      break;
    case ha::Role::Active:
      if (changed.why != ha::Why::HandoverFailed) {
        of.gave.reset();
      }
      if (changed.from == ha::Role::Move && of.won) {
        text += fmt::format("; the address took {} ms", ms(*of.won, now));
        of.took_ms = ms(of.claimed.value_or(*of.won), now);
        if (!of.owners.empty() && of.owners.front().owner == state.config.router) {
          of.owners.front().took_ms = of.took_ms;
        }
      }
      break;
    case ha::Role::Drain:
      of.gave = changed.why;
      of.gave_at = now;
      if (changed.why == ha::Why::Unhealthy) {
        text += "; a sibling does better";
      }
      break;
    default:
      break;
  }
  return text;
}

void Story::look(const ha::State& state, WallTime now) {
  for (const auto& gateway : state.gateways) {
    auto& of = gateways_[gateway.name];
    const auto& record = gateway.record.record;
    if (!record || record->term <= of.term) {
      continue;
    }
    const bool ours = record->owner == state.config.router;
    const bool same_owner = !of.owners.empty() && of.owners.front().owner == record->owner;
    of.term = record->term;
    if (same_owner) {
      continue;  // only its successor is another
    }
    const bool first = of.owners.empty() && !ours;
    const bool given = of.gave && state.stepped - of.gave_at < state.config.timers.handover_retry;
    const auto why = ours ? gateway.claim_why : given ? *of.gave : ha::Why::Recorded;
    of.gave.reset();
    of.owners.push_front({.when = now,
                          .owner = record->owner,
                          .epoch = std::to_string(record->term),
                          .why = std::string(ha::to_text(why)),
                          .took_ms = ours ? of.took_ms : std::nullopt});
    if (!first) {
      ++of.changes[of.owners.front().why];
    }
    if (of.owners.size() > kKeptTakeovers) {
      of.owners.pop_back();
    }
  }
}

std::map<std::string, std::uint64_t> Story::changes(const std::string& gateway) const {
  const auto found = gateways_.find(gateway);
  return found == gateways_.end() ? std::map<std::string, std::uint64_t>() : found->second.changes;
}

std::vector<api::Takeover> Story::takeovers(const std::string& gateway) const {
  const auto found = gateways_.find(gateway);
  return found == gateways_.end()
             ? std::vector<api::Takeover>()
             : std::vector<api::Takeover>(found->second.owners.begin(), found->second.owners.end());
}

}  // namespace cw::failover
