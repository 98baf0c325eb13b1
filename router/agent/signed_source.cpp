// SPDX-License-Identifier: Apache-2.0
#include "router/agent/signed_source.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/rfc3339.h"

namespace cw::agent {

using Kind = NetworkReading::Kind;

SignedSource::SignedSource(SignedSetup setup, const Clock& clock, Journal& journal,
                           const KeptBundles& kept, const KeptNetwork& of_a_directory,
                           Listener listener)
    : setup_(std::move(setup)),
      clock_(clock),
      journal_(journal),
      kept_(kept),
      of_a_directory_(of_a_directory),
      listener_(std::move(listener)) {
  if (auto memory = kept.memory()) {
    memory_ = *memory;
  } else {
    journal_.write(Level::Error, Event::Trouble,
                   "what was refused and given up before this start is not known any more: " +
                       memory.error().to_text());
  }
  remembered_ = memory_.heard;
  if (memory_.heard) {
    memory_.heard = std::min(*memory_.heard + kRemembersHearing, clock_.wall());
  }
}

Result<std::unique_ptr<NetworkSource>> SignedSource::create(SignedSetup setup, const Loop& loop,
                                                            const Clock& clock, Journal& journal,
                                                            const KeptBundles& kept,
                                                            const KeptNetwork& of_a_directory,
                                                            Listener listener) {
  std::unique_ptr<SignedSource> made(new SignedSource(std::move(setup), clock, journal, kept,
                                                      of_a_directory, std::move(listener)));
  auto* raw = made.get();
  const auto& where = raw->setup_.where;
  if (is_remote(where)) {
    made->fetch_loop_ = CW_TRY(FetchLoop::create(loop));
    made->client_ = CW_TRY(fetch::HttpClient::create(*made->fetch_loop_, raw->setup_.tls));
    made->fetch_loop_->serve(*made->client_);
  }
  made->netmap_ = CW_TRY(Fetcher::create(
      loop, made->client_.get(), {.from = where, .known = {}, .limits = fetch::kNetmapLimits},
      raw->setup_.interval,
      [raw](Result<fetch::Answer> answer) { raw->on_netmap(std::move(answer)); }));
  made->revocations_ = CW_TRY(Fetcher::create(
      loop, made->client_.get(),
      {.from = beside(where, kRevocationsSuffix), .known = {}, .limits = fetch::kRevocationLimits},
      kRevocationInterval,
      [raw](Result<fetch::Answer> answer) { raw->on_revocations(std::move(answer)); }));
  if (raw->setup_.siblings) {
    made->siblings_ = std::make_unique<SiblingWatch>(
        loop, *raw->setup_.siblings, [raw](std::string_view name) { raw->on_sibling_file(name); });
  }
  made->trial_ = CW_TRY(Timer::create_wall(loop, "trial", [raw] { raw->on_unconfirmed(); }));
  made->silence_ = CW_TRY(Timer::create_wall(loop, "silence", [raw] { raw->on_silence(); }));
  return std::unique_ptr<NetworkSource>(std::move(made));
}

// What is in force, while there is something to go back to.
const network::Statement* SignedSource::on_trial() const {
  return provisional_ && now_ && now_->statement ? &*now_->statement : nullptr;
}

// What is in force was published on trial, and stays whatever anybody says.
bool SignedSource::cannot_go_back() const {
  return !provisional_ && now_ && now_->statement && now_->statement->confirm;
}

WallTime SignedSource::trial_ends(const network::Statement& statement) const {
  return router::goes_back_at(statement, taken_).value_or(taken_);
}

Result<std::optional<KeptNetmap>> SignedSource::resume() {
  auto resumed = CW_TRY(resume_netmap());
  if (now_) {
    resume_revocations(*now_);
  }
  if (setup_.max_age && memory_.heard) {
    expiring_ = clock_.wall() - *memory_.heard > *setup_.max_age;
  }
  return resumed;
}

Result<std::optional<KeptNetmap>> SignedSource::resume_netmap() {
  auto copy = CW_TRY(kept_.in_force());
  if (!copy) {
    // What a directory gave before router.toml named a signed netmap holds until one is fetched.
    auto old = CW_TRY(of_a_directory_.read());
    if (old) {
      now_ = router::in_force(old->netmap);
    }
    return old;
  }
  auto kept = CW_TRY(router::resume(copy->bundle, setup_.trust));
  now_ = kept.becomes;
  memory_.floor = router::raised(memory_.floor, kept.statement);  // an earlier version wrote none
  taken_ = copy->written;
  memory_.heard = memory_.heard.value_or(taken_);
  provisional_ = kept.statement.confirm && CW_TRY(kept_.before());
  if (const auto* trial = on_trial();
      trial != nullptr &&
      (trial_ends(*trial) <= clock_.wall() || memory_.floor.given_up >= trial->serial)) {
    if (auto back = before_the_trial(*trial); back && back->netmap && pending_) {
      const auto taken = pending_->taken;
      SignedSource::taken();
      return std::optional(KeptNetmap{.netmap = std::move(*back->netmap), .written = taken});
    }
  }
  return std::optional(KeptNetmap{.netmap = std::move(kept.netmap), .written = taken_});
}

void SignedSource::resume_revocations(const router::InForce& by) {
  const auto copy = kept_.revocations();
  if (!copy) {
    note(refused_list_, copy.error().to_text(), "the revocations that were kept do not count");
  } else if (const auto& list = *copy) {
    auto held = router::accept_revocations(list->bundle, setup_.trust, by, std::nullopt);
    if (!held) {
      note(refused_list_, held.error().to_text(), "the revocations that were kept do not count");
    } else if (auto& found = *held) {
      memory_.floor = router::raised(memory_.floor, found->statement);
      held_ = std::move(found);
      list_kept_ = true;
    }
  }
}

void SignedSource::begin() {
  arm_timers();
  netmap_->ask();
  revocations_->ask();
  look_again();
}

void SignedSource::arm_timers() {
  if (const auto* trial = on_trial()) {
    trial_.arm(trial_ends(*trial));
  } else {
    trial_.disarm();
  }
  if (setup_.max_age && memory_.heard && !expiring_) {
    silence_.arm(*memory_.heard + *setup_.max_age + std::chrono::seconds(1));
  } else {
    silence_.disarm();
  }
}

void SignedSource::read_now(Callback done) {
  waiting_.push_back({.number = netmap_->asked() + 1, .done = std::move(done)});
  seen_.reset();  // the router may have been down
  netmap_->forget();
  netmap_->ask();
  revocations_->forget();
  revocations_->ask();
}

void SignedSource::on_netmap(Result<fetch::Answer> answer) {
  ++fetches_;
  if (not_remembered_) {
    remember();
  }
  auto reading = judge(std::move(answer));
  // What was declined while the router was down is still due.
  if (const auto* trial = on_trial();
      trial != nullptr && reading.kind != Kind::Offer && memory_.floor.given_up >= trial->serial) {
    if (auto back = before_the_trial(*trial)) {
      reading = std::move(*back);
    }
  }
  hand_over(std::move(reading), netmap_->asked());
  note_looked();
}

// To those who asked before it was fetched, else as news. `number`: of the answer, 0 for none.
void SignedSource::hand_over(NetworkReading reading, std::uint64_t number) {
  const auto kind = reading.kind;
  // A refusal without words is of an offer that the agent has declined, with words of its own.
  const bool old =
      kind == Kind::Unreachable || kind == last_ || (kind == Kind::Refused && reading.text.empty());
  const bool news = kind == Kind::Offer || !old;
  if (kind != Kind::Unreachable) {
    last_ = kind;
  }
  const auto later = std::ranges::upper_bound(waiting_, number, {}, &Waiter::number);
  const std::vector<Waiter> due(std::make_move_iterator(waiting_.begin()),
                                std::make_move_iterator(later));
  waiting_.erase(waiting_.begin(), later);
  for (const auto& waiter : due) {
    waiter.done(reading);
  }
  if (due.empty() && news) {
    listener_.found(std::move(reading));
  }
}

void SignedSource::taken() {
  if (!pending_) {
    return;
  }
  if (to_keep_) {
    (void)keep({});  // else the next one would not know what was before it; it is tried again
  }
  auto pending = std::move(*pending_);
  pending_.reset();
  const auto& statement = pending.becomes.statement;
  const bool wants_trial = !pending.going_back && statement && statement->confirm;
  const auto serial = statement ? statement->serial : 0;
  const bool something_before = now_ && now_->statement;
  using Before = KeptBundles::Before;
  auto before = Before::Forget;
  if (wants_trial && something_before) {
    before = provisional_ ? Before::Stays : Before::IsWhatWasInForce;
  }
  provisional_ = before != Before::Forget;
  now_ = std::move(pending.becomes);
  taken_ = pending.taken;
  to_keep_ = ToKeep{.bundle = std::move(pending.bundle), .before = before};
  if (wants_trial && cannot_go_back()) {
    journal_.write(
        Level::Warning, Event::Trouble,
        fmt::format("the netmap of serial {} is on trial, and no signed one was in force "
                    "before it: it stays also if nobody confirms it",
                    serial));
  }
  arm_timers();
  // It may name others who may revoke: a list that was refused may count by now. That is all that a
  // refusal depends on, so that "unchanged" is answer enough in between.
  revocations_->forget();
  revocations_->ask_soon();
}

Result<> SignedSource::keep(const network::Netmap& /*netmap*/) {
  if (to_keep_) {
    if (now_ && now_->statement) {
      memory_.floor = router::raised(memory_.floor, *now_->statement);
      remember();
    }
    CW_TRY(kept_.write(to_keep_->bundle, to_keep_->before));
    to_keep_.reset();
  }
  return {};
}

// Its serial is given up first: whatever happens then, it is not taken again.
std::optional<NetworkReading> SignedSource::before_the_trial(const network::Statement& statement) {
  const bool told = memory_.floor.given_up >= statement.serial;
  memory_.floor.given_up = std::max(memory_.floor.given_up, statement.serial);
  remember();
  // As long as the trial could not be written, what was before it is still in its place.
  const bool unwritten = to_keep_ && to_keep_->before == KeptBundles::Before::IsWhatWasInForce;
  auto copy = (unwritten ? kept_.in_force() : kept_.before())
                  .value_or(std::nullopt)
                  .value_or(KeptBundles::Copy{});
  auto before = router::resume(copy.bundle, setup_.trust);
  if (!before) {
    provisional_ = false;
    journal_.write(Level::Error, Event::Trouble,
                   fmt::format("nobody confirmed the netmap of serial {}, and it stays: what was "
                               "before it is of no use ({})",
                               statement.serial, before.error().to_text()));
    return std::nullopt;
  }
  if (!told) {
    const auto time = statement.confirm.value_or(std::chrono::seconds(0));
    journal_.write(
        Level::Warning, Event::NetworkGivenUp,
        fmt::format("nobody confirmed the netmap of serial {} within {} s: back to serial {}",
                    statement.serial, time.count(), before->statement.serial));
  }
  netmap_->forget();  // what the source has is to be judged anew
  pending_ = Pending{.becomes = std::move(before->becomes),
                     .bundle = std::move(copy.bundle),
                     .taken = copy.written,
                     .going_back = true};
  return NetworkReading{
      .kind = Kind::Offer, .netmap = std::move(before->netmap), .text = {}, .decided = true};
}

void SignedSource::on_unconfirmed() {
  if (to_keep_) {
    (void)keep({});
  }
  const auto* trial = on_trial();
  if (trial == nullptr) {
    return;
  }
  if (auto reading = before_the_trial(*trial)) {
    hand_over(std::move(*reading), 0);
    netmap_->ask();
  }
}

void SignedSource::heard() {
  const auto now = clock_.wall();
  memory_.heard = now;
  if (!remembered_ || now - *remembered_ >= kRemembersHearing) {
    remember();
  }
  if (std::exchange(expiring_, false)) {
    journal_.write(Level::Notice, Event::Settled,
                   "the network's source is heard again: peers with an expiry are let in");
    listener_.curtailed();
  }
  arm_timers();
}

// What cannot be written is tried again with every answer of the source.
void SignedSource::remember() {
  if (const auto written = kept_.write(memory_); !written) {
    if (!not_remembered_) {
      journal_.write(
          Level::Error, Event::Trouble,
          "what was taken and given up cannot be written down: " + written.error().to_text());
    }
    not_remembered_ = written.error().to_text();
    return;
  }
  not_remembered_.reset();
  remembered_ = memory_.heard;
}

void SignedSource::on_silence() {
  if (!setup_.max_age || !memory_.heard || expiring_ ||
      clock_.wall() - *memory_.heard <= *setup_.max_age) {
    arm_timers();
    return;
  }
  expiring_ = true;
  journal_.write(Level::Warning, Event::Trouble,
                 fmt::format("the network's source has not been heard since {}, longer than "
                             "`max_age`: peers with an expiry are locked out until it is",
                             to_rfc3339(*memory_.heard)));
  listener_.curtailed();
}

}  // namespace cw::agent
