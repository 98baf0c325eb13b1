// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "firewall/ruleset/rights.h"
#include "net/range.h"

// For which rule a new connection counts: the first, in the order in which they are written, that
// allows it, as `causeway policy explain` says. It is kept beside what lets packets pass, so that a
// mistake here miscounts and opens nothing. Pure.
namespace cw::firewall {

// The kernel's counter of what policy refuses, and what a tunnel may not send to the router itself.
inline constexpr auto kRefusedCounter = "refused";

// The kernel's counter of a rule, by the rule's name: the same for the same, another one for
// another. `Part` says in the kernel itself that it misses some (RuleBoxes::left_out_from).
enum class Counts : std::uint8_t { All, Part };
[[nodiscard]] std::string counter_name(const std::string& rule, Counts counts);

// Every new connection in it counts for this rule.
struct RuleBox {
  net::Range to;
  std::uint8_t first_protocol = 0;
  std::uint8_t last_protocol = 255;
  std::uint16_t first_port = 0;  // whatever stands there, where a protocol has no ports
  std::uint16_t last_port = 65535;
  std::uint32_t rule = 0;

  friend auto operator<=>(const RuleBox&, const RuleBox&) = default;
};

// No two boxes overlap: nft refuses it, and a connection counts once.
struct RuleBoxes {
  std::vector<RuleBox> boxes;
  // What this rule and later ones allow is in no box: there would have been too many.
  std::optional<std::uint32_t> left_out_from;

  friend bool operator==(const RuleBoxes&, const RuleBoxes&) = default;
};

// Of one chain and family. A wide rule behind narrow ones is cut in pieces, some four for each
// narrow one; this is room for a thousand of them. More cost the kernel's memory for each chain,
// and it copies the set at each change.
inline constexpr std::size_t kMostBoxes = 4096;

// Log-linear in the grants and in the boxes.
[[nodiscard]] RuleBoxes rule_boxes(const std::vector<Grant>& grants, net::Family family,
                                   std::size_t most = kMostBoxes);

}  // namespace cw::firewall
