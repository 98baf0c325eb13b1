// SPDX-License-Identifier: Apache-2.0
// Of SignedSource: what becomes of what was fetched.
#include <utility>

#include <fmt/format.h>

#include "router/agent/signed_source.h"

namespace cw::agent {

using Kind = NetworkReading::Kind;

NetworkReading SignedSource::judge(Result<fetch::Answer> answer) {
  if (!answer) {
    ++failed_;
    auto text = answer.error().to_text();
    note(trouble_, text, "the network cannot be fetched; what is in force stays");
    return {.kind = Kind::Unreachable, .netmap = std::nullopt, .text = std::move(text)};
  }
  note(trouble_, std::nullopt, "the network is fetched again");
  if (auto& content = answer->content) {
    return judge_content(std::move(*content));
  }
  if (!refusal_.empty() && clock_.wall() < judged_) {  // the clock was ahead: is a trial over?
    netmap_->forget();
    netmap_->ask_soon();
  }
  if (!refusal_.empty() || pending_) {  // it is what was not taken before
    return {.kind = Kind::Refused, .netmap = std::nullopt, .text = refusal_};
  }
  heard();
  return {.kind = Kind::AsInForce, .netmap = std::nullopt, .text = {}};
}

NetworkReading SignedSource::judge_content(std::string bundle) {
  pending_.reset();
  judged_ = clock_.wall();
  auto considered = consider(bundle, judged_);
  if (!considered) {
    auto text = fmt::format("error: {}\n", considered.error().to_text());
    refused_ = router::newer_serial(bundle, setup_.trust, now_, memory_.floor, judged_);
    if (text != std::exchange(refusal_, text)) {
      last_.reset();  // another reason is news
    }
    return {.kind = Kind::Refused, .netmap = std::nullopt, .text = std::move(text)};
  }
  refusal_.clear();
  refused_ = 0;
  heard();
  if (!*considered) {
    return {.kind = Kind::AsInForce, .netmap = std::nullopt, .text = {}};
  }
  return {.kind = Kind::Offer, .netmap = std::move(*considered), .text = {}, .decided = true};
}

Result<std::optional<network::Netmap>> SignedSource::consider(std::string& bundle, WallTime now) {
  auto accepted = CW_TRY(router::accept(bundle, setup_.trust, now_, memory_.floor, now));
  if (!accepted) {
    return std::optional<network::Netmap>();
  }
  pending_ =
      Pending{.becomes = std::move(accepted->becomes), .bundle = std::move(bundle), .taken = now};
  if (!held_) {  // where the copy of the netmap is lost, nothing vouched for them until now
    resume_revocations(pending_->becomes);
  }
  return std::optional(std::move(accepted->netmap));
}

}  // namespace cw::agent
