// SPDX-License-Identifier: Apache-2.0
#include "router/agent/report.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include <fmt/format.h>

#include "firewall/ruleset/tally.h"
#include "router/plan/desired.h"
#include "router/plan/rotation.h"

namespace cw::agent {

namespace {

using api::Problem;
using api::Severity;

// One cause rarely has more faces; the journal has them all.
constexpr std::size_t kMostProblems = 20;

using PeersByKey = std::map<net::PublicKey, const network::Peer*>;

// What a person can do about an error, where its kind alone says it.
std::string hint_for(const Error& error) {
  if (error.os == EADDRINUSE) {
    return "another program has this UDP port (`ss -ulpn` shows it): stop it, or give the gateway "
           "another listen_port; it is tried again by itself";
  }
  switch (error.kind) {
    case ErrorKind::Permission:
      return "the agent needs CAP_NET_ADMIN: run it as root or by its systemd unit";
    case ErrorKind::Unsupported:
      return "";
    case ErrorKind::Exhausted:
      return "free some space or memory; it is tried again by itself";
    case ErrorKind::Bug:
      return "please report this";
    default:
      return "";
  }
}

Problem problem(Severity severity, std::string text, std::string hint = "",
                std::string gateway = "") {
  return {.severity = severity,
          .gateway = std::move(gateway),
          .text = std::move(text),
          .hint = std::move(hint)};
}

std::string text_of(const netlink::HostPrefix& there) {
  const auto device = there.device.empty() ? std::string("several devices") : there.device;
  return there.route
             ? fmt::format("{}, to which this host has a route by {}", there.prefix.to_text(),
                           device)
             : fmt::format("{}, an address of {}", there.prefix.address().to_text(), device);
}

Problem problem_of(const router::Overlap& overlap, std::size_t more) {
  const auto what =
      fmt::format("{} overlaps {}{}", overlap.ours.to_text(), text_of(overlap.theirs),
                  more == 0 ? std::string() : fmt::format(", and {} more of the host's", more));
  if (overlap.in_force) {
    return problem(Severity::Warning,
                   what +
                       ", which came later: it serves its peers, and this host reaches only "
                       "them there",
                   "give the network another pool, or the gateway another block; after the next "
                   "boot the gateway is left out if the host's is there first",
                   overlap.gateway);
  }
  return problem(Severity::Error, what + ": the gateway is left out, so as not to cut that off",
                 "give the network another pool, or the gateway another block, that the host does "
                 "not use; or remove the host's, and the gateway comes by itself",
                 overlap.gateway);
}

api::Via6Status via6_of(const Translated& translated) {
  api::Via6Status made{.prefix = translated.prefix.to_text(),
                       .counted = translated.counters.has_value()};
  for (std::size_t i = 0; made.counted && i < via6::kOutcomes; ++i) {
    made.packets.push_back({.outcome = std::string(via6::name(i)),
                            .meaning = std::string(via6::meaning(i)),
                            .from_peers = translated.counters->from_tunnel.at(i),
                            .to_peers = translated.counters->to_tunnel.at(i)});
  }
  return made;
}

class Report {
 public:
  explicit Report(const ReportInput& input) : input_(input) {
    status_.now = input.now;
    if (input_.netmap != nullptr) {
      for (const auto& peer : input_.netmap->peers) {
        by_key_.emplace(peer.public_key, &peer);
      }
    }
  }

  api::Status make() && {
    status_.phase = phase();
    if (input_.netmap != nullptr && !input_.down) {
      add_gateways();
      add_rules();
    }
    add_problems();
    std::ranges::sort(status_.peers, {}, [](const api::PeerStatus& peer) {
      return std::tie(peer.name, peer.gateway, peer.public_key);
    });
    return std::move(status_);
  }

 private:
  [[nodiscard]] api::Phase phase() const {
    if (input_.down) {
      return api::Phase::Down;
    }
    if (input_.netmap == nullptr) {
      return api::Phase::Waiting;
    }
    return input_.round->settled ? api::Phase::Running : api::Phase::Retrying;
  }

  void add_gateways() {
    const auto site =
        std::ranges::find(input_.netmap->sites, input_.host->site, &network::Site::name);
    if (site == input_.netmap->sites.end()) {
      return;
    }
    for (const auto& gateway : site->gateways) {
      if (std::ranges::binary_search(gateway.routers, input_.host->router)) {
        add_gateway(gateway);
      }
    }
    if (status_.gateways.empty()) {
      status_.problems.push_back(problem(
          Severity::Note, fmt::format("router '{}' serves no gateway", input_.host->router),
          fmt::format("name it in `routers` of a [[gateway]] in sites/{}.toml", site->name)));
    }
  }

  void add_gateway(const network::Gateway& gateway) {
    api::GatewayStatus entry{.name = gateway.name,
                             .device = router::device_name(gateway.name),
                             .public_key = gateway.public_key.to_text(),
                             .listen_port = gateway.listen_port};
    const auto& devices = input_.devices->items;
    const auto device = std::ranges::find(devices, entry.device, &netlink::WgDevice::name);
    if (device != devices.end()) {
      entry.present = true;
      entry.peers = device->peers.size();
      for (const auto& peer : device->peers) {
        const bool active = add_peer(gateway, device->name, peer);
        entry.active += active ? 1 : 0;
      }
    }
    if (gateway.replaces) {
      add_replacement(gateway, *gateway.replaces, entry);
    }
    const auto translated = std::ranges::find(input_.translated, entry.device, &Translated::device);
    if (translated != input_.translated.end()) {
      entry.via6 = via6_of(*translated);
    }
    status_.gateways.push_back(std::move(entry));
  }

