// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "firewall/ruleset/sink.h"
#include "network/netmap.h"
#include "router/agent/peer_events.h"
#include "router/agent/reconcile.h"
#include "router/api/status.h"
#include "via6/counters.h"

// A status from what the agent holds. Pure; linear in the peers.
namespace cw::agent {

// Of a device that the kernel translates on.
struct Translated {
  std::string device;
  net::Prefix prefix;                      // the site's, by 4via6
  std::optional<via6::Counters> counters;  // none: nothing keeps them

  friend bool operator==(const Translated&, const Translated&) = default;
};

struct ReportInput {
  const network::Netmap* netmap = nullptr;  // none: nothing was ever taken
  const router::Host* host = nullptr;
  const router::Dump<netlink::WgDevice>* devices = nullptr;
  const Round* round = nullptr;  // the last
  const PeerHistory* history = nullptr;
  std::vector<firewall::ForeignChain> foreign_chains;
  std::vector<firewall::Counter> counters;  // of the firewall
  std::vector<Translated> translated;
  std::vector<api::Problem> standing;  // of the host and the configuration
  bool down = false;
  WallTime now{};
};

// Phase, gateways, rules, problems and peers; the rest is the caller's to fill in.
[[nodiscard]] api::Status report(const ReportInput& input);

// What a round could not do.
[[nodiscard]] std::vector<api::Problem> problems_of(const Round& round);

// What the host uses already, one problem for each prefix of ours.
[[nodiscard]] std::vector<api::Problem> problems_of(const std::vector<router::Overlap>& overlaps);

// Worst first, otherwise as they came.
void sort_by_severity(std::vector<api::Problem>& problems);

}  // namespace cw::agent
