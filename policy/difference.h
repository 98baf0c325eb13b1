// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "policy/world.h"

// What a change of a network means for people: who gains and who loses what. It compares what is
// allowed, not how it is written: a rule that is split in two, or a group that is renamed, is no
// difference. Pure. Cost: every peer against every rule.
namespace cw::policy {

// Those for whom the same changes: names of peers, or one "site:NAME".
struct Difference {
  std::vector<std::string> who;
  std::vector<std::string> gains;  // "tcp/5432 on 10.0.1.5 at prod", "icmp on peer:bob"
  std::vector<std::string> loses;

  friend bool operator==(const Difference&, const Difference&) = default;
};

// Of rules in force at `now`. Empty: nothing changes for anybody.
[[nodiscard]] std::vector<Difference> difference(const World& before, const World& after,
                                                 WallTime now);

// A paragraph each: "alice-laptop and bob-phone\n  + tcp/5432 on ...\n  - icmp on ...\n".
[[nodiscard]] std::string to_text(const std::vector<Difference>& differences);

}  // namespace cw::policy
