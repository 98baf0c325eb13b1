// SPDX-License-Identifier: Apache-2.0
#include "router/agent/reconcile.h"

#include <algorithm>
#include <iterator>
#include <ranges>
#include <utility>

#include <fmt/format.h>

#include "firewall/ruleset/permissions.h"
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
  if (desired_ && desired_->firewall) {
    previous_ruleset_ = std::move(desired_->firewall);
  }
  desired_.reset();
}

Result<Candidate> Reconciler::prepare(network::Netmap netmap, WallTime now) {
  auto overlaps = overlaps_of(netmap);
  std::swap(snapshot_.netmap, netmap);
  std::swap(snapshot_.overlaps, overlaps);
  snapshot_.now = now;
  auto result = router::desired(snapshot_);
  std::swap(snapshot_.netmap, netmap);
  std::swap(snapshot_.overlaps, overlaps);
  auto desired = CW_TRY(std::move(result));
  return Candidate{
      .netmap = std::move(netmap), .overlaps = std::move(overlaps), .desired = std::move(desired)};
}

// A host that cannot be read overlaps nothing; the round says why it cannot.
std::vector<router::Overlap> Reconciler::overlaps_of(const network::Netmap& netmap) {
  const auto ours = router::gateway_prefixes(netmap, snapshot_.host);
  if (has_netmap_ && !down_ && ours == router::gateway_prefixes(snapshot_.netmap, snapshot_.host)) {
    return snapshot_.overlaps;
  }
  return look_at_host(ours).value_or(std::vector<router::Overlap>());
}

// What is routed into our tunnels already stays, whoever came later.
Result<std::vector<router::Overlap>> Reconciler::look_at_host(
    const std::vector<router::GatewayPrefix>& ours) {
  std::vector<net::Prefix> prefixes;
  std::ranges::transform(ours, std::back_inserter(prefixes), &router::GatewayPrefix::prefix);
  const auto theirs = CW_TRY(sinks_.routes.overlapping(prefixes));
  if (theirs.empty()) {
    return std::vector<router::Overlap>();
  }
  const auto routes = CW_TRY(sinks_.routes.routes());
  std::vector<net::Prefix> in_force;
  std::ranges::transform(routes, std::back_inserter(in_force), &netlink::Route::destination);
  return router::overlaps(ours, theirs, in_force);
}

void Reconciler::look_for_overlaps() {
  if (!has_netmap_ || down_) {
    return;
  }
  const auto& before = snapshot_.overlaps;
  auto now = look_at_host(router::gateway_prefixes(snapshot_.netmap, snapshot_.host));
  if (!now) {
    return;
  }
  for (auto& overlap : *now) {
    // One that serves goes on, also while somebody has removed its route.
    overlap.in_force = overlap.in_force || !router::is_left_out(overlap.gateway, before);
  }
  if (*now != before) {
    snapshot_.overlaps = std::move(*now);
    forget_desired();
  }
}

const router::DesiredState& Reconciler::replace_desired(router::DesiredState fresh) {
  revoked_ = either(std::move(revoked_), desired_ ? revoked(desired_->filter, fresh.filter)
                                                  : std::vector{firewall::Openings{}});
  if (desired_ && desired_->firewall) {
    previous_ruleset_ = std::move(desired_->firewall);
  }
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
  desired_.reset();
  previous_ruleset_.reset();
}

void Reconciler::remember_endpoints(const std::vector<netlink::WgDevice>& devices, WallTime now) {
  for (const auto& device : devices) {
    for (const auto& peer : device.peers) {
      if (!peer.endpoint || !peer.last_handshake ||
          now - *peer.last_handshake >= api::kActiveFor) {
        continue;
      }
      auto& seen = snapshot_.last_seen[peer.key];
      if (seen.last_handshake <= *peer.last_handshake) {
        seen = {.endpoint = *peer.endpoint,
                .last_handshake = *peer.last_handshake,
                .device = device.name};
      }
    }
  }
  // An endpoint whose session is over helps nobody.
  std::erase_if(snapshot_.last_seen, [now](const auto& seen) {
    return now - seen.second.last_handshake >= api::kActiveFor;
  });
  endpoints_are_old_ = true;
}

bool Reconciler::is_replacing() const {
  return has_netmap_ && !down_ &&
         !router::replacements(snapshot_.netmap, snapshot_.host).empty();
}

// True where what is wanted follows from other moves than these.
bool Reconciler::note_moves(const router::Dump<netlink::WgDevice>& devices) {
  if (!devices.complete) {
    return false;
  }
  auto moved = router::moved(router::replacements(snapshot_.netmap, snapshot_.host), devices.items);
  return std::exchange(snapshot_.moved, moved) != moved;
}

