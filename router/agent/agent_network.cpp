// SPDX-License-Identifier: Apache-2.0
// Which network is in force, and why another is not.
#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "base/rfc3339.h"
#include "router/agent/agent.h"
#include "router/agent/service.h"

namespace cw::agent {

namespace {

// The first mistake and its place; the others are in the refusal.
std::string in_short(std::string_view text) {
  constexpr std::string_view kPlace = " --> ";  // network/diagnostic.h
  const auto end = std::min(text.find('\n'), text.size());
  std::string first(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  if (text.starts_with(kPlace)) {
    text.remove_prefix(kPlace.size());
    first += fmt::format(" ({})", text.substr(0, text.find('\n')));
  }
  return first;
}

}  // namespace

// A restart is nobody's word for locking people out: what was held back before it still is.
void Agent::take_first(NetworkReading reading) {
  const bool as_kept = reading.netmap && world_.kept.is(*reading.netmap);
  if (auto resumed = as_kept ? Result<>{} : resume_kept(); !resumed) {
    world_.journal.write(
        Level::Warning, Event::Trouble,
        fmt::format("the network of before this start is of no use ({}); it is written anew when "
                    "one is taken",
                    resumed.error().to_text()));
  }
  (void)offer(std::move(reading), as_kept ? Asked::AsBefore : Asked::ByAChange);
}

Result<> Agent::resume_kept() {
  auto kept = CW_TRY(world_.kept.read());
  if (!kept) {
    return {};  // the first start
  }
  reconciler_.take(CW_TRY(reconciler_.prepare(std::move(kept->netmap), world_.clock.wall())));
  kept_from_ = kept->written;
  taken_ = kept->written;
  return {};
}

void Agent::keep() {
  const auto* netmap = reconciler_.netmap();
  if (netmap == nullptr) {
    return;
  }
  auto written = world_.kept.write(*netmap);
  if (written) {
    not_kept_.reset();
    return;
  }
  if (!not_kept_) {
    world_.journal.write(Level::Warning, Event::Trouble, written.error().to_text());
  }
  not_kept_ = std::move(written).error();
}

void Agent::add_watch_problems(std::vector<api::Problem>& problems) const {
  if (deaf_) {
    problems.push_back(
        {.severity = api::Severity::Warning,
         .text = fmt::format("the kernel's announcements cannot be heard, so what others change "
                             "is put right only every {} s: {}",
                             kAudit.count(), deaf_->to_text()),
         .hint = "it is tried again by itself; if it stays so, systemctl restart causewayd and "
                 "report it"});
  }
  const auto& blind = intake_->blind();
  if (!blind) {
    return;
  }
  const bool used_up = blind->os == ENOSPC || blind->os == EMFILE;
  problems.push_back(
      {.severity = api::Severity::Warning,
       .text = fmt::format("changes of the network directory are seen only every {} s, because {}",
                           kAudit.count(), blind->to_text()),
       .hint = used_up ? "other programs use up the kernel's inotify watches: raise "
                         "fs.inotify.max_user_watches (or max_user_instances), sysctl(8)"
                       : "let the agent read the directory and its folders"});
}

void Agent::add_kept_problems(std::vector<api::Problem>& problems) const {
  if (kept_from_ && refused_) {
    const bool held = refused_->reason == api::RefusalReason::HeldBack;
    problems.push_back({.severity = api::Severity::Error,
                        .text = fmt::format("running on the network of {}, because: {}",
                                            to_rfc3339(*kept_from_), in_short(refused_->text)),
                        .hint = held ? "`causeway reload` takes the one that is there now"
                                     : "mend the network directory; it is taken by itself then"});
  }
  if (not_kept_) {
    problems.push_back(
        {.severity = api::Severity::Warning,
         .text =
             fmt::format("the network cannot be kept for the next start: {}", not_kept_->to_text()),
         .hint = "see to the folder, or name another with --state-dir; it is tried again by "
                 "itself. Until then a start with a refused network has none to work with"});
  }
}

// Against the network in force, or where there is none against the peers an earlier agent left.
router::Verdict Agent::judge(const Candidate& candidate) {
  const auto before = reconciler_.let_in(world_.clock.wall());
  if (!before) {
    return {};  // the first round says why the kernel cannot be read
  }
  if (reconciler_.netmap() != nullptr) {
    return router::judge_unattended(*before, router::let_in(candidate.desired));
  }
  // Whoever expired while no agent ran is locked out by what the network always said.
  const auto at_any_time = reconciler_.prepare(candidate.netmap, WallTime{});
  return at_any_time ? router::judge_unattended(*before, router::let_in(at_any_time->desired))
                     : router::Verdict{};
}

bool Agent::offer(NetworkReading reading, Asked asked) {
  if (!reading.netmap) {
    refuse(api::RefusalReason::Invalid, std::move(reading.diagnostics));
    return false;
  }
  if (asked == Asked::ByAChange && reconciler_.is_down()) {
    return false;  // `causeway reload` reads it again
  }
  if (const auto* now = reconciler_.netmap();
      asked == Asked::ByAChange && now != nullptr && *now == *reading.netmap) {
    refused_.reset();
    kept_from_.reset();
    return false;
  }
  auto candidate = reconciler_.prepare(std::move(*reading.netmap), world_.clock.wall());
  if (!candidate) {
    refuse(api::RefusalReason::Invalid, candidate.error().to_text() + "\n");
    return false;
  }
  if (asked == Asked::ByAChange) {
    if (auto verdict = judge(*candidate); !verdict.take) {
      refuse(api::RefusalReason::HeldBack, std::move(verdict.why) + "\n");
      return false;
    }
  }
  take(std::move(*candidate));
  return true;
}

// A refusal is for the reading of everything to say.
bool Agent::take_announced() {
  auto reading = intake_->read_announced();
  if (!reading || !reading->netmap || reconciler_.is_down()) {
    return false;
  }
  auto candidate = reconciler_.prepare(std::move(*reading->netmap), world_.clock.wall());
  if (!candidate) {
    return false;
  }
  take(std::move(*candidate));
  round(firewall::Depth::Digest);
  return true;
}

void Agent::take(Candidate candidate) {
  const auto peers = candidate.netmap.peers.size();
  const auto name = candidate.netmap.name;
  reconciler_.take(std::move(candidate));
  refused_.reset();
  kept_from_.reset();
  taken_ = world_.clock.wall();
  keep_.arm_in(kKeepAfter);
  world_.journal.write(
      Level::Notice, Event::NetworkTaken,
      fmt::format("network '{}' taken: {} peer{}", name, peers, peers == 1 ? "" : "s"),
      {{.name = "CAUSEWAY_NETWORK", .value = name}});
}

std::string Agent::what_stays() const {
  if (reconciler_.is_down()) {
    return "the router stays down";
  }
  if (kept_from_) {
    return fmt::format("running on the network of {}", to_rfc3339(*kept_from_));
  }
  return reconciler_.netmap() != nullptr ? "the one before stays in force"
                                         : "there was none before, so nothing is changed";
}

void Agent::refuse(api::RefusalReason reason, std::string text) {
  ++counters_.refusals;
  const bool held = reason == api::RefusalReason::HeldBack;
  world_.journal.write(held ? Level::Warning : Level::Error,
                       held ? Event::NetworkHeldBack : Event::NetworkRefused,
                       fmt::format("the network in {} is {}; {}:\n{}", world_.network.path(),
                                   held ? "held back" : "refused", what_stays(), text));
  refused_ = api::Refusal{.reason = reason, .since = world_.clock.wall(), .text = std::move(text)};
  notify_status(summary());
}

}  // namespace cw::agent
