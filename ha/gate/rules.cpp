// SPDX-License-Identifier: Apache-2.0
#include "ha/gate/rules.h"

#include <algorithm>

#include <netinet/in.h>

namespace cw::ha::gate {

namespace {

using netlink::Mark;
using netlink::Rule;
using netlink::RuleAction;

bool is_open_elsewhere(const net::Prefix& block, const std::vector<Wanted>& gateways) {
  return std::ranges::any_of(gateways, [&](const Wanted& each) {
    return each.open && std::ranges::any_of(each.gateway.blocks, [&](const net::Prefix& other) {
             return other.overlaps(block);
           });
  });
}

}  // namespace

std::vector<Rule> closing_rules(const Numbers& numbers) {
  std::vector<Rule> rules;
  for (const auto family : {net::Family::V4, net::Family::V6}) {
    rules.push_back({.family = family,
                     .priority = numbers.priority_closed,
                     .mark = Mark{.value = numbers.mark_closed, .mask = numbers.mark_mask},
                     .action = RuleAction::Blackhole});
  }
  return rules;
}

std::vector<Rule> rules_of(const Numbers& numbers, const std::vector<Wanted>& gateways) {
  std::vector<Rule> rules;
  for (const auto& each : gateways) {
    if (!each.open) {
      for (const auto& block : each.gateway.blocks) {
        if (!is_open_elsewhere(block, gateways)) {
          rules.push_back({.family = block.family(),
                           .priority = numbers.priority_block,
                           .destination = block,
                           .action = RuleAction::Unreachable,
                           .gate_protocol = numbers.ownership.gate_protocol});
        }
      }
      continue;
    }
    // The kernel's WireGuard names its port when it asks for a route (send4(), send6() in
    // drivers/net/wireguard/socket.c), and nothing else here has the mark and the port.
    for (const auto family : each.sources) {
      rules.push_back({.family = family,
                       .priority = numbers.priority_source,
                       .mark = Mark{.value = numbers.mark_open, .mask = numbers.mark_mask},
                       .action = RuleAction::Lookup,
                       .table = each.table,
                       .gate_protocol = numbers.ownership.gate_protocol,
                       .ip_protocol = IPPROTO_UDP,
                       .source_port = each.gateway.listen_port});
    }
  }
  std::ranges::sort(rules);
  const auto repeated = std::ranges::unique(rules);  // two closed ones with one block
  rules.erase(repeated.begin(), repeated.end());
  return rules;
}

}  // namespace cw::ha::gate
