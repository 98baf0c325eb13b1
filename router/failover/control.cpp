// SPDX-License-Identifier: Apache-2.0
#include "router/failover/control.h"

#include <array>

#include <fmt/format.h>

#include "router/agent/access.h"
#include "router/agent/metrics_text.h"
#include "router/api/json.h"
#include "router/failover/metrics.h"

namespace cw::failover {

namespace {

using agent::HttpServer;
using agent::Reply;
using agent::Request;

// HTTP status codes, RFC 9110 section 15.
constexpr unsigned kBadRequest = 400;
constexpr unsigned kForbidden = 403;
constexpr unsigned kNotFound = 404;
constexpr unsigned kMethodNotAllowed = 405;

struct Verb {
  std::string_view path;
  std::string_view method;
  bool changes = false;
  void (*answer)(const Request&, Requests&, const HttpServer::Respond&);
};

Reply refuse(unsigned code, std::string message, std::string hint) {
  return {
      .status = code,
      .body = api::to_json(api::Refused{.message = std::move(message), .hint = std::move(hint)})};
}

Requests::Done as_reply(const HttpServer::Respond& respond) {
  return [respond](const api::Answer& answer) { respond({.body = api::to_json(answer)}); };
}

void status(const Request& /*request*/, Requests& requests, const HttpServer::Respond& respond) {
  respond({.body = api::to_json(requests.status())});
}

void move(const Request& request, Requests& requests, const HttpServer::Respond& respond) {
  const auto wish = api::move_from_json(request.body);
  if (request.too_large || !wish) {
    respond(refuse(kBadRequest, wish ? "the request is too large" : wish.error().to_text(),
                   "send {\"gateway\":\"NAME\",\"to\":\"ROUTER\"}"));
    return;
  }
  requests.move(*wish, as_reply(respond));
}

void drain(const Request& /*request*/, Requests& requests, const HttpServer::Respond& respond) {
  requests.drain(true, as_reply(respond));
}

void serve(const Request& /*request*/, Requests& requests, const HttpServer::Respond& respond) {
  requests.drain(false, as_reply(respond));
}

void metrics(const Request& /*request*/, Requests& requests, const HttpServer::Respond& respond) {
  respond({.content_type = agent::kMetricsType, .body = to_metrics(requests.status())});
}

constexpr std::array kVerbs{
    Verb{.path = "/v1/failover", .method = "GET", .changes = false, .answer = status},
    Verb{.path = "/v1/move", .method = "POST", .changes = true, .answer = move},
    Verb{.path = "/v1/drain", .method = "POST", .changes = true, .answer = drain},
    Verb{.path = "/v1/serve", .method = "POST", .changes = true, .answer = serve},
    Verb{.path = "/metrics", .method = "GET", .changes = false, .answer = metrics},
};

}  // namespace

void answer(const Request& request, std::optional<gid_t> group, Requests& requests,
            const HttpServer::Respond& respond) {
  const Verb* found = nullptr;
  for (const Verb& verb : kVerbs) {
    if (verb.path == request.path) {
      found = &verb;
    }
  }
  if (found == nullptr) {
    respond(
        refuse(kNotFound, fmt::format("there is no {}", request.path),
               "GET /v1/failover, POST /v1/move, POST /v1/drain, POST /v1/serve, GET /metrics"));
    return;
  }
  if (found->method != request.method) {
    auto reply = refuse(kMethodNotAllowed,
                        fmt::format("{} does not answer {}", request.path, request.method),
                        fmt::format("use {}", found->method));
    reply.allow = found->method;
    respond(std::move(reply));
    return;
  }
  if (found->changes && !(request.caller && agent::may_change(*request.caller, group))) {
    respond(refuse(kForbidden, "you may look at failover but not change it",
                   "use sudo, or have root add you to the group: usermod -aG causeway USER, and "
                   "log in again"));
    return;
  }
  found->answer(request, requests, respond);
}

}  // namespace cw::failover
