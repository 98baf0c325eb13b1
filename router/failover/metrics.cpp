// SPDX-License-Identifier: Apache-2.0
#include "router/failover/metrics.h"

#include <algorithm>
#include <charconv>

#include "ha/values.h"
#include "router/agent/metrics_text.h"

namespace cw::failover {

namespace {

using agent::label;
using agent::MetricsText;
using Gateway = api::SharedGateway;

constexpr double kMilli = 1000.0;

std::string of(const Gateway& gateway) {
  return label("gateway", gateway.name);
}

template <class Value>
void per_gateway(MetricsText& out, const api::FailoverStatus& status, Value value) {
  for (const auto& gateway : status.gateways) {
    out.sample(of(gateway), value(gateway));
  }
}

// "7", or "7+" of a successor without the arbiter: the term.
std::uint64_t term_of(const std::string& epoch) {
  std::uint64_t term = 0;
  (void)std::from_chars(epoch.data(), epoch.data() + epoch.size(), term);
  return term;
}

void write_router(MetricsText& out, const api::FailoverStatus& status) {
  out.family("causeway_failover_info", "gauge", "Version and router.");
  out.sample(label("version", status.version) + "," + label("router", status.router), 1);
  out.family("causeway_failover_start_time_seconds", "gauge", "When the process started.");
  out.sample("", status.started.time_since_epoch().count());
  out.family("causeway_failover_draining", "gauge", "1 while this router takes nothing.");
  out.sample("", status.draining || status.leaving ? 1 : 0);
  out.family("causeway_failover_clock_synchronised", "gauge", "1 while something keeps the clock.");
  out.sample("", status.synchronised ? 1 : 0);
  out.family("causeway_failover_pauses_total", "counter", "Times the process had not run.");
  out.sample("", status.pauses);
  out.family("causeway_failover_refused_datagrams_total", "counter",
             "Strangers', or about gateways that this router does not share.");
  out.sample("", status.refused_datagrams);
  out.family("causeway_failover_problems", "gauge", "What `causeway ha status` lists as problems.");
  out.sample("", status.problems.size());
  out.family("causeway_failover_target_reached", "gauge",
             "1 for a health target of the site that this router reaches.");
  for (const auto& target : status.targets) {
    if (target.tried) {
      out.sample(label("target", target.target), target.reached ? 1 : 0);
    }
  }
}

void write_ownership(MetricsText& out, const api::FailoverStatus& status) {
  out.family("causeway_failover_role", "gauge", "1 for this router's role at the gateway.");
  for (const auto& gateway : status.gateways) {
    for (const auto role : ha::kRoles) {
      const auto name = ha::to_text(role);
      out.sample(of(gateway) + "," + label("role", name), gateway.role == name ? 1 : 0);
    }
  }
  out.family("causeway_failover_fitness", "gauge", "1 for how fit this router is to serve it.");
  for (const auto& gateway : status.gateways) {
    for (const auto fitness : {ha::Fitness::Fit, ha::Fitness::Poor, ha::Fitness::Unfit}) {
      const auto name = ha::to_text(fitness);
      out.sample(of(gateway) + "," + label("fitness", name), gateway.fitness == name ? 1 : 0);
    }
  }
  out.family("causeway_failover_epoch", "gauge", "The latest term that anybody owned it by.");
  per_gateway(out, status, [](const Gateway& g) { return term_of(g.epoch); });
  out.family("causeway_failover_gate_open", "gauge", "1 while this router answers its peers.");
  per_gateway(out, status, [](const Gateway& g) { return g.gate_open ? 1 : 0; });
  out.family("causeway_failover_takeovers_total", "counter",
             "Changes of owner that this process saw, by why.");
  for (const auto& gateway : status.gateways) {
    for (const auto& [why, count] : gateway.changes) {
      out.sample(of(gateway) + "," + label("why", why), count);
    }
  }
  out.family("causeway_failover_takeover_seconds", "gauge",
             "The latest takeover by this router, from the claim to the open gate.");
  for (const auto& gateway : status.gateways) {
    const auto own = std::ranges::find_if(
        gateway.takeovers, [](const auto& each) { return each.took_ms.has_value(); });
    if (own != gateway.takeovers.end()) {
      out.sample(of(gateway), static_cast<double>(own->took_ms.value_or(0)) / kMilli);
    }
  }
}

template <class Value>
void per_sibling(MetricsText& out, const api::FailoverStatus& status, Value value) {
  for (const auto& gateway : status.gateways) {
    for (const auto& sibling : gateway.siblings) {
      if (const auto number = value(sibling)) {
        out.sample(of(gateway) + "," + label("sibling", sibling.router), *number);
      }
    }
  }
}

void write_siblings(MetricsText& out, const api::FailoverStatus& status) {
  using Sibling = api::SiblingStatus;
  out.family("causeway_failover_sibling_up", "gauge", "1 for a sibling that is heard.");
  per_sibling(out, status, [](const Sibling& s) { return std::optional(s.heard ? 1 : 0); });
  out.family("causeway_failover_sibling_heard_seconds", "gauge",
             "Since the sibling's last heartbeat.");
  per_sibling(out, status, [](const Sibling& s) {
    return s.heard_ms ? std::optional(static_cast<double>(*s.heard_ms) / kMilli) : std::nullopt;
  });
  out.family("causeway_failover_sibling_targets_missed", "gauge",
             "Health targets that the sibling says it does not reach.");
  per_sibling(out, status, [](const Sibling& s) { return std::optional(s.out_of_reach.size()); });
}

void write_replication(MetricsText& out, const api::FailoverStatus& status) {
  out.family("causeway_failover_peers_known", "gauge",
             "Peers that a takeover would ask to go on here.");
  per_gateway(out, status, [](const Gateway& g) { return g.peers_known; });
  out.family("causeway_failover_replicated_seconds", "gauge",
             "Since the owner last told where its peers are.");
  for (const auto& gateway : status.gateways) {
    if (gateway.replicated_ms) {
      out.sample(of(gateway), static_cast<double>(*gateway.replicated_ms) / kMilli);
    }
  }
  out.family("causeway_failover_connections", "gauge",
             "Connections through it that siblings know.");
  for (const auto& gateway : status.gateways) {
    if (gateway.connections) {
      out.sample(of(gateway), *gateway.connections);
    }
  }
  out.family("causeway_failover_connections_go_on", "gauge",
             "1 where they go on at a takeover; else their clients are reset.");
  per_gateway(out, status, [](const Gateway& g) { return g.connections_go_on ? 1 : 0; });
  out.family("causeway_failover_connections_complete", "gauge",
             "1 on a standby that has all connections of the owner.");
  per_gateway(out, status, [](const Gateway& g) { return g.connections_complete ? 1 : 0; });
}

}  // namespace

std::string to_metrics(const api::FailoverStatus& status) {
  MetricsText out;
  write_router(out, status);
  write_ownership(out, status);
  write_siblings(out, status);
  write_replication(out, status);
  return std::move(out).take();
}

}  // namespace cw::failover
