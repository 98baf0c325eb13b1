// SPDX-License-Identifier: Apache-2.0
// What the agent says, and what follows from it.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/file.h"
#include "router/agent/service.h"
#include "router/failover/clock_state.h"
#include "router/failover/process.h"

namespace cw::failover {

namespace {

std::vector<std::string> names_of(const ha::Config& config) {
  std::vector<std::string> names;
  names.reserve(config.gateways.size());
  for (const auto& gateway : config.gateways) {
    names.push_back(gateway.name);
  }
  return names;
}

bool has(const ha::State& state, const std::string& gateway) {
  return std::ranges::find(state.gateways, gateway, &ha::Gateway::name) != state.gateways.end();
}

Result<Setup> read_setup(const World& world) {
  const auto text = CW_TRY(read_file(world.assignment, api::kLargestAssignment));
  const auto assignment =
      CW_TRY(in_context(api::assignment_from_json(text), "reading " + world.assignment));
  return setup_of(world.config, world.halves, assignment);
}

}  // namespace

void Process::read_assignment() {
  auto setup = read_setup(world_);
  if (!setup && setup.error().kind == ErrorKind::NotFound) {
    const auto waiting = Error::make(
        ErrorKind::NotFound,
        fmt::format("{} is not there: causewayd has taken no network yet, or its router.toml has "
                    "no [failover] (systemctl status causewayd)",
                    world_.assignment));
    note("the agent", &waiting);
    return;
  }
  // What was in force stays so.
  note("the agent", setup ? follow(std::move(*setup)) : Result<>(setup.error()));
}

// What cannot be followed changes nothing; what can is in force, and compare() mends what the
// kernel refused of it.
Result<> Process::follow(Setup setup) {
  if (setup_ && *setup_ == setup && (fabric_ || !runner_)) {
    return {};
  }
  if (arbiter_ && !setup.core.gateways.empty() && setup.site != site_) {
    return Error::invalid("the network or the site is another one now; restart causeway-failover");
  }
  auto before = std::exchange(setup_, std::make_unique<const Setup>(std::move(setup)));
  mail_.configure(setup_->core);
  books_.configure(setup_->core);
  netmaps_.configure(*setup_);
  revocations_.configure(setup_->revoked, setup_->revocations);
  if (runner_) {
    change(before.get());
  } else if (auto begun = begin(); !begun) {
    setup_ = std::move(before);
    return begun;
  }
  configure_connections();
  configure_targets();
  take(ha::Tick{});  // also says which netmap is in force now
  look_at_peers();
  return {};
}

void Process::change(const Setup* before) {
  // The gates of gateways that go are closed, and their addresses withdrawn, while gates and
  // fabric know them.
  auto staying = setup_->core;
  std::erase_if(staying.gateways,
                [&](const auto& each) { return !has(runner_->state(), each.name); });
  take(ha::Configured{.config = std::move(staying), .open = {}});
  note("gates", gates_->configure(setup_->gates, now()));
  if (!fabric_ || before == nullptr || before->lan != setup_->lan) {
    open_fabric(setup_->lan);
  }
  take_new();
  arbiter_->watch(names_of(setup_->core));
}

// This router alone served them until now, or an earlier process did: as at the start.
void Process::take_new() {
  auto [found, read] = gates_->open_gates();
  note("gates that are open", read);
  std::erase_if(found, [&](const std::string& each) { return has(runner_->state(), each); });
  auto fresh = names_of(setup_->core);
  std::erase_if(fresh, [&](const std::string& each) { return has(runner_->state(), each); });
  take(ha::Configured{.config = setup_->core, .open = std::move(found)});
  withdraw_unserved(fresh);
}

// What an earlier process answered for and nobody serves now: not ours to keep.
void Process::withdraw_unserved(const std::vector<std::string>& names) {
  for (const auto& gateway : runner_->state().gateways) {
    if (!gateway.gate && std::ranges::find(names, gateway.name) != names.end()) {
      withdraw(ha::WithdrawAddress{.gateway = gateway.name});
    }
  }
}

Result<> Process::begin() {
  if (setup_->core.gateways.empty()) {
    return {};  // nothing is shared; nothing is to be asked for
  }
  CW_TRY(open_arbiter(setup_->site));
  note("gates", gates_->configure(setup_->gates, now()));
  const auto open = gates_->open_gates();
  CW_TRY(open.read);
  open_fabric(setup_->lan);
  runner_ =
      std::make_unique<Runner>(ha::start(setup_->core, open.names, now()), world_.clock, *this);
  withdraw_unserved(names_of(setup_->core));
  arbiter_->watch(names_of(setup_->core));
  take(ha::ClockChecked{.synchronised = clock_is_synchronised()});
  check_devices();
  if (drained_) {
    take(ha::DrainRouter{.on = true});
  }
  const auto count = setup_->core.gateways.size();
  agent::notify_status(fmt::format("sharing {} gateway{}", count, count == 1 ? "" : "s"));
  return {};
}

Result<> Process::open_arbiter(const ha::etcd::Site& site) {
  if (arbiter_) {
    return {};
  }
  const auto& failover = world_.failover;
  arbiter_ = CW_TRY(ha::etcd::Arbiter::open(
      {.endpoints = failover.etcd,
       .site = site,
       .tls = {.ca_file = failover.etcd_ca_file,
               .certificate_file = failover.etcd_certificate,
               .key_file = failover.etcd_key},
       .user = failover.etcd_user,
       .password = net::Secret(etcd_password_.expose()),
       .patience = ha::lan_timers().arbiter_patience},
      *fetch_loop_, world_.clock,
      {.answered = [this](const ha::ArbiterAnswer& answer) { take(answer); },
       .changed = [this](const ha::RecordChanged& changed) { take(changed); },
       .trouble = [this](const Error* trouble) { note("the arbiter", trouble); }}));
  fetch_loop_->serve(*arbiter_);
  site_ = site;
  return {};
}

void Process::open_fabric(const ha::arp::Config& config) {
  lan_loop_->serve(nullptr);
  fabric_.reset();
  auto fabric = ha::arp::LanFabric::open(
      config, *lan_loop_,
      [this](const ha::arp::Report& report) {
        // An owner announces itself each second to whoever still has the address.
        if (!report.why.empty() && std::exchange(told_of_address_, report.why) != report.why) {
          world_.journal.write(agent::Level::Info, agent::Event::Address, report.why);
        }
        std::visit([this](const auto& event) { take(event); }, report.what);
      },
      now());
  note("the LAN", fabric ? nullptr : &fabric.error());
  if (fabric) {
    fabric_ = std::move(*fabric);
    lan_loop_->serve(fabric_.get());
  }
}

}  // namespace cw::failover
