// SPDX-License-Identifier: Apache-2.0
#include "router/api/json.h"

#include <array>

#include "router/api/json_text.h"

namespace cw::api {

// Where one_of() finds it.
static std::string_view to_text(RefusalReason reason) {
  return reason == RefusalReason::Invalid ? "invalid" : "held-back";
}

namespace {

constexpr std::array kPhases{Phase::Running, Phase::Retrying, Phase::Waiting, Phase::Down};
constexpr std::array kReasons{RefusalReason::Invalid, RefusalReason::HeldBack};

Json of(const PeerStatus& peer) {
  Json json = {{"name", peer.name},
               {"gateway", peer.gateway},
               {"public_key", peer.public_key},
               {"address", peer.address},
               {"endpoint", peer.endpoint},
               {"received_bytes", peer.received_bytes},
               {"sent_bytes", peer.sent_bytes},
               {"active", peer.active},
               {"flapping", peer.flapping}};
  if (peer.last_handshake) {
    json["last_handshake"] = to_rfc3339(*peer.last_handshake);
  }
  return json;
}

PeerStatus peer_of(const Json& json) {
  PeerStatus peer{.name = json.at("name").get<std::string>(),
                  .gateway = json.at("gateway").get<std::string>(),
                  .public_key = json.at("public_key").get<std::string>(),
                  .address = json.at("address").get<std::string>(),
                  .endpoint = json.at("endpoint").get<std::string>(),
                  .last_handshake = std::nullopt,
                  .received_bytes = json.at("received_bytes").get<std::uint64_t>(),
                  .sent_bytes = json.at("sent_bytes").get<std::uint64_t>(),
                  .active = json.at("active").get<bool>(),
                  .flapping = json.at("flapping").get<bool>()};
  if (json.contains("last_handshake")) {
    peer.last_handshake = time_of(json.at("last_handshake"));
  }
  return peer;
}

Json of(const Via6Packets& packets) {
  return {{"outcome", packets.outcome},
          {"meaning", packets.meaning},
          {"from_peers", packets.from_peers},
          {"to_peers", packets.to_peers}};
}

Via6Packets via6_packets_of(const Json& json) {
  return {.outcome = json.at("outcome").get<std::string>(),
          .meaning = json.at("meaning").get<std::string>(),
          .from_peers = json.at("from_peers").get<std::uint64_t>(),
          .to_peers = json.at("to_peers").get<std::uint64_t>()};
}

Json of(const Via6Status& via6) {
  return {{"prefix", via6.prefix},
          {"counted", via6.counted},
          {"packets", to_list(via6.packets, [](const Via6Packets& p) { return of(p); })}};
}

Via6Status via6_of(const Json& json) {
  return {.prefix = json.at("prefix").get<std::string>(),
          .counted = json.at("counted").get<bool>(),
          .packets = list_of<Via6Packets>(json.at("packets"), via6_packets_of)};
}

Json of(const GatewayStatus& gateway) {
  Json json = {{"name", gateway.name},
               {"device", gateway.device},
               {"public_key", gateway.public_key},
               {"listen_port", gateway.listen_port},
               {"present", gateway.present},
               {"peers", gateway.peers},
               {"active", gateway.active},
               {"replaces", gateway.replaces},
               {"moved", gateway.moved}};
  if (gateway.via6) {
    json["via6"] = of(*gateway.via6);
  }
  return json;
}

GatewayStatus gateway_of(const Json& json) {
  return {.name = json.at("name").get<std::string>(),
          .device = json.at("device").get<std::string>(),
          .public_key = json.at("public_key").get<std::string>(),
          .listen_port = json.at("listen_port").get<std::uint16_t>(),
          .present = json.at("present").get<bool>(),
          .peers = json.at("peers").get<std::uint64_t>(),
          .active = json.at("active").get<std::uint64_t>(),
          .replaces = json.at("replaces").get<std::string>(),
          .moved = json.at("moved").get<std::uint64_t>(),
          .via6 = json.contains("via6") ? std::optional(via6_of(json.at("via6"))) : std::nullopt};
}

Json of(const RuleStatus& rule) {
  return {{"name", rule.name}, {"connections", rule.connections}, {"partly", rule.partly}};
}

RuleStatus rule_of(const Json& json) {
  return {.name = json.at("name").get<std::string>(),
          .connections = json.at("connections").get<std::uint64_t>(),
          .partly = json.at("partly").get<bool>()};
}

Json of(const NetworkStatus& network) {
  Json json = {{"name", network.name},
               {"peers", network.peers},
               {"sites", network.sites},
               {"taken", to_rfc3339(network.taken)}};
  if (network.rules) {
    json["rules"] = *network.rules;
  }
  return json;
}

NetworkStatus network_of(const Json& json) {
  return {.name = json.at("name").get<std::string>(),
          .peers = json.at("peers").get<std::uint64_t>(),
          .sites = json.at("sites").get<std::uint64_t>(),
          .rules = json.contains("rules") ? std::optional(json.at("rules").get<std::uint64_t>())
                                          : std::nullopt,
          .taken = time_of(json.at("taken"))};
}

Json of(const Refusal& refusal) {
  return {{"reason", to_text(refusal.reason)},
          {"since", to_rfc3339(refusal.since)},
          {"text", refusal.text}};
}

Refusal refusal_of(const Json& json) {
  return {.reason = one_of(kReasons, json.at("reason").get<std::string>(), RefusalReason::Invalid),
          .since = time_of(json.at("since")),
          .text = json.at("text").get<std::string>()};
}

void put(Json& json, const char* name, const std::optional<WallTime>& time) {
  if (time) {
    json[name] = to_rfc3339(*time);
  }
}

std::optional<WallTime> time_in(const Json& json, const char* name) {
  return json.contains(name) ? std::optional(time_of(json.at(name))) : std::nullopt;
}

Json of(const SourceStatus& source) {
  Json json = {{"revocations", source.revocations},
               {"expiring_locked_out", source.expiring_locked_out},
               {"trouble", source.trouble},
               {"fetches", source.fetches},
               {"failed_fetches", source.failed_fetches}};
  if (source.serial) {
    json["serial"] = *source.serial;
  }
  put(json, "signed_at", source.signed_at);
  put(json, "heard", source.heard);
  put(json, "goes_back", source.goes_back);
  return json;
}

SourceStatus source_of(const Json& json) {
  return {.serial = json.contains("serial") ? std::optional(json.at("serial").get<std::uint64_t>())
                                            : std::nullopt,
          .signed_at = time_in(json, "signed_at"),
          .heard = time_in(json, "heard"),
          .goes_back = time_in(json, "goes_back"),
          .revocations = json.at("revocations").get<std::uint64_t>(),
          .expiring_locked_out = json.at("expiring_locked_out").get<bool>(),
          .trouble = json.at("trouble").get<std::string>(),
          .fetches = json.at("fetches").get<std::uint64_t>(),
          .failed_fetches = json.at("failed_fetches").get<std::uint64_t>()};
}

Json of(const Counters& counters) {
  return {{"rounds", counters.rounds},
          {"steps", counters.steps},
          {"failed_steps", counters.failed_steps},
          {"refusals", counters.refusals}};
}

Counters counters_of(const Json& json) {
  return {.rounds = json.at("rounds").get<std::uint64_t>(),
          .steps = json.at("steps").get<std::uint64_t>(),
          .failed_steps = json.at("failed_steps").get<std::uint64_t>(),
          .refusals = json.at("refusals").get<std::uint64_t>()};
}

Status status_of(const Json& json) {
  Status status{.version = json.at("version").get<std::string>(),
                .router = json.at("router").get<std::string>(),
                .site = json.at("site").get<std::string>(),
                .phase = one_of(kPhases, json.at("phase").get<std::string>(), Phase::Retrying),
                .pid = json.at("pid").get<std::int64_t>(),
                .started = time_of(json.at("started")),
                .now = time_of(json.at("now")),
                .source = json.at("source").get<std::string>(),
                .signed_source = std::nullopt,
                .revoked = {},
                .network = std::nullopt,
                .refused = std::nullopt,
                .gateways = list_of<GatewayStatus>(json.at("gateways"), gateway_of),
                .rules = list_of<RuleStatus>(json.at("rules"), rule_of),
                .refused_packets = std::nullopt,
                .problems = list_of<Problem>(json.at("problems"), problem_of),
                .peers = list_of<PeerStatus>(json.at("peers"), peer_of),
                .counters = counters_of(json.at("counters"))};
  if (json.contains("signed_source")) {
    status.signed_source = source_of(json.at("signed_source"));
  }
  if (json.contains("revoked")) {
    status.revoked = json.at("revoked").get<std::vector<std::string>>();
  }
  if (json.contains("network")) {
    status.network = network_of(json.at("network"));
  }
  if (json.contains("refused")) {
    status.refused = refusal_of(json.at("refused"));
  }
  if (json.contains("refused_packets")) {
    status.refused_packets = json.at("refused_packets").get<std::uint64_t>();
  }
  return status;
}

Answer answer_of(const Json& json) {
  return {.done = json.at("done").get<bool>(),
          .text = json.at("text").get<std::string>(),
          .steps = json.at("steps").get<std::vector<std::string>>(),
          .problems = list_of<Problem>(json.at("problems"), problem_of),
          .diagnostics = json.at("diagnostics").get<std::string>()};
}

}  // namespace

std::string to_json(const Status& status) {
  Json json = {{"version", status.version},
               {"router", status.router},
               {"site", status.site},
               {"phase", to_text(status.phase)},
               {"pid", status.pid},
               {"started", to_rfc3339(status.started)},
               {"now", to_rfc3339(status.now)},
               {"source", status.source}};
  if (status.signed_source) {
    json["signed_source"] = of(*status.signed_source);
  }
  json["revoked"] = status.revoked;
  if (status.network) {
    json["network"] = of(*status.network);
  }
  if (status.refused) {
    json["refused"] = of(*status.refused);
  }
  json["problems"] = to_list(status.problems, [](const Problem& p) { return of(p); });
  json["gateways"] = to_list(status.gateways, [](const GatewayStatus& g) { return of(g); });
  json["rules"] = to_list(status.rules, [](const RuleStatus& r) { return of(r); });
  if (status.refused_packets) {
    json["refused_packets"] = *status.refused_packets;
  }
  json["counters"] = of(status.counters);
  json["peers"] = to_list(status.peers, [](const PeerStatus& p) { return of(p); });
  return dump(json);
}

std::string to_json(const Answer& answer) {
  return dump({{"done", answer.done},
               {"text", answer.text},
               {"steps", answer.steps},
               {"problems", to_list(answer.problems, [](const Problem& p) { return of(p); })},
               {"diagnostics", answer.diagnostics}});
}

std::string to_json(const Refused& refused) {
  return dump({{"error", {{"message", refused.message}, {"hint", refused.hint}}}});
}

std::string to_json(const Revoke& wish) {
  return dump({{"peer", wish.peer}});
}

Result<Revoke> revoke_from_json(std::string_view text) {
  return reading<Revoke>(
      text, [](const Json& json) { return Revoke{.peer = json.at("peer").get<std::string>()}; });
}

Result<Status> status_from_json(std::string_view text) {
  return reading<Status>(text, status_of);
}

Result<Answer> answer_from_json(std::string_view text) {
  return reading<Answer>(text, answer_of);
}

Result<Refused> refused_from_json(std::string_view text) {
  return reading<Refused>(text, [](const Json& json) {
    const Json& error = json.at("error");
    return Refused{.message = error.at("message").get<std::string>(),
                   .hint = error.at("hint").get<std::string>()};
  });
}

}  // namespace cw::api
