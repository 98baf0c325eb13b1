// SPDX-License-Identifier: Apache-2.0
#include "router/agent/metrics.h"

#include <array>
#include <map>

#include <fmt/format.h>

#include "router/agent/metrics_text.h"

namespace cw::agent {

namespace {

struct Traffic {
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
};

std::string gateway_label(std::string_view name) {
  return label("gateway", name);
}

template <class Value>
void per_gateway(MetricsText& out, const api::Status& status, Value value) {
  for (const auto& gateway : status.gateways) {
    out.sample(gateway_label(gateway.name), value(gateway));
  }
}

void write_gateways(MetricsText& out, const api::Status& status) {
  std::map<std::string_view, Traffic> traffic;
  for (const auto& peer : status.peers) {
    traffic[peer.gateway].received += peer.received_bytes;
    traffic[peer.gateway].sent += peer.sent_bytes;
  }
  out.family("causeway_gateway_up", "gauge", "1 if the kernel has the gateway's device.");
  per_gateway(out, status, [](const auto& g) { return g.present ? 1 : 0; });
  out.family("causeway_gateway_peers", "gauge", "Peers configured on the gateway.");
  per_gateway(out, status, [](const auto& g) { return g.peers; });
  out.family("causeway_gateway_peers_active", "gauge",
             "Peers with a handshake in the last 180 seconds.");
  per_gateway(out, status, [](const auto& g) { return g.active; });
  // Sums over the peers there are now: they fall when a peer goes, hence gauges.
  out.family("causeway_gateway_received_bytes", "gauge", "Received from the peers there are.");
  per_gateway(out, status, [&](const auto& g) { return traffic[g.name].received; });
  out.family("causeway_gateway_sent_bytes", "gauge", "Sent to the peers there are.");
  per_gateway(out, status, [&](const auto& g) { return traffic[g.name].sent; });
  out.family("causeway_peer_flapping", "gauge", "1 for a key that is used on two devices.");
  for (const auto& peer : status.peers) {
    if (peer.flapping) {
      out.sample(gateway_label(peer.gateway) + "," + label("peer", peer.name), 1);
    }
  }
}

void write_via6(MetricsText& out, const api::Status& status) {
  out.family("causeway_via6_packets_total", "counter",
             "Packets of 4via6 by what became of them; a GSO packet counts once.");
  for (const auto& gateway : status.gateways) {
    if (!gateway.via6) {
      continue;
    }
    for (const auto& packets : gateway.via6->packets) {
      const auto sample = [&](std::string_view direction, std::uint64_t count) {
        out.sample(fmt::format("{},direction=\"{}\",outcome=\"{}\"", gateway_label(gateway.name),
                               direction, packets.outcome),
                   count);
      };
      sample("from_peers", packets.from_peers);
      sample("to_peers", packets.to_peers);
    }
  }
}

void write_problems(MetricsText& out, const api::Status& status) {
  out.family("causeway_problems", "gauge", "What `causeway status` lists as problems.");
  for (const auto severity : {api::Severity::Error, api::Severity::Warning, api::Severity::Note}) {
    std::uint64_t count = 0;
    for (const auto& problem : status.problems) {
      count += problem.severity == severity ? 1 : 0;
    }
    out.sample(fmt::format("severity=\"{}\"", to_text(severity)), count);
  }
}

void write_rules(MetricsText& out, const api::Status& status) {
  out.family("causeway_rule_connections_total", "counter",
             "New connections that the rule allowed.");
  for (const auto& rule : status.rules) {
    out.sample(label("rule", rule.name), rule.connections);
  }
  if (status.refused_packets) {
    out.family("causeway_refused_packets_total", "counter", "Packets refused.");
    out.sample("", *status.refused_packets);
  }
}

void write_network(MetricsText& out, const api::Status& status) {
  out.family("causeway_network_refused", "gauge",
             "1 if the latest network was refused and an older one is in force.");
  out.sample("", status.refused ? 1 : 0);
  if (status.network) {
    out.family("causeway_network_taken_timestamp_seconds", "gauge",
               "When the network in force was taken.");
    out.sample("", status.network->taken.time_since_epoch().count());
  }
}

void write_source(MetricsText& out, const api::Status& status) {
  out.family("causeway_peers_revoked", "gauge", "Peers locked out by revocation alone.");
  out.sample("", status.revoked.size());
  if (!status.signed_source) {
    return;
  }
  const auto& source = *status.signed_source;
  if (source.serial) {
    out.family("causeway_network_serial", "gauge", "Serial of the netmap in force.");
    out.sample("", *source.serial);
  }
  if (source.heard) {
    out.family("causeway_network_age_seconds", "gauge",
               "Since the source last had the netmap in force, or a newer one.");
    out.sample("", (status.now - *source.heard).count());
  }
  out.family("causeway_network_on_trial", "gauge", "1 while the netmap in force needs confirming.");
  out.sample("", source.goes_back ? 1 : 0);
  out.family("causeway_network_expiring_locked_out", "gauge",
             "1 while peers with an expiry are out because of max_age.");
  out.sample("", source.expiring_locked_out ? 1 : 0);
  out.family("causeway_revocations_serial", "gauge", "Serial of the revocations that are held.");
  out.sample("", source.revocations);
  out.family("causeway_fetches_total", "counter", "Looks at the source of the netmap.");
  out.sample("", source.fetches);
  out.family("causeway_fetches_failed_total", "counter", "Looks that failed.");
  out.sample("", source.failed_fetches);
}

}  // namespace

std::string to_metrics(const api::Status& status) {
  MetricsText out;
  out.family("causeway_info", "gauge", "The agent's version and place.");
  out.sample(label("version", status.version) + "," + label("router", status.router) + "," +
                 label("site", status.site),
             1);
  out.family("causeway_start_time_seconds", "gauge", "When the agent started.");
  out.sample("", status.started.time_since_epoch().count());
  out.family("causeway_phase", "gauge", "1 for the phase the agent is in.");
  for (const auto phase :
       {api::Phase::Running, api::Phase::Retrying, api::Phase::Waiting, api::Phase::Down}) {
    out.sample(fmt::format("phase=\"{}\"", to_text(phase)), status.phase == phase ? 1 : 0);
  }
  write_network(out, status);
  write_source(out, status);
  write_problems(out, status);
  out.family("causeway_reconciliations_total", "counter", "Comparisons with the kernel.");
  out.sample("", status.counters.rounds);
  out.family("causeway_steps_total", "counter", "Changes made to the kernel.");
  out.sample("", status.counters.steps);
  out.family("causeway_steps_failed_total", "counter", "Changes the kernel refused.");
  out.sample("", status.counters.failed_steps);
  out.family("causeway_networks_refused_total", "counter", "Networks refused.");
  out.sample("", status.counters.refusals);
  write_gateways(out, status);
  write_via6(out, status);
  write_rules(out, status);
  return std::move(out).take();
}

}  // namespace cw::agent
