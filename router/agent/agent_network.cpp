// SPDX-License-Identifier: Apache-2.0
// Which network is in force, and why another is not.
#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "base/rfc3339.h"
#include "router/agent/agent.h"
#include "router/agent/directory_source.h"
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

Result<> Agent::make_network_source() {
  NetworkSource::Listener listener{.found =
                                       [this](NetworkReading reading) {
                                         if (offer(std::move(reading), Asked::ByAChange)) {
                                           round(firewall::Depth::Digest);
                                         }
                                       },
                                   .curtailed =
                                       [this] {
                                         if (curtail_anew()) {
                                           round(firewall::Depth::Digest);
                                         }
                                       },
                                   .looked = [this] { tell_failover(); }};
  if (setup_.signed_network) {
    source_ = CW_TRY(SignedSource::create(*setup_.signed_network, world_.loop, world_.clock,
                                          world_.journal, world_.kept_bundles, world_.kept,
                                          std::move(listener)));
  } else {
    source_ = CW_TRY(DirectorySource::create(setup_.network, world_.loop, world_.clock, world_.kept,
                                             std::move(listener)));
  }
  return {};
}

// A restart is nobody's word for locking people out: what was held back before it still is, and who
// was revoked stays out.
void Agent::take_first() {
  if (auto revoked = world_.kept.revoked()) {
    revoked_here_ = std::move(*revoked);
  } else {
    world_.journal.write(
        Level::Error, Event::Trouble,
        "whom this router revoked is not known any more: " + revoked.error().to_text());
  }
  auto reading = source_->first();
  const bool as_kept = reading && reading->netmap && source_->is_kept(*reading->netmap);
  if (auto resumed = as_kept ? Result<>{} : resume_kept(); !resumed) {
    world_.journal.write(
        Level::Warning, Event::Trouble,
        fmt::format("the network of before this start is of no use ({}); it is written anew when "
                    "one is taken",
                    resumed.error().to_text()));
  }
  if (reading) {
    (void)offer(std::move(*reading), as_kept ? Asked::AsBefore : Asked::ByAChange);
  }
}

Result<> Agent::resume_kept() {
  auto kept = CW_TRY(source_->resume());
  if (!kept) {
    return {};  // the first start
  }
  std::optional<network::Netmap> whole;
  reconciler_.take(CW_TRY(prepare(std::move(kept->netmap), NetworkSource::Of::InForce, whole)));
  whole_ = std::move(whole);
  kept_from_ = kept->written;
  taken_ = kept->written;
  return {};
}

void Agent::keep() {
  const auto* netmap = in_force();
  if (netmap == nullptr) {
    return;
  }
  auto written = source_->keep(*netmap);
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
}

void Agent::add_kept_problems(std::vector<api::Problem>& problems) const {
  if (kept_from_ && refused_) {
    const bool held = refused_->reason == api::RefusalReason::HeldBack;
    problems.push_back({.severity = api::Severity::Error,
                        .text = fmt::format("running on the network of {}, because: {}",
                                            to_rfc3339(*kept_from_), in_short(refused_->text)),
                        .hint = held ? "`causeway reload` takes the one that is there now"
                                : setup_.signed_network
                                    ? "publish one that is taken; nothing else has to be done"
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
  using Kind = NetworkReading::Kind;
  if (reading.kind == Kind::Refused) {
    refuse(api::RefusalReason::Invalid, std::move(reading.text));
    return false;
  }
  if (reading.kind != Kind::Offer || !reading.netmap) {
    if (reading.kind == Kind::AsInForce) {
      refused_.reset();
      kept_from_.reset();
    }
    const bool up = asked == Asked::ByAPerson && reconciler_.is_down() && go_on();
    return up ||
           (asked == Asked::ByAPerson && reading.kind == Kind::AsInForce && in_force() != nullptr);
  }
  if (asked == Asked::ByAChange && reconciler_.is_down()) {
    return false;  // `causeway reload` reads it again
  }
  if (const auto* now = in_force(); asked == Asked::ByAChange && now != nullptr &&
                                    *now == *reading.netmap && !setup_.signed_network) {
    refused_.reset();
    kept_from_.reset();
    return false;
  }
  std::optional<network::Netmap> whole;
  auto candidate = prepare(std::move(*reading.netmap), NetworkSource::Of::Offer, whole);
  if (!candidate) {
    refuse(api::RefusalReason::Invalid, candidate.error().to_text() + "\n");
    return false;
  }
  if (asked == Asked::ByAChange && !reading.decided) {
    if (auto verdict = judge(*candidate); !verdict.take) {
      refuse(api::RefusalReason::HeldBack, std::move(verdict.why) + "\n");
      return false;
    }
  }
  take(std::move(*candidate), std::move(whole));
  return true;
}

// A refusal is for the reading of everything to say.
bool Agent::take_announced() {
  auto reading = source_->read_announced();
  if (!reading || !reading->netmap || reconciler_.is_down()) {
    return false;
  }
  std::optional<network::Netmap> whole;
  auto candidate = prepare(std::move(*reading->netmap), NetworkSource::Of::Offer, whole);
  if (!candidate) {
    return false;
  }
  take(std::move(*candidate), std::move(whole));
  round(firewall::Depth::Digest);
  return true;
}

void Agent::take(Candidate candidate, std::optional<network::Netmap> whole) {
  const auto peers = candidate.netmap.peers.size();
  const auto name = candidate.netmap.name;
  reconciler_.take(std::move(candidate));
  whole_ = std::move(whole);
  source_->taken();
  forget_needless_revocations();
  refused_.reset();
  kept_from_.reset();
  taken_ = world_.clock.wall();
  keep_.arm_in(kKeepAfter);
  const auto source = source_->status();
  const auto serial = source && source->serial ? fmt::format(", serial {}", *source->serial) : "";
  world_.journal.write(
      Level::Notice, Event::NetworkTaken,
      fmt::format("network '{}' taken: {} peer{}{}", name, peers, peers == 1 ? "" : "s", serial),
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
                       fmt::format("the network in {} is {}; {}:\n{}", source_->where(),
                                   held ? "held back" : "refused", what_stays(), text));
  refused_ = api::Refusal{.reason = reason, .since = world_.clock.wall(), .text = std::move(text)};
  notify_status(summary());
}

}  // namespace cw::agent
