// SPDX-License-Identifier: Apache-2.0
// What the agent does because somebody asks, and what it answers.
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/rfc3339.h"
#include "network/netmap_json.h"
#include "router/agent/agent.h"
#include "router/agent/report.h"
#include "router/agent/service.h"

namespace cw::agent {

namespace {

std::string count(std::size_t number, std::string_view one) {
  return fmt::format("{} {}{}", number, one, number == 1 ? "" : "s");
}

api::Answer answer_for_plan(const Result<router::Plan>& plan) {
  if (!plan) {
    return {.done = false,
            .text = "this router cannot serve it",
            .problems = {{.severity = api::Severity::Error, .text = plan.error().to_text()}}};
  }
  auto lines = router::to_lines(*plan);
  return {.text = lines.empty() ? "nothing to do" : count(lines.size(), "change"),
          .steps = std::move(lines)};
}

}  // namespace

std::string Agent::summary() const {
  if (reconciler_.is_down()) {
    return "down: nothing of ours is in the kernel";
  }
  const auto* netmap = reconciler_.netmap();
  if (netmap == nullptr) {
    return refused_ ? "waiting: the network is refused; `causeway status` says why"
                    : "waiting for a network";
  }
  if (kept_from_ && refused_) {
    return fmt::format(
        "running on the network of {}; the one now is refused, `causeway status` "
        "says why",
        to_rfc3339(*kept_from_));
  }
  return fmt::format("network {}: {}{}{}", netmap->name, count(netmap->peers.size(), "peer"),
                     round_.settled ? "" : "; retrying, `causeway status` says why",
                     refused_ ? "; a newer network is refused" : "");
}

api::Answer Agent::plan() {
  if (reconciler_.netmap() == nullptr && !reconciler_.is_down()) {
    return {.done = false,
            .text = "no network is in force",
            .diagnostics = refused_ ? refused_->text : std::string()};
  }
  return answer_for_plan(reconciler_.preview(world_.clock.wall()));
}

Result<api::Answer> Agent::plan(const std::string& candidate) {
  auto netmap = CW_TRY(network::netmap_from_json(candidate));
  std::optional<network::Netmap> whole;
  const auto prepared = prepare(std::move(netmap), NetworkSource::Of::InForce, whole);
  if (!prepared) {
    return answer_for_plan(prepared.error());
  }
  auto answer = answer_for_plan(reconciler_.preview(*prepared));
  answer.problems = problems_of(prepared->overlaps);
  return answer;
}

api::Answer Agent::answer_for_round(std::string text) {
  if (!round_.settled) {
    text = fmt::format("{} is asked for, but not all of it could be done; the agent goes on trying",
                       reconciler_.is_down() ? std::string("down")
                                             : "network '" + reconciler_.netmap()->name + "'");
  }
  api::Answer answer{.done = round_.settled, .text = std::move(text), .steps = round_.done};
  answer.problems = problems_of(round_);
  std::ranges::move(problems_of(reconciler_.overlaps()), std::back_inserter(answer.problems));
  return answer;
}

void Agent::reload(std::function<void(api::Answer)> done) {
  notify_reloading();
  flowtable_.forget_refusals();
  reconciler_.forget_refusals();
  look_at_host();
  // First what is known to have changed: whoever is taken out is out before the thousands of other
  // files are looked at.
  const bool took = take_announced();
  auto steps = took ? round_.done : std::vector<std::string>();
  source_->read_now(
      [this, took, steps = std::move(steps), done = std::move(done)](NetworkReading reading) {
        auto answer = finish_reload(std::move(reading), took, steps);
        notify_ready(summary());
        done(std::move(answer));
      });
}

api::Answer Agent::finish_reload(NetworkReading reading, bool took,
                                 const std::vector<std::string>& done) {
  const bool was_all = took && reading.netmap && *reading.netmap == *in_force();
  if (!was_all) {
    const auto kind = reading.kind;
    const auto text = reading.text;
    if (!offer(std::move(reading), Asked::ByAPerson)) {
      const bool unreachable = kind == NetworkReading::Kind::Unreachable;
      return {.done = false,
              .text = fmt::format("the network {} {} {}; {}", unreachable ? "at" : "in",
                                  source_->where(),
                                  unreachable ? "cannot be fetched" : "is refused", what_stays()),
              .diagnostics = unreachable ? text + "\n"
                             : refused_  ? refused_->text
                                         : text};
    }
    round(firewall::Depth::Digest);
    round_.done.insert(round_.done.begin(), done.begin(), done.end());
  }
  return answer_for_reload();
}

api::Answer Agent::answer_for_reload() {
  const auto* netmap = reconciler_.netmap();
  return answer_for_round(fmt::format("network '{}': {}, {}", netmap->name,
                                      count(netmap->peers.size(), "peer"),
                                      count(round_.done.size(), "change")));
}

api::Answer Agent::down() {
  reconciler_.go_down();
  world_.journal.write(Level::Notice, Event::Down,
                       "down: removing what is ours from the kernel, as asked");
  round(firewall::Depth::Digest);
  return answer_for_round("down; `causeway reload` brings it up again");
}

}  // namespace cw::agent
