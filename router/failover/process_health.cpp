// SPDX-License-Identifier: Apache-2.0
// How this router does: its data path, and what it reaches of its site.
#include <algorithm>
#include <bit>
#include <utility>

#include <fmt/format.h>

#include "router/agent/control.h"
#include "router/failover/device_state.h"
#include "router/failover/metrics.h"
#include "router/failover/process.h"

namespace cw::failover {

namespace {

// The agent repairs a device that somebody took down, or makes it anew; a look falls in between.
constexpr ha::health::Verdict::Rows kOfDevice{.bad = 2, .good = 1};

}  // namespace

// Without its device (no WireGuard in this kernel, an agent that never ran) a router would own a
// gateway that it cannot serve.
void Process::check_devices() {
  if (!setup_) {
    return;
  }
  std::map<std::string, ha::health::Verdict> next;
  for (const auto& gate : setup_->gates) {
    const auto old = devices_.find(gate.name);
    auto& device =
        next.emplace(gate.name,
                     old == devices_.end() ? ha::health::Verdict(kOfDevice, false) : old->second)
            .first->second;
    (void)device.note(device_is_up(gate.device));
    take(ha::Checked{.gateway = gate.name,
                     .fitness = device.good() ? ha::Fitness::Fit : ha::Fitness::Unfit});
  }
  devices_ = std::move(next);
}

void Process::configure_targets() {
  std::vector<std::string> names;
  for (const auto& target : setup_->targets) {
    names.push_back(target.to_text());
  }
  if (!std::ranges::equal(names, targets_, {}, {}, &ha::health::Target::name)) {
    targets_ = ha::health::configured(std::move(targets_), names);
    probes_->configure(setup_->targets);
  }
  take(ha::TargetsTried{out_of_reach(targets_)});
}

void Process::tried(std::size_t which, std::string trouble) {
  auto& target = targets_[which];
  target.tried(std::move(trouble), now());
  if (target.is_news(now())) {
    const bool back = target.reached();
    world_.journal.write(back ? agent::Level::Notice : agent::Level::Warning,
                         back ? agent::Event::TargetReached : agent::Event::TargetLost,
                         back ? fmt::format("target {}: reached again", target.name())
                              : fmt::format("target {}: out of reach from this router: {}",
                                            target.name(), target.trouble()),
                         {{.name = "CAUSEWAY_TARGET", .value = target.name()}});
  }
  const auto found = out_of_reach(targets_);
  if (runner_ && found != runner_->state().out_of_reach) {
    take(ha::TargetsTried{found});
  }
}

Result<> Process::serve_metrics() {
  if (const auto& listen = world_.failover.metrics_listen) {
    metrics_ = CW_TRY(agent::MetricsServer::create(
        world_.loop, world_.journal, *listen, [this](const agent::Request& request) {
          return agent::answer_metrics_only(request, [this] { return to_metrics(status()); });
        }));
  }
  return {};
}

// A sibling's bits are of its netmap.
std::vector<std::string> Process::missed_by(const ha::Sibling& sibling) const {
  const auto bits = sibling.beat.out_of_reach;
  if (bits == 0 || sibling.beat.serial == runner_->state().serial) {
    return named(bits, targets_);
  }
  return {fmt::format("{} of its netmap's", std::popcount(bits))};
}

void Process::add_health(api::FailoverStatus& status) const {
  if (const auto problem = metrics_ ? metrics_->problem() : std::nullopt) {
    status.problems.push_back(*problem);
  }
  for (const auto& target : targets_) {
    api::TargetStatus shown{.target = target.name(),
                            .tried = target.was_tried(),
                            .reached = target.reached(),
                            .trouble = target.reached() ? std::string() : target.trouble()};
    if (target.was_tried()) {
      shown.for_ms = std::chrono::duration_cast<ha::Duration>(now() - target.since()).count();
    }
    status.targets.push_back(std::move(shown));
  }
  for (auto& gateway : status.gateways) {
    const auto* known = runner_->find(gateway.name);
    for (auto& shown : gateway.siblings) {
      const auto sibling = std::ranges::find(known->siblings, shown.router, &ha::Sibling::router);
      if (sibling != known->siblings.end() && sibling->known) {
        shown.out_of_reach = missed_by(*sibling);
      }
    }
  }
}

}  // namespace cw::failover
