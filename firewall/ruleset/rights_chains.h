// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "firewall/ruleset/filter.h"
#include "firewall/ruleset/ruleset.h"
#include "firewall/ruleset/tally.h"
#include "firewall/ruleset/writer.h"

// The part of the table that follows from the policy: a chain for each set of rights and one for
// what comes from the site, with the sets of what they let through and the map of what that counts
// for. Pure.
namespace cw::firewall {

// Chain and sets of what the site may open; no peer's rights are named so.
inline constexpr auto kFromSite = "from_site";

// "10.0.1.5", "10.0.0.0/16".
[[nodiscard]] std::string text_of(const net::Prefix& prefix);

class RightsChains {
 public:
  // `rights` are the filter's, and both outlive this.
  RightsChains(const Filter& filter, const std::vector<Rights>& rights);

  void write(Writer& out) const;
  void add_contents(std::vector<SetContent>& sets) const;

 private:
  struct Chain {
    std::string name;
    const std::vector<Grant>* grants = nullptr;
    RuleBoxes boxes4;
    RuleBoxes boxes6;
  };

  void add_chain(const std::string& name, const std::vector<Grant>& grants);

  const Filter& filter_;
  std::vector<Chain> chains_;
  std::vector<std::string> counters_;  // of Filter::rules, in their order
};

}  // namespace cw::firewall