  void add_replacement(const network::Gateway& gateway, const std::string& replaced,
                       api::GatewayStatus& entry) {
    entry.replaces = replaced;
    entry.moved =
        router::moved(
            {{.before = router::device_name(replaced), .after = router::device_name(gateway.name)}},
            input_.devices->items)
            .size();
    status_.problems.push_back(problem(
        Severity::Note,
        fmt::format("gateway '{}' replaces '{}': {} of {} peers have moved", entry.name,
                    entry.replaces, entry.moved, entry.peers),
        fmt::format("give the others their new configuration; then `causeway gateway retire {}`",
                    entry.replaces),
        entry.name));
  }

  bool add_peer(const network::Gateway& gateway, const std::string& device,
                const netlink::WgPeer& peer) {
    api::PeerStatus entry{.gateway = gateway.name,
                          .public_key = peer.key.to_text(),
                          .received_bytes = peer.received_bytes,
                          .sent_bytes = peer.sent_bytes};
    if (const auto known = by_key_.find(peer.key); known != by_key_.end()) {
      entry.name = known->second->name;
      entry.address = known->second->address.to_text();
    }
    if (peer.endpoint) {
      entry.endpoint = peer.endpoint->to_text();
    }
    if (peer.last_handshake) {
      entry.last_handshake = std::chrono::floor<std::chrono::seconds>(*peer.last_handshake);
      entry.active = input_.now - *peer.last_handshake < api::kActiveFor;
    }
    entry.flapping = input_.history->flapping(device, peer.key);
    if (entry.flapping) {
      add_flapping(entry);
    }
    status_.peers.push_back(std::move(entry));
    return status_.peers.back().active;
  }

  void add_flapping(const api::PeerStatus& peer) {
    status_.problems.push_back(problem(
        Severity::Warning,
        fmt::format("the key of peer '{}' is used on two devices at once; both lose packets",
                    peer.name),
        "give each device a key and a peers/NAME.toml of its own", peer.gateway));
  }

  void add_rules() {
    std::unordered_map<std::string_view, std::uint64_t> counted;
    for (const auto& counter : input_.counters) {
      counted.emplace(counter.name, counter.packets);
    }
    if (const auto refused = counted.find(firewall::kRefusedCounter); refused != counted.end()) {
      status_.refused_packets = refused->second;
    }
    if (!input_.netmap->policy) {
      return;
    }
    // A rule without a counter is one that the kernel is still to learn of.
    for (const auto& rule : input_.netmap->policy->rules) {
      api::RuleStatus entry{.name = rule.name};
      for (const auto counts : {firewall::Counts::All, firewall::Counts::Part}) {
        const auto found = counted.find(firewall::counter_name(rule.name, counts));
        if (found != counted.end()) {
          entry.connections = found->second;
          entry.partly = counts == firewall::Counts::Part;
        }
      }
      status_.rules.push_back(std::move(entry));
    }
  }

  void add_problems() {
    std::ranges::move(problems_of(*input_.round), std::back_inserter(status_.problems));
    for (const auto& chain : input_.foreign_chains) {
      if (chain.policy_drop || chain.last_rule_drops) {
        status_.problems.push_back(problem(
            Severity::Warning,
            fmt::format("chain {} in table {} {} ({} hook) drops {}, which may be our traffic",
                        chain.name, chain.family, chain.table, chain.hook,
                        chain.policy_drop ? "what it does not know"
                                          : "by its last rule what none before it has taken"),
            chain.hook == "input"
                ? "let the gateways' UDP ports in there"
                : "let packets from and to cw-* devices pass there (iifname and oifname)"));
      }
    }
    std::ranges::copy(input_.standing, std::back_inserter(status_.problems));
    if (input_.netmap != nullptr && !input_.netmap->policy && !input_.down) {
      status_.problems.push_back(
          problem(Severity::Note,
                  "no policy: every peer may reach every route of the sites that it may use"));
    }
    sort_by_severity(status_.problems);
  }

  const ReportInput& input_;
  PeersByKey by_key_;
  api::Status status_;
};

}  // namespace

std::vector<api::Problem> problems_of(const Round& round) {
  std::vector<Problem> problems;
  for (const auto& error : round.errors) {
    problems.push_back(problem(Severity::Error, error.to_text(), hint_for(error)));
  }
  for (const auto& step : round.failed) {
    if (problems.size() >= kMostProblems) {
      problems.push_back(
          problem(Severity::Error, fmt::format("{} steps failed in all", round.failed.size())));
      break;
    }
    problems.push_back(problem(Severity::Error,
                               fmt::format("{}: {}", step.line, step.error.to_text()),
                               hint_for(step.error)));
  }
  for (const auto& line : round.left) {
    if (problems.size() >= kMostProblems) {
      break;
    }
    problems.push_back(problem(Severity::Error,
                               fmt::format("{}: done, but the kernel does not show it", line),
                               "another program may be undoing it"));
  }
  return problems;
}

std::vector<api::Problem> problems_of(const std::vector<router::Overlap>& overlaps) {
  std::vector<Problem> problems;
  for (auto first = overlaps.begin(); first != overlaps.end();) {
    const auto last = std::find_if(first, overlaps.end(), [&](const router::Overlap& other) {
      return other.gateway != first->gateway || other.ours != first->ours;
    });
    problems.push_back(
        problem_of(*first, static_cast<std::size_t>(std::distance(first, last)) - 1));
    first = last;
  }
  return problems;
}

void sort_by_severity(std::vector<api::Problem>& problems) {
  std::ranges::stable_sort(problems, std::ranges::greater{}, &Problem::severity);
}

api::Status report(const ReportInput& input) {
  return Report(input).make();
}

}  // namespace cw::agent
