// SPDX-License-Identifier: Apache-2.0
#include "cli/failover_client.h"

#include "router/api/json.h"

namespace cw::cli {

namespace {

constexpr Server kFailover{
    .what = "failover", .program = "causeway-failover", .option = "--failover-socket"};

}  // namespace

Asked<std::string> FailoverClient::status_json() const {
  return ask(kFailover, socket_, "GET", "/v1/failover", {});
}

Asked<api::FailoverStatus> FailoverClient::status() const {
  return status_json().and_then([](const std::string& text) {
    return understood(api::failover_status_from_json(text), kFailover);
  });
}

Asked<api::Answer> FailoverClient::post(std::string_view path, std::string_view body) const {
  return ask(kFailover, socket_, "POST", path, body).and_then([](const std::string& text) {
    return understood(api::answer_from_json(text), kFailover);
  });
}

Asked<api::Answer> FailoverClient::move(const api::Move& wish) const {
  return post("/v1/move", api::to_json(wish));
}

Asked<api::Answer> FailoverClient::drain() const {
  return post("/v1/drain", {});
}

Asked<api::Answer> FailoverClient::serve() const {
  return post("/v1/serve", {});
}

}  // namespace cw::cli