Result<const router::DesiredState*> Reconciler::renew(WallTime now) {
  snapshot_.now = now;
  auto fresh = router::desired(snapshot_);
  if (!fresh) {
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

Round Reconciler::run(firewall::Depth depth, WallTime now) {
  Round round;
  look_whole_ = look_whole_ || depth == firewall::Depth::Full;
  if (look_whole_) {
    depth = firewall::Depth::Full;
  }
  if (!has_netmap_ && !down_) {
    return round;
  }
  auto desired = wanted(now);
  if (!desired) {
    round.errors.push_back(std::move(desired).error());
    return round;
  }
  auto reading = read(**desired, depth);
  look_whole_ = look_whole_ && !reading.state.firewall;
  auto plan = router::plan(**desired, reading.state);
  const bool somebody_moved = note_moves(reading.state.devices);
  if (!down_ && (somebody_moved || (endpoints_are_old_ && needs_endpoints(plan)))) {
    auto in_force = std::exchange(previous_ruleset_, {});  // not what is wanted now
    desired = renew(now);
    previous_ruleset_ = std::move(in_force);
    if (!desired) {
      round.errors.push_back(std::move(desired).error());
      return round;
    }
    plan = router::plan(**desired, reading.state);
  }
  round.errors = std::move(reading.errors);
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
  if (round.settled) {
    previous_ruleset_.reset();
    if (down_ && desired_) {
      desired_->sysctls.clear();  // given back once; from now on they are the host's own
      if (auto forgotten = folder_.forget_sysctls(); !forgotten) {
        round.errors.push_back(std::move(forgotten).error());
      }
    }
  }
  return round;
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
    if (outcome.error) {
      look_whole_ = look_whole_ || is_firewall(step);  // it may be half done
      round.failed.push_back({.line = in_short(lines), .error = *outcome.error});
    } else {
      std::ranges::move(lines, std::back_inserter(round.done));
    }
  }
}

// Also where the step that wrote it failed behind that, and not where it could not be read.
bool Reconciler::is_in_force(const firewall::Ruleset& ruleset) {
  const auto table = sinks_.firewall.read(firewall::Depth::Digest, {});
  return table && table->digest == ruleset.digest;
}

// After the ruleset: what is forgotten before it could begin again.
void Reconciler::forget_revoked(const router::DesiredState& desired, Round& round) {
  if (revoked_.empty() || !desired.firewall || !is_in_force(*desired.firewall)) {
    return;
  }
  const firewall::Permissions permissions(desired.filter);
  std::size_t forgotten = 0;
  for (const auto& some : revoked_) {
    const auto done = sinks_.conntrack.forget(
        {.family = some.family,
         .from = some.from,
         .to = some.to,
         .protocol = some.protocol,
         .port = some.port},
        [&permissions](const netlink::Flow& flow) {
          const firewall::Opening opening{
              .from = flow.from, .to = flow.to, .protocol = flow.protocol, .port = flow.port};
          return permissions.judge(opening) && !permissions.allow(opening);
        });
    if (!done) {
      round.errors.push_back(done.error());
      return;
    }
    forgotten += *done;
  }
  revoked_.clear();
  if (forgotten > 0) {
    round.done.push_back(fmt::format("- {} tracked connection{} (no longer allowed)", forgotten,
                                     forgotten == 1 ? "" : "s"));
  }
}

void Reconciler::second_look(const router::DesiredState& desired, Round& round) {
  auto reading = read(desired, firewall::Depth::Digest);
  const auto plan = router::plan(desired, reading.state);
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
  return router::plan(*desired, read(*desired, firewall::Depth::Full).state);
}

router::Plan Reconciler::preview(const Candidate& candidate) {
  const auto reading = router::read_kernel(sinks_, candidate.desired, firewall::Depth::Full);
  return router::plan(candidate.desired, reading.state);
}

router::Dump<netlink::WgDevice> Reconciler::read_devices(WallTime now) {
  router::Dump<netlink::WgDevice> devices;
  if (!has_netmap_ && !down_) {
    return devices;
  }
  const auto desired = wanted(now);
  if (!desired) {
    return devices;
  }
  devices.complete = true;
  for (const auto& device : (*desired)->devices) {
    auto found = sinks_.wireguard.device(device.name);
    if (found) {
      devices.items.push_back(std::move(*found));
    } else {
      devices.complete = devices.complete && found.error().kind == ErrorKind::NotFound;
    }
  }
  return devices;
}

Result<std::vector<netlink::WgDevice>> Reconciler::devices_of_ours() {
  std::vector<netlink::WgDevice> devices;
  const auto links = CW_TRY(sinks_.routes.links());
  for (const auto& link : links) {
    if (!link.name.starts_with(router::kDevicePrefix)) {
      continue;
    }
    auto device = sinks_.wireguard.device(link.name);
    if (device) {
      devices.push_back(std::move(*device));
    } else if (device.error().kind != ErrorKind::NotFound) {  // somebody else's, or gone
      return std::move(device).error();
    }
  }
  return devices;
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
