// SPDX-License-Identifier: Apache-2.0
// What the agent tells the journal.
#include <fmt/format.h>

#include "router/agent/agent.h"
#include "router/agent/report.h"
#include "router/model/ownership.h"

namespace cw::agent {

namespace {

// A first start with 10,000 peers, or a morning on which everybody connects, is one line of count
// after this many.
constexpr std::size_t kMostLines = 100;

struct Told {
  Level level;
  Event event;
  std::string text;
};

std::string at(const std::optional<net::SocketAddress>& endpoint) {
  return endpoint ? endpoint->to_text() : "nowhere";
}

Told tell(const PeerEvent& event, const std::string& who) {
  switch (event.kind) {
    case PeerEventKind::Connected:
      return {.level = Level::Info,
              .event = Event::PeerConnected,
              .text = fmt::format("{} connected from {}", who, at(event.endpoint))};
    case PeerEventKind::Roamed:
      return {
          .level = Level::Info,
          .event = Event::PeerRoamed,
          .text = fmt::format("{} moved from {} to {}", who, at(event.before), at(event.endpoint))};
    case PeerEventKind::Silent:
      return {.level = Level::Info,
              .event = Event::PeerSilent,
              .text = fmt::format("{} went silent; it was last at {}", who, at(event.endpoint))};
    case PeerEventKind::FlappingBegan:
      return {.level = Level::Warning,
              .event = Event::PeerFlapping,
              .text = fmt::format(
                  "{} is on two devices at once, at {} and at {}: give each device a key "
                  "of its own",
                  who, at(event.before), at(event.endpoint))};
    case PeerEventKind::FlappingEnded:
      return {.level = Level::Notice,
              .event = Event::PeerFlappingEnded,
              .text = fmt::format("{} is on one device again", who)};
  }
  return {.level = Level::Info, .event = Event::PeerConnected, .text = who};
}

std::string gateway_of(const std::string& device) {
  const std::string_view prefix = router::kDevicePrefix;
  return device.starts_with(prefix) ? device.substr(prefix.size()) : device;
}

}  // namespace

void Agent::tell_about_round() {
  auto& journal = world_.journal;
  for (std::size_t i = 0; i < round_.done.size(); ++i) {
    if (i == kMostLines) {
      journal.write(Level::Info, Event::Step,
                    fmt::format("and {} more changes", round_.done.size() - kMostLines));
      break;
    }
    journal.write(Level::Info, Event::Step, round_.done[i],
                  {{.name = "CAUSEWAY_OP", .value = round_.done[i]}});
  }
  for (const auto& refused : round_.refused) {
    journal.write(
        Level::Warning, Event::Trouble,
        fmt::format("the kernel does not take {}: {}", refused.line, refused.error.to_text()));
  }
  std::string now;
  const auto problems = problems_of(round_);
  for (const auto& problem : problems) {
    now += problem.text + "\n";
  }
  if (now != told_) {  // a retry that fails in the same way is not news
    for (const auto& problem : problems) {
      journal.write(
          Level::Error, Event::StepFailed,
          problem.hint.empty() ? problem.text : fmt::format("{} ({})", problem.text, problem.hint));
    }
    if (problems.empty()) {
      journal.write(Level::Notice, Event::Settled,
                    reconciler_.is_down() ? "nothing of ours is left in the kernel"
                                          : "the kernel is as the network says again");
    }
    told_ = std::move(now);
  }
}

void Agent::tell_about_overlaps() {
  if (reconciler_.overlaps() == told_overlaps_) {
    return;
  }
  told_overlaps_ = reconciler_.overlaps();
  for (const auto& problem : problems_of(told_overlaps_)) {
    world_.journal.write(
        problem.severity == api::Severity::Error ? Level::Error : Level::Warning, Event::Trouble,
        fmt::format("gateway {}: {} ({})", problem.gateway, problem.text, problem.hint),
        {{.name = "CAUSEWAY_GATEWAY", .value = problem.gateway}});
  }
}

void Agent::observe(const router::Dump<netlink::WgDevice>& devices) {
  if (!devices.complete) {
    return;
  }
  const auto now = world_.clock.wall();
  const auto events = history_.observe(devices.items, now);
  reconciler_.remember_endpoints(devices.items, now);
  tell_about_peers(events);
}

void Agent::tell_about_peers(const std::vector<PeerEvent>& events) {
  const auto* netmap = reconciler_.netmap();
  if (events.empty() || netmap == nullptr) {
    return;
  }
  std::map<net::PublicKey, const network::Peer*> by_key;
  for (const auto& peer : netmap->peers) {
    by_key.emplace(peer.public_key, &peer);
  }
  std::size_t lines = 0;
  for (const auto& event : events) {
    if (lines == kMostLines) {
      world_.journal.write(Level::Info, Event::PeerConnected,
                           fmt::format("and {} more peers connected, moved or went silent",
                                       events.size() - kMostLines));
      return;
    }
    const auto peer = by_key.find(event.key);
    const auto name = peer == by_key.end() ? std::string() : peer->second->name;
    const auto gateway = gateway_of(event.device);
    const auto who = name.empty() ? fmt::format("unknown key {}", event.key.to_text())
                                  : fmt::format("peer '{}'", name);
    const auto told = tell(event, who);
    world_.journal.write(told.level, told.event, told.text,
                         {{.name = "CAUSEWAY_PEER", .value = name},
                          {.name = "CAUSEWAY_GATEWAY", .value = gateway},
                          {.name = "CAUSEWAY_KEY", .value = event.key.to_text()},
                          {.name = "CAUSEWAY_ENDPOINT", .value = at(event.endpoint)}});
    ++lines;
  }
}

}  // namespace cw::agent
