// SPDX-License-Identifier: Apache-2.0
#include "cli/status_view.h"

#include <algorithm>
#include <ranges>

#include <fmt/format.h>

#include "base/printable.h"

namespace cw::cli {

namespace {

using api::Severity;

Paint paint_of(api::Phase phase) {
  switch (phase) {
    case api::Phase::Running:
      return Paint::Green;
    case api::Phase::Retrying:
    case api::Phase::Waiting:
      return Paint::Red;
    case api::Phase::Down:
      return Paint::Yellow;
  }
  return Paint::Plain;
}

Paint paint_of(Severity severity) {
  switch (severity) {
    case Severity::Error:
      return Paint::Red;
    case Severity::Warning:
      return Paint::Yellow;
    case Severity::Note:
      return Paint::Dim;
  }
  return Paint::Plain;
}

std::string age_of(WallTime then, WallTime now) {
  return age((now - then).count());
}

std::string indented(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    if (end > 0) {
      result += fmt::format("  {}", text.substr(0, end));
    }
    result += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

std::string source(const api::SourceStatus& source, WallTime now) {
  std::string text = source.serial ? fmt::format("serial {}", *source.serial) : "not signed yet";
  if (source.signed_at) {
    text += fmt::format(", signed {} ago", age_of(*source.signed_at, now));
  }
  text += source.heard ? fmt::format(", source heard {} ago", age_of(*source.heard, now))
                       : std::string(", source never heard");
  if (source.goes_back) {
    text += fmt::format("; on trial for {}", age_of(now, *source.goes_back));
  }
  return text + "\n";
}

// So many are read by people; --json has all.
constexpr std::size_t kMostNames = 10;

std::string names(const std::vector<std::string>& all) {
  std::string text;
  for (const auto& name : all | std::views::take(kMostNames)) {
    text += (text.empty() ? "" : ", ") + printable(name);
  }
  if (all.size() > kMostNames) {
    text += fmt::format(" and {} more", all.size() - kMostNames);
  }
  return text;
}

std::string head(const api::Status& status, Colour colour) {
  auto text = fmt::format("router {} at site {}: {}\n", painted(status.router, Paint::Bold, colour),
                          painted(status.site, Paint::Bold, colour),
                          painted(to_text(status.phase), paint_of(status.phase), colour));
  if (status.network) {
    const auto& network = *status.network;
    text += fmt::format("network {} from {}: {}, {}, taken {} ago\n", network.name, status.source,
                        plural(network.peers, "peer"), plural(network.sites, "site"),
                        age_of(network.taken, status.now));
    text += network.rules ? fmt::format("policy of {}\n", plural(*network.rules, "rule"))
                          : std::string("no policy: every peer reaches every route of its sites\n");
  } else {
    text += fmt::format("no network in force; it is read from {}\n", status.source);
  }
  if (status.signed_source) {
    text += source(*status.signed_source, status.now);
  }
  if (!status.revoked.empty()) {
    text += painted("revoked", Paint::Red, colour) + ": " + names(status.revoked) + "\n";
  }
  if (const auto refused = status.refused_packets.value_or(0); refused > 0) {
    text += fmt::format("refused {}\n", plural(refused, "packet"));
  }
  text += fmt::format("agent {}, process {}, up {}\n", status.version, status.pid,
                      age_of(status.started, status.now));
  return text;
}

std::string refusal(const api::Refusal& refusal, bool in_force, WallTime now, Colour colour) {
  const bool held = refusal.reason == api::RefusalReason::HeldBack;
  return fmt::format(
      "\n{}\n{}",
      painted(fmt::format("{} network {} {} ago:", in_force ? "A newer" : "The",
                          held ? "was held back" : "was refused", age_of(refusal.since, now)),
              held ? Paint::Yellow : Paint::Red, colour),
      indented(printable_lines(refusal.text)));
}

Cell cell(std::string text, Paint paint = Paint::Plain) {
  return {.text = std::move(text), .paint = paint};
}

Column left(std::string title) {
  return {.title = std::move(title), .align = Align::Left};
}

Column right(std::string title) {
  return {.title = std::move(title), .align = Align::Right};
}

std::string gateways(const std::vector<api::GatewayStatus>& gateways, Colour colour) {
  std::vector<std::vector<Cell>> rows;
  for (const auto& gateway : gateways) {
    const auto device =
        gateway.present ? cell(gateway.device) : cell(gateway.device + " (missing)", Paint::Red);
    rows.push_back({cell(gateway.name), device, cell(fmt::format("{}", gateway.listen_port)),
                    cell(fmt::format("{}", gateway.peers)), cell(fmt::format("{}", gateway.active)),
                    cell(gateway.public_key, Paint::Dim)});
  }
  return table({left("GATEWAY"), left("DEVICE"), right("PORT"), right("PEERS"), right("ACTIVE"),
                left("PUBLIC KEY")},
               rows, colour);
}

// What was dropped only where something was.
std::string via6(const std::vector<api::GatewayStatus>& gateways, Colour colour) {
  std::vector<std::vector<Cell>> rows;
  std::string uncounted;
  for (const auto& gateway : gateways) {
    if (!gateway.via6) {
      continue;
    }
    if (!gateway.via6->counted) {
      uncounted +=
          fmt::format("4via6 of gateway {} by {} is not counted (see causewayd(8), FILES)\n",
                      gateway.name, gateway.via6->prefix);
    }
    for (const auto& packets : gateway.via6->packets) {
      if (packets.from_peers + packets.to_peers > 0 || packets.outcome == "translated") {
        rows.push_back({cell(gateway.name), cell(fmt::format("{}", packets.from_peers)),
                        cell(fmt::format("{}", packets.to_peers)),
                        cell(packets.outcome == "translated"
                                 ? fmt::format("translated, {}", gateway.via6->prefix)
                                 : "dropped: " + printable(packets.meaning))});
      }
    }
  }
  return rows.empty()
             ? uncounted
             : table({left("4VIA6"), right("FROM PEERS"), right("TO PEERS"), left("PACKETS")}, rows,
                     colour) +
                   uncounted;
}

// How many rules are listed; whoever wants more wants to sort them as well.
constexpr std::size_t kBusiest = 10;

std::string rules(std::vector<api::RuleStatus> rules, Colour colour) {
  std::ranges::stable_sort(rules, std::ranges::greater{}, &api::RuleStatus::connections);
  std::vector<std::vector<Cell>> rows;
  for (const auto& rule : rules | std::views::take(kBusiest)) {
    rows.push_back({cell(printable(rule.name)),
                    cell(fmt::format("{}{}", rule.partly ? "at least " : "", rule.connections),
                         rule.connections == 0 ? Paint::Dim : Paint::Plain)});
  }
  auto text = table({left("RULE"), right("CONNECTIONS")}, rows, colour);
  if (rules.size() > rows.size()) {
    text +=
        fmt::format("{} more (--json lists them)\n", plural(rules.size() - rows.size(), "rule"));
  }
  return text;
}

std::vector<Cell> row_of(const api::PeerStatus& peer, WallTime now) {
  const auto name = peer.name.empty() ? peer.public_key : peer.name;
  const auto handshake =
      peer.last_handshake ? age_of(*peer.last_handshake, now) + " ago" : std::string("never");
  const auto paint = peer.flapping ? Paint::Yellow : peer.active ? Paint::Green : Paint::Dim;
  return {cell(printable(name)),      cell(peer.gateway),
          cell(peer.address),         cell(peer.endpoint.empty() ? "-" : peer.endpoint),
          cell(handshake, paint),     cell(size(peer.received_bytes)),
          cell(size(peer.sent_bytes))};
}

std::string peers(const api::Status& status, Peers which, Colour colour) {
  std::vector<std::vector<Cell>> rows;
  for (const auto& peer : status.peers) {
    if (which == Peers::All || peer.last_handshake) {
      rows.push_back(row_of(peer, status.now));
    }
  }
  std::string text;
  const auto unseen = status.peers.size() - rows.size();
  if (!rows.empty()) {
    text += "\n";
    text += table({left("PEER"), left("GATEWAY"), left("ADDRESS"), left("ENDPOINT"),
                   right("HANDSHAKE"), right("RECEIVED"), right("SENT")},
                  rows, colour);
  }
  if (unseen > 0) {
    text += fmt::format("\n{} not connected since the tunnel was made (--all lists them)\n",
                        plural(unseen, "peer"));
  }
  return text;
}

}  // namespace

std::string view(const std::vector<api::Problem>& problems, Colour colour) {
  std::string text;
  for (const auto& problem : problems) {
    const auto where =
        problem.gateway.empty() ? std::string() : fmt::format("gateway {}: ", problem.gateway);
    text += fmt::format("{}: {}{}\n",
                        painted(to_text(problem.severity), paint_of(problem.severity), colour),
                        where, printable_lines(problem.text));
    if (!problem.hint.empty()) {
      text += fmt::format("  hint: {}\n", printable_lines(problem.hint));
    }
  }
  return text;
}

std::string view(const api::Status& status, Peers which, Colour colour) {
  auto text = head(status, colour);
  if (status.refused) {
    text += refusal(*status.refused, status.network.has_value(), status.now, colour);
  }
  if (!status.problems.empty()) {
    text += "\n" + view(status.problems, colour);
  }
  if (!status.gateways.empty()) {
    text += "\n" + gateways(status.gateways, colour);
  }
  if (const auto translated = via6(status.gateways, colour); !translated.empty()) {
    text += "\n" + translated;
  }
  if (!status.rules.empty()) {
    text += "\n" + rules(status.rules, colour);
  }
  text += peers(status, which, colour);
  return text;
}

std::string view(const api::Answer& answer, Colour colour) {
  std::string text;
  for (const auto& step : answer.steps) {
    const auto paint = step.starts_with('+')   ? Paint::Green
                       : step.starts_with('-') ? Paint::Red
                                               : Paint::Yellow;
    text += painted(printable(step), paint, colour) + "\n";
  }
  text += view(answer.problems, colour);
  text += printable_lines(answer.diagnostics);
  return text;
}

}  // namespace cw::cli
