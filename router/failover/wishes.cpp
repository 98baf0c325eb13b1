// SPDX-License-Identifier: Apache-2.0
#include "router/failover/wishes.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace cw::failover {

namespace {

std::int64_t ms(ha::Time from, ha::Time to) {
  return std::chrono::duration_cast<ha::Duration>(to - from).count();
}

api::Answer refusal(std::string text, std::string hint) {
  api::Answer answer{.done = false, .text = std::move(text)};
  answer.problems.push_back(
      {.severity = api::Severity::Error, .text = answer.text, .hint = std::move(hint)});
  return answer;
}

std::string owner_of(const ha::State& state, const std::string& gateway) {
  const auto found = std::ranges::find(state.gateways, gateway, &ha::Gateway::name);
  if (found == state.gateways.end()) {
    return {};
  }
  const auto& record = found->record.record;
  return record ? record->owner : std::string();
}

api::Answer refusal_of(const ha::MoveRefused& refused, const ha::State& state) {
  using Because = ha::MoveRefused::Because;
  const auto owner = owner_of(state, refused.gateway);
  switch (refused.because) {
    case Because::NotOwner:
      return refusal(fmt::format("this router does not own gateway `{}`", refused.gateway),
                     owner.empty() || owner == state.config.router
                         ? "`causeway ha status` says who does, and what it waits for"
                         : fmt::format("ask its owner: `causeway ha move {} {}` on router {}",
                                       refused.gateway, refused.to, owner));
    case Because::NotASibling:
      return refusal(
          fmt::format("router `{}` does not serve gateway `{}`", refused.to, refused.gateway),
          "`causeway ha status` lists the routers that do");
    case Because::NotHeard:
      return refusal(
          fmt::format("router `{}` is not heard", refused.to),
          "is causeway-failover running there, and does the LAN let heartbeats through?");
    case Because::Unfit:
      return refusal(
          fmt::format("router `{}` must not serve gateway `{}` now", refused.to, refused.gateway),
          "`causeway ha status` there says why: drained, an older network, its clock");
    case Because::Busy:
      return refusal(fmt::format("gateway `{}` is on its way already", refused.gateway),
                     "try again in a few seconds");
  }
  return refusal("refused", {});
}

}  // namespace

void Wishes::add_move(const api::Move& wish, ha::Time now, Requests::Done done) {
  moves_.push_back({.wish = wish, .since = now, .done = std::move(done)});
}

void Wishes::add_drain(ha::Time now, Requests::Done done) {
  drains_.push_back({.since = now, .done = std::move(done)});
}

void Wishes::refused(const ha::MoveRefused& refused, const ha::State& state) {
  const auto answer = refusal_of(refused, state);
  std::erase_if(moves_, [&](const Moving& each) {
    const bool meant = each.wish.gateway == refused.gateway && each.wish.to == refused.to;
    if (meant) {
      each.done(answer);
    }
    return meant;
  });
}

std::optional<api::Move> Wishes::changed(const ha::Changed& changed) {
  if (changed.to != ha::Role::Active || changed.why != ha::Why::HandoverFailed) {
    return std::nullopt;
  }
  const auto found = std::ranges::find_if(
      moves_, [&](const Moving& each) { return each.wish.gateway == changed.gateway; });
  if (found == moves_.end()) {
    return std::nullopt;
  }
  if (found->tries < kMostTries) {
    ++found->tries;
    return found->wish;
  }
  found->done(refusal(fmt::format("router `{}` did not take gateway `{}`; it stays here",
                                  found->wish.to, found->wish.gateway),
                      "its journal says why (journalctl -u causeway-failover)"));
  moves_.erase(found);
  return std::nullopt;
}

namespace {

bool is_serving(const ha::Gateway& gateway, const std::string& router) {
  const auto found = std::ranges::find(gateway.siblings, router, &ha::Sibling::router);
  return found != gateway.siblings.end() && ha::is_owning(found->beat.role) &&
         found->beat.epoch >= gateway.seen;
}

// None: not yet.
std::optional<api::Answer> answer_to(const api::Move& wish, const ha::State& state,
                                     ha::Duration took) {
  const auto gateway = std::ranges::find(state.gateways, wish.gateway, &ha::Gateway::name);
  if (gateway == state.gateways.end()) {
    return refusal(fmt::format("this router shares no gateway `{}` any more", wish.gateway), {});
  }
  const auto owner = owner_of(state, wish.gateway);
  if (!ha::is_owning(gateway->role) && (owner == wish.to || is_serving(*gateway, wish.to))) {
    return api::Answer{.text = fmt::format("gateway `{}` is router {}'s now; it took {} ms",
                                           wish.gateway, wish.to, took.count())};
  }
  if (!ha::is_owning(gateway->role) && !owner.empty() && owner != state.config.router) {
    return refusal(fmt::format("router {} took gateway `{}` meanwhile", owner, wish.gateway),
                   fmt::format("ask there: `causeway ha move {} {}`", wish.gateway, wish.to));
  }
  if (took >= kAnswerWithin) {
    return refusal(fmt::format("gateway `{}` has not moved yet", wish.gateway),
                   "`causeway ha status` says what it waits for");
  }
  return std::nullopt;
}

}  // namespace

void Wishes::look(const ha::State& state, ha::Time now) {
  std::erase_if(moves_, [&](const Moving& each) {
    const auto took = std::chrono::duration_cast<ha::Duration>(now - each.since);
    const auto answer = answer_to(each.wish, state, took);
    if (answer) {
      each.done(*answer);
    }
    return answer.has_value();
  });
  std::erase_if(drains_, [&](const Draining& each) {
    std::string held;
    for (const auto& gateway : state.gateways) {
      if (ha::is_owning(gateway.role)) {
        held += fmt::format("{}`{}`", held.empty() ? "" : ", ", gateway.name);
      }
    }
    if (held.empty()) {
      each.done({.text = fmt::format("drained: this router owns no gateway and takes none; it took "
                                     "{} ms",
                                     ms(each.since, now))});
      return true;
    }
    if (now - each.since < kAnswerWithin) {
      return false;
    }
    each.done(refusal(fmt::format("nobody took gateway {} yet; it is still served here", held),
                      "it is handed over as soon as a sibling can take it; `causeway ha status` "
                      "lists them"));
    return true;
  });
}

}  // namespace cw::failover
