// SPDX-License-Identifier: Apache-2.0
#include "router/failover/report.h"

#include <algorithm>

#include "router/failover/netmaps.h"

namespace cw::failover {

namespace {

std::int64_t ms_since(SteadyTime from, SteadyTime now) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(now - from).count();
}

WallTime wall_of(SteadyTime when, SteadyTime now, WallTime wall) {
  return wall - std::chrono::duration_cast<std::chrono::seconds>(now - when);
}

std::string_view to_text(ha::Place place) {
  switch (place) {
    case ha::Place::Here:
      return "here";
    case ha::Place::Elsewhere:
      return "elsewhere";
    case ha::Place::Unknown:
      return "unknown";
  }
  return "?";
}

api::SiblingStatus of(const ha::Sibling& sibling, const ha::Timers& timers, std::uint64_t newest,
                      SteadyTime now) {
  api::SiblingStatus status{.router = sibling.router};
  if (!sibling.known) {
    return status;
  }
  status.heard = now - sibling.heard < timers.suspect + sibling.beat.silence;
  status.heard_ms = ms_since(sibling.heard, now);
  status.role = ha::to_text(sibling.beat.role);
  status.fitness = ha::to_text(sibling.beat.fitness);
  status.epoch = ha::to_text(sibling.beat.epoch);
  status.serial = sibling.beat.serial;
  status.behind = status.serial < newest;
  if (sibling.ahead) {
    status.ahead_ms = sibling.ahead->count();
  }
  return status;
}

}  // namespace

api::FailoverStatus report(const ha::State& state, const Books& books, const Story& story,
                           SteadyTime now, WallTime wall) {
  api::FailoverStatus status{.router = state.config.router,
                             .now = wall,
                             .draining = state.draining,
                             .leaving = state.leaving,
                             .synchronised = state.synchronised,
                             .serial = state.serial,
                             .newest_serial = Netmaps::newest(state),
                             .pauses = state.pauses};
  for (const auto& gateway : state.gateways) {
    api::SharedGateway shared{.name = gateway.name,
                              .role = std::string(ha::to_text(gateway.role)),
                              .why = std::string(ha::to_text(gateway.why)),
                              .since = wall_of(gateway.since, now, wall),
                              .fitness = std::string(ha::to_text(ha::fitness_of(state, gateway))),
                              .epoch = ha::to_text(gateway.seen),
                              .gate_open = gateway.gate,
                              .address = std::string(to_text(gateway.place)),
                              .peers_known = books.kicks(gateway.name, wall).size(),
                              .takeovers = story.takeovers(gateway.name),
                              .changes = story.changes(gateway.name)};
    if (gateway.record.record) {
      shared.owner = gateway.record.record->owner;
      shared.successor = gateway.record.record->successor;
    }
    if (const auto told = books.told(gateway.name)) {
      shared.replicated_ms = ms_since(*told, now);
    }
    for (const auto& sibling : gateway.siblings) {
      shared.siblings.push_back(of(sibling, state.config.timers, status.newest_serial, now));
    }
    status.gateways.push_back(std::move(shared));
  }
  std::ranges::sort(status.gateways, {}, &api::SharedGateway::name);
  return status;
}

}  // namespace cw::failover
