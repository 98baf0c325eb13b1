// SPDX-License-Identifier: Apache-2.0
// Of SignedSource: revocations, and what it says of itself.
#include <utility>

#include <fmt/format.h>

#include "base/rfc3339.h"
#include "router/agent/signed_source.h"

namespace cw::agent {

void SignedSource::on_revocations(Result<fetch::Answer> answer) {
  if (!answer) {
    // No such file is the usual state: nobody was revoked.
    const bool none = answer.error().kind == ErrorKind::NotFound;
    note(no_list_, none ? std::nullopt : std::optional(answer.error().to_text()),
         none ? "the revocations are fetched again" : "the revocations cannot be fetched");
    return;
  }
  note(no_list_, std::nullopt, "the revocations are fetched again");
  const auto content = std::move(answer->content);
  if (content && now_) {
    const auto taken = take_revocations(*content, *now_);
    note(refused_list_, taken ? std::nullopt : std::optional(taken.error().to_text()),
         taken ? "the revocations that are fetched count again" : "revocations are refused");
  } else if (content) {
    revocations_->forget();  // nothing is in force yet that names who may vouch for them
  }
}

Result<> SignedSource::take_revocations(const std::string& bundle, const router::InForce& now) {
  auto fresh = CW_TRY(router::accept_revocations(bundle, setup_.trust, now, held_));
  if (!fresh) {
    return {};
  }
  CW_TRY(router::is_not_older(fresh->statement, memory_.floor));
  const bool counts = router::count(*fresh, now);
  journal_.write(Level::Warning, Event::Revoked,
                 fmt::format("revocations of serial {} taken: {} in the list{}",
                             fresh->statement.serial, fresh->list.revoked.size(),
                             counts ? "" : "; the netmap in force knows them already"));
  memory_.floor = router::raised(memory_.floor, fresh->statement);
  held_ = std::move(fresh);
  remember();
  const auto written = kept_.write_revocations(bundle);
  list_kept_ = static_cast<bool>(written);
  if (!written) {
    journal_.write(
        Level::Error, Event::Trouble,
        "the revocations cannot be kept for the next start: " + written.error().to_text());
  }
  listener_.curtailed();  // also where the list before held more
  if (listener_.looked) {
    listener_.looked();
  }
  return {};
}

router::Curtailment SignedSource::curtailment(Of which) const {
  router::Curtailment curtailment{.revoked = {}, .expiring = expiring_};
  const auto& of = which == Of::Offer && pending_ ? std::optional(pending_->becomes) : now_;
  if (held_ && of && router::count(*held_, *of)) {
    curtailment.revoked = held_->list;
  }
  return curtailment;
}

void SignedSource::note(std::optional<std::string>& told, std::optional<std::string> now,
                        std::string_view what) {
  if (now && !told) {
    journal_.write(Level::Warning, Event::SourceTrouble, fmt::format("{}: {}", what, *now));
  } else if (!now && told) {
    journal_.write(Level::Notice, Event::SourceHeard, what);
  }
  told = std::move(now);
}

std::optional<api::SourceStatus> SignedSource::status() const {
  api::SourceStatus status{.heard = memory_.heard,
                           .expiring_locked_out = expiring_,
                           .trouble = trouble_.value_or(""),
                           .fetches = fetches_,
                           .failed_fetches = failed_};
  if (now_ && now_->statement) {
    status.serial = now_->statement->serial;
    status.signed_at = now_->statement->time;
  }
  if (const auto* trial = on_trial()) {
    status.goes_back = trial_ends(*trial);
  }
  if (held_) {
    status.revocations = held_->statement.serial;
  }
  return status;
}

std::vector<api::Problem> SignedSource::problems() const {
  std::vector<api::Problem> problems;
  const auto add = [&](api::Severity severity, std::string text, std::string hint) {
    problems.push_back(
        {.severity = severity, .gateway = {}, .text = std::move(text), .hint = std::move(hint)});
  };
  const auto since =
      memory_.heard ? fmt::format(", last heard {}", to_rfc3339(*memory_.heard)) : std::string();
  if (trouble_) {
    add(api::Severity::Warning,
        fmt::format("the network cannot be fetched{}: {}", since, *trouble_),
        "what is in force goes on; it is tried again by itself");
  }
  if (no_list_ && !trouble_) {
    add(api::Severity::Warning, "the revocations cannot be fetched: " + *no_list_,
        "those that are held still count; it is tried again by itself");
  }
  if (refused_list_) {
    add(api::Severity::Error, "revocations are refused: " + *refused_list_,
        "sign them with a key that the network's `signers` or `revokers` name; until then "
        "`causeway revoke PEER` on this router works");
  }
  if (refused_sibling_) {
    add(api::Severity::Warning,
        "a netmap that a sibling handed over is not taken: " + *refused_sibling_,
        "compare `trusted_keys` and `network_id` in router.toml on the gateway's routers");
  }
  if (refused_sibling_list_) {
    add(api::Severity::Warning,
        "revocations that a sibling handed over are not taken: " + *refused_sibling_list_,
        "compare `trusted_keys` and `network_id` in router.toml on the gateway's routers");
  }
  if (expiring_) {
    add(api::Severity::Error,
        fmt::format("peers with an expiry are locked out: the source was not heard within "
                    "`max_age`{}",
                    since),
        "see to the source, or raise `max_age` in router.toml and restart");
  }
  if (const auto* trial = on_trial()) {
    add(api::Severity::Note,
        fmt::format("the netmap of serial {} is on trial until {}", trial->serial,
                    to_rfc3339(trial_ends(*trial))),
        "`causeway netmap confirm` keeps it");
  }
  if (not_remembered_) {
    add(api::Severity::Error,
        "what was taken and given up cannot be written down: " + *not_remembered_,
        "see to the folder; it is tried again by itself. After a restart until then, this router "
        "may take again what it gave up");
  }
  if (cannot_go_back() && now_ && now_->statement) {
    add(api::Severity::Warning,
        fmt::format("the netmap of serial {} was published on trial, and stays: this router has "
                    "none to go back to",
                    now_->statement->serial),
        "`causeway netmap confirm` says that it is meant to stay, within its time; afterwards "
        "publish again");
  }
  return problems;
}

}  // namespace cw::agent
