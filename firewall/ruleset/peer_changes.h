// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "firewall/ruleset/filter.h"

// Which of thousands of peers differ between two filters, where few do. Pure; one pass.
namespace cw::firewall {

struct PeerChanges {
  std::vector<PeerFilter> gone;  // as they were
  std::vector<PeerFilter> came;  // as they are; one that changed is in both

  friend bool operator==(const PeerChanges&, const PeerChanges&) = default;
};

// None where more differ than are quicker looked at one by one.
[[nodiscard]] std::optional<PeerChanges> peer_changes(const std::vector<PeerFilter>& before,
                                                      const std::vector<PeerFilter>& after);

}  // namespace cw::firewall
