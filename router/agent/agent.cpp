// SPDX-License-Identifier: Apache-2.0
#include "router/agent/agent.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include "base/file.h"
#include "router/agent/assignment.h"
#include "router/agent/host.h"
#include "router/agent/report.h"
#include "router/agent/service.h"

namespace cw::agent {

Agent::Agent(Setup setup, const World& world)
    : setup_(std::move(setup)),
      world_(world),
      reconciler_(world.sinks, world.keys, world.folder),
      started_(world.clock.wall()),
      flowtable_(setup_.flowtable, setup_.lan_interface) {}

Result<std::unique_ptr<Agent>> Agent::create(Setup setup, const World& world) {
  std::unique_ptr<Agent> agent(new Agent(std::move(setup), world));
  CW_TRY(agent->make_sources());
  return agent;
}

Result<> Agent::make_sources() {
  const auto& loop = world_.loop;
  CW_TRY(make_network_source());
  keep_ = CW_TRY(Timer::create(loop, "keep the network", [this] { keep(); }));
  audit_ = CW_TRY(Timer::create(loop, "audit", [this] {
    source_->look_again();
    if (not_kept_) {
      keep();
    }
    if (flowtable_.wanted()) {
      look_at_host();  // a device towards the site may have come or gone
    }
    reconciler_.look_for_overlaps();
    round(firewall::Depth::Digest);
    look_at_failover();
    tidy();  // nobody waits, and an idle agent wakes up no second time
    audit_.arm_in(kAudit);
  }));
  retry_ = CW_TRY(Timer::create(loop, "retry", [this] {
    look_at_host();
    round(firewall::Depth::Full);
  }));
  disturbed_ = CW_TRY(Timer::create(loop, "disturbed", [this] { round(firewall::Depth::Digest); }));
  expiry_ =
      CW_TRY(Timer::create_wall(loop, "next expiry", [this] { round(firewall::Depth::Digest); }));
  moves_ = CW_TRY(Timer::create(loop, "moves", [this] { round(firewall::Depth::Digest); }));
  tidy_ = CW_TRY(Timer::create(loop, "tidy", [this] { tidy(); }));
  listen_ = CW_TRY(Timer::create(loop, "listen again", [this] { listen_again(); }));
  CW_TRY(listen_to_kernel());
  if (setup_.metrics_listen) {
    metrics_ = CW_TRY(MetricsServer::create(
        loop, world_.journal, *setup_.metrics_listen,
        [this](const Request& request) { return answer_metrics_only(request, *this); }));
  }
  const std::filesystem::path config(setup_.config_path);
  auto watching = PathSource::create(
      loop, config.has_parent_path() ? config.parent_path().string() : ".",
      IN_CLOSE_WRITE | IN_MOVED_TO, [this, name = config.filename().string()](const auto& event) {
        config_changed_ = config_changed_ || (event.len > 0 && name == event.name);
      });
  if (watching) {  // a courtesy only
    config_ = std::move(*watching);
  }
  return {};
}

void Agent::tidy() {
  tidy_.disarm();
  round_.done = {};
  ::malloc_trim(0);
}

void Agent::start() {
  look_at_host();
  take_first();
  round(firewall::Depth::Full);
  audit_.arm_in(kAudit);
  source_->begin();
  notify_ready(summary());
}

void Agent::finish() {
  if (keep_.armed()) {
    keep();
  }
}

void Agent::look_at_host() {
  auto facts = read_host(world_.sinks.sysctls);
  auto host = setup_.host;
  host.ipv6 = facts.ipv6;
  host.ra_devices = std::move(facts.ra_devices);
  host.conntrack_memory = facts.conntrack_memory;
  for (const auto& problem : flowtable_.look(world_.sinks, facts.uplinks)) {
    world_.journal.write(Level::Warning, Event::Trouble, problem.text);
  }
  host.flowtable_devices = flowtable_.devices();
  reconciler_.set_host(std::move(host));
  host_problems_ = std::move(facts.problems);
}

Result<> Agent::listen_to_kernel() {
  for (const int fd : world_.watch.descriptors()) {
    kernel_.push_back(
        CW_TRY(ReadableSource::create(world_.loop, fd, "kernel", [this] { on_disturbance(); })));
  }
  return {};
}

void Agent::listen_again() {
  if (auto listening = listen_to_kernel(); !listening) {
    go_deaf(std::move(listening).error());
    return;
  }
  on_disturbance();
}

void Agent::go_deaf(Error error) {
  kernel_.clear();
  if (!deaf_) {
    world_.journal.write(Level::Warning, Event::Trouble,
                         "the kernel's announcements cannot be heard: " + error.to_text());
  }
  deaf_ = std::move(error);
  listen_.arm_in(listens_.next());
}

void Agent::on_disturbance() {
  const auto disturbance = world_.watch.drain();
  if (disturbance.broken) {
    go_deaf(*disturbance.broken);
  } else {
    deaf_.reset();
    listens_.reset();
  }
  read_whole_ = read_whole_ || disturbance.firewall;
  if (!disturbance.any) {
    return;
  }
  const auto now = world_.clock.steady();
  const auto delay = (disturbance.firewall ? firewall_repairs_ : other_repairs_).delay(now);
  if (disturbed_.armed() && repair_due_ <= now + delay) {
    return;
  }
  repair_due_ = now + delay;
  disturbed_.arm_in(delay);
  world_.journal.write(Level::Debug, Event::Disturbed,
                       fmt::format("somebody changed a {}", disturbance.what));
}

void Agent::round(firewall::Depth depth) {
  disturbed_.disarm();  // whatever it was for is looked at now
  if (std::exchange(read_whole_, false)) {
    depth = firewall::Depth::Full;
  }
  round_ = reconciler_.run(depth, world_.clock.wall());
  note_repair();
  ++counters_.rounds;
  counters_.steps += round_.done.size();
  counters_.failed_steps += round_.failed.size();
  tell_about_round();
  tell_about_overlaps();
  observe(std::exchange(round_.devices, {}));
  arm_after_round();
  tell_failover();
  notify_status(summary());
  tidy_.arm_in(kTidy);
}

// After the round: failover opens a gate of what is there.
void Agent::tell_failover() {
  // Without a network what was in force stays so there, as it does in the kernel.
  if (!setup_.host.failover || (!reconciler_.is_down() && reconciler_.netmap() == nullptr)) {
    return;
  }
  const auto source = source_->status();
  auto assignment =
      assignment_of(reconciler_.is_down() ? nullptr : reconciler_.netmap(), reconciler_.host(),
                    source && source->serial ? *source->serial : 0);
  if (const auto told = source_->for_siblings()) {
    assignment.netmap = told->bundle;
    assignment.offered = told->offered;
    assignment.looked = told->looked;
    assignment.revoked = told->revoked;
    assignment.revocations = told->revocations;
  }
  const auto text = api::to_json(assignment);
  if (text == assigned_) {
    return;
  }
  auto written = write_file_atomically(world_.folder.path() + "/" + api::kAssignmentFile, text);
  if (written) {
    assigned_ = text;
    not_assigned_.reset();
    return;
  }
  if (!not_assigned_) {
    world_.journal.write(Level::Error, Event::Trouble,
                         "failover cannot be told of the network: " + written.error().to_text());
  }
  not_assigned_ = std::move(written).error();
}

void Agent::note_repair() {
  if (!round_.done.empty()) {
    (round_.wrote_firewall ? firewall_repairs_ : other_repairs_)
        .repaired(round_.done, world_.clock.steady());
  }
}

void Agent::arm_after_round() {
  const bool idle = reconciler_.netmap() == nullptr && !reconciler_.is_down();
  if (round_.settled || idle) {
    retries_.reset();
    retry_.disarm();
  } else {
    retry_.arm_in(retries_.next());
  }
  if (const auto next = reconciler_.next_change()) {
    expiry_.arm(*next);
  } else {
    expiry_.disarm();
  }
  if (reconciler_.is_replacing()) {
    moves_.arm_in(kLookForMoves);
  } else {
    moves_.disarm();
  }
}

std::vector<api::Problem> Agent::standing_problems() {
  auto problems = host_problems_;
  std::ranges::move(flowtable_.problems(), std::back_inserter(problems));
  add_kept_problems(problems);
  add_translator_problems(problems);
  add_watch_problems(problems);
  std::ranges::move(source_->problems(), std::back_inserter(problems));
  if (const auto shared = shared_for_nothing(reconciler_.netmap(), setup_.host); !shared.empty()) {
    problems.push_back(
        {.severity = api::Severity::Warning,
         .gateway = shared,
         .text = "other routers serve it too, and this one without failover: it answers all the "
                 "time, with their key",
         .hint = "write [failover] into router.toml (causeway-failover(8)), or name one router in "
                 "the gateway's `routers`"});
  }
  if (not_assigned_) {
    problems.push_back(
        {.severity = api::Severity::Error,
         .text = "failover cannot be told of the network: " + not_assigned_->to_text(),
         .hint = "see to the folder; it is tried again by itself"});
  }
  if (const auto problem = metrics_ ? metrics_->problem() : std::nullopt) {
    problems.push_back(*problem);
  }
  if (!reconciler_.is_down()) {
    std::ranges::move(problems_of(reconciler_.overlaps()), std::back_inserter(problems));
  }
  if (setup_.lan_interface) {
    const auto links = world_.sinks.routes.links();
    if (links &&
        std::ranges::find(*links, *setup_.lan_interface, &netlink::Link::name) == links->end()) {
      problems.push_back(
          {.severity = api::Severity::Error,
           .text = fmt::format("there is no interface {}, which lan_interface in router.toml names",
                               *setup_.lan_interface),
           .hint = "correct router.toml, or bring the interface up; nothing else has to be done "
                   "when it comes"});
    }
  }
  if (config_changed_) {
    problems.push_back(
        {.severity = api::Severity::Warning,
         .text = fmt::format("{} has changed since the agent started", setup_.config_path),
         .hint = "systemctl restart causewayd takes it; no packet is lost by it"});
  }
  return problems;
}

api::Status Agent::status() {
  tidy_.arm_in(kTidy);
  const auto devices = reconciler_.read_devices(world_.clock.wall());
  observe(devices);
  ReportInput input{.netmap = reconciler_.netmap(),
                    .host = &setup_.host,
                    .devices = &devices,
                    .round = &round_,
                    .history = &history_,
                    .foreign_chains = {},
                    .counters = {},
                    .translated = {},
                    .standing = standing_problems(),
                    .down = reconciler_.is_down(),
                    .now = world_.clock.wall()};
  if (auto chains = reconciler_.foreign_chains()) {
    input.foreign_chains = std::move(*chains);
  } else {
    input.standing.push_back({.severity = api::Severity::Warning,
                              .text = "cannot tell whether another program drops our traffic: " +
                                      chains.error().to_text()});
  }
  if (auto counters = reconciler_.counters()) {
    input.counters = std::move(*counters);
  } else {
    input.standing.push_back(
        {.severity = api::Severity::Warning,
         .text = "cannot tell what the policy's rules let begin: " + counters.error().to_text()});
  }
  input.translated = translated(input.standing);
  std::ranges::move(without_failover(devices.items), std::back_inserter(input.standing));
  auto status = report(input);
  status.version = CW_VERSION;
  status.router = setup_.host.router;
  status.site = setup_.host.site;
  status.pid = ::getpid();
  status.started = started_;
  status.source = source_->where();
  status.signed_source = source_->status();
  status.revoked = revoked_peers();
  status.refused = refused_;
  status.counters = counters_;
  if (input.netmap != nullptr && taken_) {
    status.network = api::NetworkStatus{.name = input.netmap->name,
                                        .peers = input.netmap->peers.size(),
                                        .sites = input.netmap->sites.size(),
                                        .taken = *taken_};
    if (input.netmap->policy) {
      status.network->rules = input.netmap->policy->rules.size();
    }
  }
  return status;
}

}  // namespace cw::agent
