// SPDX-License-Identifier: Apache-2.0
// What began by rules that are no longer in force ends with them (ADR 0012).
#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "firewall/ruleset/permissions.h"
#include "router/agent/reconcile.h"

namespace cw::agent {

void Reconciler::note_gone(std::vector<net::Alias> aliases) {
  std::ranges::move(aliases, std::back_inserter(gone_aliases_));
  std::ranges::sort(gone_aliases_);
  const auto repeated = std::ranges::unique(gone_aliases_);
  gone_aliases_.erase(repeated.begin(), repeated.end());
}

// Also where the step that wrote it failed behind that, and not where it could not be read.
bool Reconciler::is_in_force(const firewall::Ruleset& ruleset) {
  const auto table = sinks_.firewall.read(firewall::Depth::Digest, {});
  return table && table->digest == ruleset.digest;
}

// After the ruleset: what is forgotten before it could begin again.
void Reconciler::forget_revoked(const router::DesiredState& desired, Round& round) {
  if (revoked_.empty() || !desired.firewall || !is_in_force(*desired.firewall)) {
    return;
  }
  std::optional<firewall::Permissions> permissions;  // often nothing is tracked
  std::size_t forgotten = 0;
  for (const auto& some : revoked_) {
    const auto done = sinks_.conntrack.forget(
        {.family = some.family,
         .from = some.from,
         .to = some.to,
         .protocol = some.protocol,
         .port = some.port},
        [&](const netlink::Flow& flow) {
          if (!permissions) {
            permissions.emplace(desired.filter, gone_aliases_);
          }
          const firewall::Opening opening{.from = flow.from,
                                          .to = flow.to,
                                          .asked = flow.asked,
                                          .protocol = flow.protocol,
                                          .port = flow.port};
          return permissions->judge(opening) && !permissions->allow(opening);
        });
    if (!done) {
      // A round tries more than once.
      if (std::ranges::find(round.errors, done.error()) == round.errors.end()) {
        round.errors.push_back(done.error());
      }
      return;
    }
    forgotten += *done;
  }
  revoked_.clear();
  gone_aliases_.clear();
  if (forgotten > 0) {
    round.done.push_back(fmt::format("- {} tracked connection{} (no longer allowed)", forgotten,
                                     forgotten == 1 ? "" : "s"));
  }
}

}  // namespace cw::agent
