// SPDX-License-Identifier: Apache-2.0
#include "router/api/assignment.h"

#include "router/api/json_text.h"

namespace cw::api {

namespace {

template <class T>
Result<std::vector<T>> parsed(const Json& json) {
  std::vector<T> values;
  for (const Json& item : json) {
    values.push_back(CW_TRY(T::parse(item.get<std::string>())));
  }
  return values;
}

template <class T>
Json texts(const std::vector<T>& values) {
  return to_list(values, [](const T& value) { return Json(value.to_text()); });
}

Json of(const Assignment::Router& router) {
  Json json = {{"name", router.name}};
  if (router.address) {
    json["address"] = router.address->to_text();
  }
  return json;
}

Json of(const Assignment::Gateway& gateway) {
  return {{"name", gateway.name},
          {"device", gateway.device},
          {"public_key", gateway.public_key.to_text()},
          {"listen_port", gateway.listen_port},
          {"blocks", texts(gateway.blocks)},
          {"egress", texts(gateway.egress)},
          {"replicated", texts(gateway.replicated)},
          {"routers", gateway.routers}};
}

Result<Assignment::Router> router_of(const Json& json) {
  Assignment::Router router{.name = json.at("name").get<std::string>(), .address = {}};
  if (json.contains("address")) {
    router.address = CW_TRY(net::Ip::parse(json.at("address").get<std::string>()));
  }
  return router;
}

Result<Assignment::Gateway> gateway_of(const Json& json) {
  // One after the other: what a return in the middle of an initialiser leaves behind, GCC does not
  // destroy.
  Assignment::Gateway gateway;
  gateway.name = json.at("name").get<std::string>();
  gateway.device = json.at("device").get<std::string>();
  gateway.public_key = CW_TRY(net::PublicKey::parse(json.at("public_key").get<std::string>()));
  gateway.listen_port = json.at("listen_port").get<std::uint16_t>();
  gateway.blocks = CW_TRY(parsed<net::Prefix>(json.at("blocks")));
  gateway.egress = CW_TRY(parsed<net::Ip>(json.at("egress")));
  gateway.replicated = CW_TRY(parsed<net::Prefix>(json.at("replicated")));
  gateway.routers = json.at("routers").get<std::vector<std::string>>();
  return gateway;
}

Result<Assignment> assignment_of(const Json& json) {
  Assignment assignment{.router = json.at("router").get<std::string>(),
                        .network = json.at("network").get<std::string>(),
                        .site = json.at("site").get<std::uint16_t>(),
                        .serial = json.at("serial").get<std::uint64_t>(),
                        .netmap = json.value("netmap", std::string()),
                        .offered = json.value("offered", std::uint64_t{0}),
                        .looked = json.value("looked", std::uint64_t{0}),
                        .revoked = json.value("revoked", std::string()),
                        .revocations = json.value("revocations", std::uint64_t{0}),
                        .health = {},
                        .routers = {},
                        .gateways = {}};
  if (json.contains("health")) {  // an older agent says nothing of it
    assignment.health = CW_TRY(parsed<net::SocketAddress>(json.at("health")));
  }
  for (const Json& each : json.at("routers")) {
    assignment.routers.push_back(CW_TRY(router_of(each)));
  }
  for (const Json& each : json.at("gateways")) {
    assignment.gateways.push_back(CW_TRY(gateway_of(each)));
  }
  return assignment;
}

}  // namespace

std::string to_json(const Assignment& assignment) {
  return dump({{"router", assignment.router},
               {"network", assignment.network},
               {"site", assignment.site},
               {"serial", assignment.serial},
               {"netmap", assignment.netmap},
               {"offered", assignment.offered},
               {"looked", assignment.looked},
               {"revoked", assignment.revoked},
               {"revocations", assignment.revocations},
               {"health", texts(assignment.health)},
               {"routers", to_list(assignment.routers, [](const auto& r) { return of(r); })},
               {"gateways", to_list(assignment.gateways, [](const auto& g) { return of(g); })}});
}

Result<Assignment> assignment_from_json(std::string_view text) {
  return reading<Assignment>(text, assignment_of);
}

}  // namespace cw::api
