// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "firewall/ruleset/filter.h"
#include "firewall/ruleset/ruleset.h"
#include "firewall/ruleset/tally.h"
#include "firewall/ruleset/writer.h"

// The part of the table that follows from the policy: for each set of rights, and for what comes
// from the site, a chain that jumps to another, which has the sets of what is let through and the
// map of what that counts for. Pure.
namespace cw::firewall {

// The chain of what the site may open; no peer's rights are named so.
inline constexpr auto kFromSite = "from_site";

// With what the names of chains that have such sets begin, and no other chain's.
inline constexpr std::string_view kRightsPrefix = "v_";

// "10.0.1.5", "10.0.0.0/16".
[[nodiscard]] std::string text_of(const net::Prefix& prefix);

// Thousands of texts that begin alike: 16 bytes after that nearly always tell them apart, and are
// compared as two numbers.
void sort_addresses(std::vector<std::string>& texts);

// Declares the chain and its sets.
void write_rights(Writer& out, const std::string& name);

[[nodiscard]] std::vector<std::string> sets_of_rights(const std::string& name, bool ipv6);
[[nodiscard]] std::vector<std::string> maps_of_rights(const std::string& name, bool ipv6);
// The chain whose set or map it is, if it is any's.
[[nodiscard]] std::string rights_of_set(const std::string& set);

class RightsChains {
 public:
  // `rights` are the filter's, and both outlive this.
  RightsChains(const Filter& filter, const std::vector<Rights>& rights);

  // Counters, rights and jumps, and the sets of the rights in no order.
  void add_to(Contents& contents) const;

 private:
  struct Chain {
    std::string name;
    const std::vector<Grant>* grants = nullptr;
    RuleBoxes boxes4;
    RuleBoxes boxes6;
  };

  void add_chain(const std::string& name, const std::vector<Grant>& grants);
  void add_rights(const Chain& chain, Contents& contents) const;

  const Filter& filter_;
  std::string form_;  // of every chain with rights
  std::vector<Chain> chains_;
  std::vector<std::string> counters_;  // of Filter::rules, in their order
};

}  // namespace cw::firewall
