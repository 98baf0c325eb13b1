// SPDX-License-Identifier: Apache-2.0
#include "router/api/failover_status.h"

#include "base/rfc3339.h"
#include "router/api/json_text.h"

namespace cw::api {

namespace {

std::optional<std::int64_t> optional_of(const Json& json, const char* name) {
  return json.contains(name) ? std::optional(json.at(name).get<std::int64_t>()) : std::nullopt;
}

void put(Json& json, const char* name, const std::optional<std::int64_t>& value) {
  if (value) {
    json[name] = *value;
  }
}

Json of(const TargetStatus& target) {
  Json json = {{"target", target.target},
               {"tried", target.tried},
               {"reached", target.reached},
               {"trouble", target.trouble}};
  put(json, "for_ms", target.for_ms);
  return json;
}

TargetStatus target_of(const Json& json) {
  return {.target = json.at("target").get<std::string>(),
          .tried = json.at("tried").get<bool>(),
          .reached = json.at("reached").get<bool>(),
          .trouble = json.at("trouble").get<std::string>(),
          .for_ms = optional_of(json, "for_ms")};
}

Json of(const SiblingStatus& sibling) {
  Json json = {{"router", sibling.router},   {"heard", sibling.heard}, {"role", sibling.role},
               {"fitness", sibling.fitness}, {"epoch", sibling.epoch}, {"serial", sibling.serial},
               {"behind", sibling.behind}};
  put(json, "heard_ms", sibling.heard_ms);
  put(json, "ahead_ms", sibling.ahead_ms);
  json["out_of_reach"] = sibling.out_of_reach;
  return json;
}

SiblingStatus sibling_of(const Json& json) {
  return {.router = json.at("router").get<std::string>(),
          .heard = json.at("heard").get<bool>(),
          .heard_ms = optional_of(json, "heard_ms"),
          .role = json.at("role").get<std::string>(),
          .fitness = json.at("fitness").get<std::string>(),
          .epoch = json.at("epoch").get<std::string>(),
          .serial = json.at("serial").get<std::uint64_t>(),
          .behind = json.value("behind", false),
          .ahead_ms = optional_of(json, "ahead_ms"),
          .out_of_reach = json.at("out_of_reach").get<std::vector<std::string>>()};
}

Json of(const ComingNetmap& coming) {
  return {{"from", coming.from},
          {"serial", coming.serial},
          {"arrived", coming.arrived},
          {"size", coming.size}};
}

std::optional<ComingNetmap> coming_of(const Json& json) {
  if (!json.contains("coming")) {
    return std::nullopt;
  }
  const Json& coming = json.at("coming");
  return ComingNetmap{.from = coming.at("from").get<std::string>(),
                      .serial = coming.at("serial").get<std::uint64_t>(),
                      .arrived = coming.at("arrived").get<std::uint64_t>(),
                      .size = coming.at("size").get<std::uint64_t>()};
}

Json of(const Takeover& takeover) {
  Json json = {{"when", to_rfc3339(takeover.when)},
               {"owner", takeover.owner},
               {"epoch", takeover.epoch},
               {"why", takeover.why}};
  put(json, "took_ms", takeover.took_ms);
  return json;
}

Takeover takeover_of(const Json& json) {
  return {.when = time_of(json.at("when")),
          .owner = json.at("owner").get<std::string>(),
          .epoch = json.at("epoch").get<std::string>(),
          .why = json.at("why").get<std::string>(),
          .took_ms = optional_of(json, "took_ms")};
}

Json of(const SharedGateway& gateway) {
  Json json = {{"name", gateway.name},
               {"role", gateway.role},
               {"why", gateway.why},
               {"since", to_rfc3339(gateway.since)},
               {"fitness", gateway.fitness},
               {"epoch", gateway.epoch},
               {"owner", gateway.owner},
               {"successor", gateway.successor},
               {"gate_open", gateway.gate_open},
               {"address", gateway.address},
               {"peers_known", gateway.peers_known}};
  put(json, "replicated_ms", gateway.replicated_ms);
  put(json, "connections", gateway.connections);
  json["connections_go_on"] = gateway.connections_go_on;
  json["connections_complete"] = gateway.connections_complete;
  json["siblings"] = to_list(gateway.siblings, [](const SiblingStatus& s) { return of(s); });
  json["takeovers"] = to_list(gateway.takeovers, [](const Takeover& t) { return of(t); });
  json["changes"] = gateway.changes;
  return json;
}

SharedGateway gateway_of(const Json& json) {
  return {.name = json.at("name").get<std::string>(),
          .role = json.at("role").get<std::string>(),
          .why = json.at("why").get<std::string>(),
          .since = time_of(json.at("since")),
          .fitness = json.at("fitness").get<std::string>(),
          .epoch = json.at("epoch").get<std::string>(),
          .owner = json.at("owner").get<std::string>(),
          .successor = json.at("successor").get<std::string>(),
          .gate_open = json.at("gate_open").get<bool>(),
          .address = json.at("address").get<std::string>(),
          .peers_known = json.at("peers_known").get<std::uint64_t>(),
          .replicated_ms = optional_of(json, "replicated_ms"),
          .connections = optional_of(json, "connections"),
          .connections_go_on = json.at("connections_go_on").get<bool>(),
          .connections_complete = json.at("connections_complete").get<bool>(),
          .siblings = list_of<SiblingStatus>(json.at("siblings"), sibling_of),
          .takeovers = list_of<Takeover>(json.at("takeovers"), takeover_of),
          .changes = json.at("changes").get<std::map<std::string, std::uint64_t>>()};
}

FailoverStatus status_of(const Json& json) {
  return {.version = json.at("version").get<std::string>(),
          .router = json.at("router").get<std::string>(),
          .pid = json.at("pid").get<std::int64_t>(),
          .started = time_of(json.at("started")),
          .now = time_of(json.at("now")),
          .draining = json.at("draining").get<bool>(),
          .leaving = json.at("leaving").get<bool>(),
          .synchronised = json.at("synchronised").get<bool>(),
          .serial = json.at("serial").get<std::uint64_t>(),
          .newest_serial = json.value("newest_serial", std::uint64_t{0}),
          .coming = coming_of(json),
          .pauses = json.at("pauses").get<std::uint64_t>(),
          .refused_datagrams = json.at("refused_datagrams").get<std::uint64_t>(),
          .problems = list_of<Problem>(json.at("problems"), problem_of),
          .targets = list_of<TargetStatus>(json.at("targets"), target_of),
          .gateways = list_of<SharedGateway>(json.at("gateways"), gateway_of)};
}

}  // namespace

std::string to_json(const FailoverStatus& status) {
  Json json = {{"version", status.version},
               {"router", status.router},
               {"pid", status.pid},
               {"started", to_rfc3339(status.started)},
               {"now", to_rfc3339(status.now)},
               {"draining", status.draining},
               {"leaving", status.leaving},
               {"synchronised", status.synchronised},
               {"serial", status.serial},
               {"newest_serial", status.newest_serial},
               {"pauses", status.pauses},
               {"refused_datagrams", status.refused_datagrams}};
  if (status.coming) {
    json["coming"] = of(*status.coming);
  }
  json["problems"] = to_list(status.problems, [](const Problem& p) { return of(p); });
  json["targets"] = to_list(status.targets, [](const TargetStatus& t) { return of(t); });
  json["gateways"] = to_list(status.gateways, [](const SharedGateway& g) { return of(g); });
  return dump(json);
}

std::string to_json(const Move& wish) {
  return dump({{"gateway", wish.gateway}, {"to", wish.to}});
}

Result<FailoverStatus> failover_status_from_json(std::string_view text) {
  return reading<FailoverStatus>(text, status_of);
}

Result<Move> move_from_json(std::string_view text) {
  return reading<Move>(text, [](const Json& json) {
    return Move{.gateway = json.at("gateway").get<std::string>(),
                .to = json.at("to").get<std::string>()};
  });
}

}  // namespace cw::api
