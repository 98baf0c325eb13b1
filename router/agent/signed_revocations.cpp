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
  if (answer->content && now_) {
    take_revocations(*answer->content);
  } else if (answer->content) {
    revocations_->forget();  // nobody is in force yet who could vouch for them
  }
}

void SignedSource::take_revocations(const std::string& bundle) {
  auto accepted = router::accept_revocations(bundle, setup_.trust, *now_, held_);
  if (!accepted) {
    note(refused_list_, accepted.error().to_text(), "revocations are refused");
    return;
  }
  note(refused_list_, std::nullopt, "the revocations that are fetched count again");
  if (!*accepted) {
    return;
  }
  held_ = std::move(*accepted);
  const bool counts = router::count(*held_, *now_);
  journal_.write(Level::Warning, Event::Revoked,
                 fmt::format("revocations of serial {} taken: {} in the list{}",
                             held_->statement.serial, held_->list.revoked.size(),
                             counts ? "" : "; the netmap in force knows them already"));
  if (const auto written = kept_.write_revocations(bundle); !written) {
    journal_.write(
        Level::Error, Event::Trouble,
        "the revocations cannot be kept for the next start: " + written.error().to_text());
  }
  if (counts) {
    listener_.curtailed();
  }
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
  if (provisional_) {
    status.goes_back = router::goes_back_at(*now_->statement, taken_);
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
  if (expiring_) {
    add(api::Severity::Error,
        fmt::format("peers with an expiry are locked out: the source was not heard within "
                    "`max_age`{}",
                    since),
        "see to the source, or raise `max_age` in router.toml and restart");
  }
  if (provisional_) {
    add(api::Severity::Note,
        fmt::format("the netmap of serial {} is on trial until {}", now_->statement->serial,
                    to_rfc3339(*router::goes_back_at(*now_->statement, taken_))),
        "`causeway netmap confirm` keeps it");
  }
  return problems;
}

}  // namespace cw::agent
