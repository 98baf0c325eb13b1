// SPDX-License-Identifier: Apache-2.0
#include "router/agent/reconcile.h"

#include <algorithm>
#include <iterator>
#include <ranges>
#include <utility>

#include <fmt/format.h>

#include "router/api/status.h"
#include "router/model/ownership.h"
#include "router/plan/desired.h"
#include "router/plan/plan.h"
#include "router/plan/rotation.h"

namespace cw::agent {

namespace {

// Sysctls of our own devices go with them.
bool outlives_us(const netlink::Sysctl& sysctl) {
  return sysctl.key.find(fmt::format("/{}", router::kDevicePrefix)) == std::string::npos;
}

// Where peers were seen matters for these.
bool needs_endpoints(const router::Plan& plan) {
  return std::ranges::any_of(plan.steps, [](const router::Step& step) {
    return std::holds_alternative<router::ChangePeers>(step.action) ||
           std::holds_alternative<router::SetUp>(step.action);
  });
}

bool is_firewall(const router::Step& step) {
  return std::holds_alternative<router::ExchangeContents>(step.action) ||
         std::holds_alternative<router::ReplaceRuleset>(step.action);
}

// Something may have been allowed before it that is not after it.
bool takes_away(const router::Step& step) {
  if (const auto* change = std::get_if<router::ExchangeContents>(&step.action)) {
    return change->exchange.takes_away();
  }
  return std::holds_alternative<router::ReplaceRuleset>(step.action);
}

// By a kernel that will not take it later either.
bool is_refusal(const Error& error) {
  return error.kind == ErrorKind::Unsupported || error.kind == ErrorKind::Permission;
}

std::string in_short(const std::vector<std::string>& lines) {
  if (lines.size() < 2) {
    return lines.empty() ? std::string() : lines.front();
  }
  return fmt::format("{} and {} more", lines.front(), lines.size() - 1);
}

}  // namespace

void Reconciler::set_host(router::Host host) {
  if (host != snapshot_.host) {
    snapshot_.host = std::move(host);
    forget_desired();
  }
}

// It is made anew from something else than the network.
void Reconciler::forget_desired() {
  leave();
  if (desired_) {
    previous_filter_ = std::move(desired_->filter);
  }
  desired_.reset();
}

// What is wanted so far makes place for something newer.
void Reconciler::leave() {
  const bool settled = std::exchange(settled_, false);
  if (!desired_) {
    return;
  }
  if (desired_->firewall) {
    previous_ruleset_ = std::move(desired_->firewall);
  }
  if (settled) {
    left_ = std::move(desired_->devices);
  }
}

// What was made before, while it is whole.
const router::DesiredState* Reconciler::known() const {
  return desired_ && desired_->firewall ? &*desired_ : nullptr;
}

Result<Candidate> Reconciler::prepare(network::Netmap netmap, WallTime now) {
  auto overlaps = overlaps_of(netmap);
  std::swap(snapshot_.netmap, netmap);
  std::swap(snapshot_.overlaps, overlaps);
  snapshot_.now = now;
  auto result = router::desired(snapshot_, known());
  std::swap(snapshot_.netmap, netmap);
  std::swap(snapshot_.overlaps, overlaps);
  auto desired = CW_TRY(std::move(result));
  return Candidate{
      .netmap = std::move(netmap), .overlaps = std::move(overlaps), .desired = std::move(desired)};
}

const router::DesiredState& Reconciler::replace_desired(router::DesiredState fresh) {
  const auto* before = desired_           ? &desired_->filter
                       : previous_filter_ ? &*previous_filter_
                                          : nullptr;
  revoked_ = either(std::move(revoked_), before != nullptr ? revoked(*before, fresh.filter)
                                                           : std::vector{firewall::Openings{}});
  if (before != nullptr) {
    note_gone(firewall::aliases_gone(*before, fresh.filter));
  }
  previous_filter_.reset();
  leave();
  endpoints_are_old_ = false;
  return desired_.emplace(std::move(fresh));
}

void Reconciler::take(Candidate candidate) {
  snapshot_.netmap = std::move(candidate.netmap);
  snapshot_.overlaps = std::move(candidate.overlaps);
  replace_desired(std::move(candidate.desired));
  has_netmap_ = true;
  down_ = false;
}

Result<> Reconciler::take(network::Netmap netmap, WallTime now) {
  take(CW_TRY(prepare(std::move(netmap), now)));
  return {};
}

void Reconciler::go_down() {
  down_ = true;
  if (desired_) {  // what came by them is still tracked when it goes up again
    note_gone(std::move(desired_->filter.aliases));
  }
  settled_ = false;
  desired_.reset();
  previous_filter_.reset();
  previous_ruleset_.reset();
  left_.clear();
}

Result<const router::DesiredState*> Reconciler::renew(WallTime now) {
  snapshot_.now = now;
  auto fresh = router::desired(snapshot_, known());
  if (!fresh) {
    settled_ = false;
    desired_.reset();
    return std::move(fresh).error();
  }
  return &replace_desired(std::move(*fresh));
}

Result<const router::DesiredState*> Reconciler::wanted(WallTime now) {
  if (desired_ && !(desired_->next_change && *desired_->next_change <= now)) {
    return &*desired_;
  }
  if (!down_) {
    return renew(now);
  }
  snapshot_.now = now;
  // Read first: a state without them would settle, and they would be forgotten.
  auto before = CW_TRY(folder_.sysctls_before());
  auto& nothing = desired_.emplace();
  // Backwards: what was opened last is closed first.
  for (auto& sysctl : before | std::views::reverse) {
    nothing.sysctls.push_back({.key = std::move(sysctl.key), .value = std::move(sysctl.value)});
  }
  return &nothing;
}

router::Reading Reconciler::read(const router::DesiredState& desired, firewall::Depth depth) {
  auto reading = router::read_kernel(sinks_, desired, depth);
  auto& table = reading.state.firewall;
  if (previous_ruleset_ && table && table->digest && !table->contents &&
      *table->digest == previous_ruleset_->digest) {
    table->contents = previous_ruleset_->contents;
  }
  const bool unknown = table && table->digest && !table->contents && desired.firewall &&
                       *table->digest != desired.firewall->digest;
  return unknown && depth == firewall::Depth::Digest
             ? router::read_kernel(sinks_, desired, firewall::Depth::Full)
             : reading;
}

// Then what is taken away is known; else it may be what somebody else has opened.
bool Reconciler::is_as_left(const router::KernelState& kernel) const {
  const auto& table = kernel.firewall;
  return previous_ruleset_ && table && table->digest == previous_ruleset_->digest &&
         !table->edited && table->contents == previous_ruleset_->contents;
}

router::Plan Reconciler::plan(const router::DesiredState& desired,
                              const router::KernelState& kernel) const {
  auto plan = router::plan(desired, kernel);
  std::erase_if(plan.steps, [this](const router::Step& step) {
    const auto* attach = std::get_if<router::AttachTranslator>(&step.action);
    return attach != nullptr && refusals_.contains(attach->device);
  });
  return plan;
}

Round Reconciler::run(firewall::Depth depth, WallTime now) {
  Round round;
  look_whole_ = look_whole_ || depth == firewall::Depth::Full;
  if (!has_netmap_ && !down_) {
    return round;
  }
  if (host_unread_) {
    look_for_overlaps();
  }
  if (host_unread_) {  // a gateway could take from the host what is the host's
    round.errors.push_back(*host_unread_);
    return round;
  }
  auto desired = wanted(now);
  if (!desired) {
    round.errors.push_back(std::move(desired).error());
    return round;
  }
  if (!look_whole_) {
    write_ahead(**desired, round);
  }
  if (round.failed.empty()) {
    look_and_mend(desired, now, round);
  } else {
    second_look(**desired, round);
  }
  finish(round);
  return round;
}

// What the kernel has, and whatever of it is not as wanted yet.
void Reconciler::look_and_mend(Result<const router::DesiredState*> desired, WallTime now,
                               Round& round) {
  auto reading = read(**desired, look_whole_ ? firewall::Depth::Full : firewall::Depth::Digest);
  look_whole_ = look_whole_ && !reading.state.firewall;
  auto plan = this->plan(**desired, reading.state);
  const bool somebody_moved = note_moves(reading.state.devices);
  if (!down_ && (somebody_moved || (endpoints_are_old_ && needs_endpoints(plan)))) {
    auto in_force = std::exchange(previous_ruleset_, {});  // not what is wanted now
    desired = renew(now);
    previous_ruleset_ = std::move(in_force);
    if (!desired) {
      round.errors.push_back(std::move(desired).error());
      return;
    }
    plan = this->plan(**desired, reading.state);
  }
  std::ranges::move(reading.errors, std::back_inserter(round.errors));
  round.devices = std::move(reading.state.devices);
  if (!is_as_left(reading.state) && std::ranges::any_of(plan.steps, takes_away)) {
    revoked_ = {firewall::Openings{}};
  }
  if (plan.empty()) {
    forget_revoked(**desired, round);
    round.settled = round.errors.empty();
  } else {
    if (auto remembered = remember_sysctls(plan); !remembered) {
      // They stay as they are; what closes and repairs does not wait for a writable folder.
      round.errors.push_back(std::move(remembered).error());
      std::erase_if(plan.steps, [](const router::Step& step) {
        return std::holds_alternative<router::SetSysctl>(step.action);
      });
    }
    carry_out(plan, **desired, round);
    forget_revoked(**desired, round);
    second_look(**desired, round);
  }
}

void Reconciler::finish(Round& round) {
  settled_ = round.settled;
  left_.clear();
  if (round.settled) {
    previous_ruleset_.reset();
    if (down_ && desired_) {
      desired_->sysctls.clear();  // given back once; from now on they are the host's own
      if (auto forgotten = folder_.forget_sysctls(); !forgotten) {
        round.errors.push_back(std::move(forgotten).error());
      }
    }
  }
}

// Before they are changed: a crash in between must not lose them.
Result<> Reconciler::remember_sysctls(const router::Plan& plan) {
  if (down_) {
    return {};
  }
  std::vector<netlink::Sysctl> changing;
  for (const auto& step : plan.steps) {
    const auto* set = std::get_if<router::SetSysctl>(&step.action);
    if (set != nullptr && outlives_us(set->sysctl)) {
      changing.push_back({.key = set->sysctl.key, .value = set->before});
    }
  }
  if (changing.empty()) {
    return {};
  }
  auto before = CW_TRY(folder_.sysctls_before());
  const auto known = before.size();
  for (auto& sysctl : changing) {
    if (std::ranges::find(before, sysctl.key, &netlink::Sysctl::key) == before.end()) {
      before.push_back(std::move(sysctl));
    }
  }
  return before.size() > known ? folder_.remember(before) : Result<>{};
}

void Reconciler::carry_out(const router::Plan& plan, const router::DesiredState& desired,
                           Round& round) {
  auto sinks = sinks_;
  sinks.decided = [&] { forget_revoked(desired, round); };
  const auto report = router::apply(plan, sinks, keys_);
  for (const auto& outcome : report.outcomes) {
    if (outcome.left_out) {
      continue;  // what it depends on has failed, and is told
    }
    const auto& step = plan.steps.at(outcome.step);
    auto lines = router::to_lines(step);
    round.wrote_firewall = round.wrote_firewall || is_firewall(step);
    const auto* attach = std::get_if<router::AttachTranslator>(&step.action);
    if (outcome.error && attach != nullptr && is_refusal(*outcome.error)) {
      refusals_.emplace(attach->device, *outcome.error);
      round.refused.push_back({.line = in_short(lines), .error = *outcome.error});
    } else if (outcome.error) {
      look_whole_ = look_whole_ || is_firewall(step);  // it may be half done
      round.failed.push_back({.line = in_short(lines), .error = *outcome.error});
    } else {
      std::ranges::move(lines, std::back_inserter(round.done));
    }
  }
}

void Reconciler::second_look(const router::DesiredState& desired, Round& round) {
  auto reading = read(desired, firewall::Depth::Digest);
  const auto plan = this->plan(desired, reading.state);
  std::ranges::move(reading.errors, std::back_inserter(round.errors));
  if (round.failed.empty()) {
    round.left = router::to_lines(plan);
  }
  round.settled = plan.empty() && round.errors.empty() && round.failed.empty();
}

Result<router::Plan> Reconciler::preview(WallTime now) {
  if (!has_netmap_ && !down_) {
    return router::Plan{};
  }
  const auto* desired = CW_TRY(wanted(now));
  return plan(*desired, read(*desired, firewall::Depth::Full).state);
}

router::Plan Reconciler::preview(const Candidate& candidate) {
  const auto reading = router::read_kernel(sinks_, candidate.desired, firewall::Depth::Full);
  return plan(candidate.desired, reading.state);
}

Result<std::vector<router::Access>> Reconciler::let_in(WallTime now) {
  if (has_netmap_) {
    return router::let_in(*CW_TRY(wanted(now)));
  }
  return router::let_in(CW_TRY(devices_of_ours()));
}

Result<std::vector<firewall::ForeignChain>> Reconciler::foreign_chains() {
  return sinks_.firewall.foreign_chains();
}

Result<std::vector<firewall::Counter>> Reconciler::counters() {
  return sinks_.firewall.counters();
}

std::optional<WallTime> Reconciler::next_change() const {
  return desired_ ? desired_->next_change : std::nullopt;
}

}  // namespace cw::agent
