// SPDX-License-Identifier: Apache-2.0
// What is taken away from the network in force: by revocation, and by the silence of its source.
#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "router/agent/agent.h"
#include "router/agent/report.h"

namespace cw::agent {

// As it was taken, with nothing taken away.
const network::Netmap* Agent::in_force() const {
  return whole_ ? &*whole_ : reconciler_.netmap();
}

router::Curtailment Agent::curtailment(NetworkSource::Of which) const {
  auto curtailment = source_->curtailment(which);
  for (const auto& revocation : revoked_here_.revoked) {
    curtailment.revoked = network::with(std::move(curtailment.revoked), revocation);
  }
  return curtailment;
}

// `whole`: the netmap itself, where the candidate is less than it.
Result<Candidate> Agent::prepare(network::Netmap netmap, NetworkSource::Of which,
                                 std::optional<network::Netmap>& whole) {
  const auto now = world_.clock.wall();
  const auto less = curtailment(which);
  if (less == router::Curtailment{}) {
    return reconciler_.prepare(std::move(netmap), now);
  }
  auto curtailed = router::curtailed(netmap, less);
  if (curtailed != netmap) {
    whole = std::move(netmap);
  }
  return reconciler_.prepare(std::move(curtailed), now);
}

// True: something else is wanted from the next round on.
bool Agent::curtail_anew() {
  if (in_force() == nullptr || reconciler_.is_down()) {
    return false;  // when it is up again, it is asked for then
  }
  std::optional<network::Netmap> whole;
  auto candidate = prepare(*in_force(), NetworkSource::Of::InForce, whole);
  if (!candidate) {
    world_.journal.write(Level::Error, Event::Trouble,
                         "what was revoked cannot be taken away: " + candidate.error().to_text());
    return false;
  }
  if (candidate->netmap == *reconciler_.netmap()) {
    return false;
  }
  reconciler_.take(std::move(*candidate));
  whole_ = std::move(whole);
  return true;
}

// After `causeway down`, where the source has nothing newer: with what was in force.
bool Agent::go_on() {
  if (in_force() == nullptr) {
    return false;
  }
  std::optional<network::Netmap> whole;
  auto candidate = prepare(*in_force(), NetworkSource::Of::InForce, whole);
  if (!candidate) {
    return false;
  }
  reconciler_.take(std::move(*candidate));
  whole_ = std::move(whole);
  return true;
}

// Only once nothing can bring back a network that lets them in.
void Agent::forget_needless_revocations() {
  if (revoked_here_.revoked.empty() || source_->is_provisional()) {
    return;
  }
  auto needed = router::still_needed(revoked_here_, *in_force());
  if (needed == revoked_here_) {
    return;
  }
  revoked_here_ = std::move(needed);
  if (const auto written = world_.kept.write(revoked_here_); !written) {
    world_.journal.write(Level::Warning, Event::Trouble, written.error().to_text());
  }
}

std::vector<std::string> Agent::revoked_peers() const {
  const auto* netmap = in_force();
  const auto revoked = curtailment(NetworkSource::Of::InForce).revoked;
  if (netmap == nullptr || revoked.revoked.empty()) {
    return {};
  }
  std::set<net::PublicKey> keys;
  for (const auto& revocation : revoked.revoked) {
    keys.insert(revocation.public_key);
  }
  std::vector<std::string> names;
  for (const auto& peer : netmap->peers) {
    if (peer.enabled && keys.contains(peer.public_key)) {
      names.push_back(peer.name);
    }
  }
  return names;
}

api::Answer Agent::revoke(const std::string& name) {
  const auto* netmap = in_force();
  if (netmap == nullptr) {
    return {.done = false, .text = "no network is in force, so nobody is let in"};
  }
  const auto peer = std::ranges::find(netmap->peers, name, &network::Peer::name);
  if (peer == netmap->peers.end()) {
    return {.done = false,
            .text = fmt::format("network '{}' has no peer '{}'; `causeway status --all` lists them",
                                netmap->name, name)};
  }
  if (!peer->enabled) {
    return {.text = fmt::format("peer '{}' is disabled in the network already", name)};
  }
  revoked_here_ = network::with(
      std::move(revoked_here_),
      {.peer = peer->name, .public_key = peer->public_key, .time = world_.clock.wall()});
  world_.journal.write(Level::Warning, Event::Revoked,
                       fmt::format("peer '{}' is revoked on this router, as asked", name),
                       {{.name = "CAUSEWAY_PEER", .value = name}});
  const auto kept = world_.kept.write(revoked_here_);
  const bool changed = curtail_anew();
  if (changed) {
    round(firewall::Depth::Digest);
  }
  auto text = fmt::format(
      "peer '{}' is locked out of this router until a newer network disables or removes it", name);
  auto answer = changed ? answer_for_round(std::move(text)) : api::Answer{.text = std::move(text)};
  if (!kept) {
    answer.done = false;
    answer.problems.push_back(
        {.severity = api::Severity::Error,
         .gateway = {},
         .text = "it would be let in again after a restart: " + kept.error().to_text(),
         .hint = "see to the folder, and revoke it again"});
  }
  return answer;
}

}  // namespace cw::agent
