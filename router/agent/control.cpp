// SPDX-License-Identifier: Apache-2.0
#include "router/agent/control.h"

#include <array>

#include <fmt/format.h>

#include "router/agent/metrics.h"
#include "router/agent/metrics_text.h"
#include "router/api/json.h"

namespace cw::agent {

namespace {

// HTTP status codes, RFC 9110 section 15.
constexpr unsigned kBadRequest = 400;
constexpr unsigned kForbidden = 403;
constexpr unsigned kNotFound = 404;
constexpr unsigned kMethodNotAllowed = 405;
constexpr unsigned kContentTooLarge = 413;

enum class Changes : std::uint8_t { No, Yes };

struct Verb {
  std::string_view path;
  std::string_view method;
  Changes changes;
  void (*answer)(const Request&, Requests&, const HttpServer::Respond&);
};

Reply refuse(unsigned code, std::string message, std::string hint) {
  return {
      .status = code,
      .body = api::to_json(api::Refused{.message = std::move(message), .hint = std::move(hint)})};
}

void plan_candidate(const Request& request, Requests& requests,
                    const HttpServer::Respond& respond) {
  const auto answer = requests.plan(request.body);
  if (!answer) {
    respond(
        refuse(kBadRequest, answer.error().to_text(), "send a netmap as `causeway plan DIR` does"));
    return;
  }
  respond({.body = api::to_json(*answer)});
}

void status(const Request& /*request*/, Requests& requests, const HttpServer::Respond& respond) {
  respond({.body = api::to_json(requests.status())});
}

void plan_in_force(const Request& /*request*/, Requests& requests,
                   const HttpServer::Respond& respond) {
  respond({.body = api::to_json(requests.plan())});
}

void reload(const Request& /*request*/, Requests& requests, const HttpServer::Respond& respond) {
  requests.reload(
      [respond](const api::Answer& answer) { respond({.body = api::to_json(answer)}); });
}

void down(const Request& /*request*/, Requests& requests, const HttpServer::Respond& respond) {
  respond({.body = api::to_json(requests.down())});
}

void revoke(const Request& request, Requests& requests, const HttpServer::Respond& respond) {
  const auto wish = api::revoke_from_json(request.body);
  if (!wish) {
    respond(refuse(kBadRequest, wish.error().to_text(), "send {\"peer\":\"NAME\"}"));
    return;
  }
  respond({.body = api::to_json(requests.revoke(wish->peer))});
}

Reply metrics_of(Requests& requests) {
  return {.content_type = kMetricsType, .body = to_metrics(requests.status())};
}

void metrics(const Request& /*request*/, Requests& requests, const HttpServer::Respond& respond) {
  respond(metrics_of(requests));
}

constexpr std::array kVerbs{
    Verb{.path = "/v1/status", .method = "GET", .changes = Changes::No, .answer = status},
    Verb{.path = "/v1/plan", .method = "GET", .changes = Changes::No, .answer = plan_in_force},
    Verb{.path = "/v1/plan", .method = "POST", .changes = Changes::No, .answer = plan_candidate},
    Verb{.path = "/v1/reload", .method = "POST", .changes = Changes::Yes, .answer = reload},
    Verb{.path = "/v1/down", .method = "POST", .changes = Changes::Yes, .answer = down},
    Verb{.path = "/v1/revoke", .method = "POST", .changes = Changes::Yes, .answer = revoke},
    Verb{.path = "/metrics", .method = "GET", .changes = Changes::No, .answer = metrics},
};

Reply not_permitted(const Request& request) {
  const auto who =
      request.caller ? fmt::format("user {}", request.caller->uid) : std::string("the caller");
  return refuse(kForbidden, fmt::format("{} may look at this router but not change it", who),
                "use sudo, or have root add you to the group: usermod -aG causeway USER, and "
                "log in again");
}

Reply unknown(const Request& request, const std::string& methods) {
  if (methods.empty()) {
    return refuse(kNotFound, fmt::format("there is no {}", request.path),
                  "GET /v1/status, GET or POST /v1/plan, POST /v1/reload, POST /v1/down, "
                  "POST /v1/revoke, GET /metrics");
  }
  auto reply =
      refuse(kMethodNotAllowed, fmt::format("{} does not answer {}", request.path, request.method),
             fmt::format("use {}", methods));
  reply.allow = methods;
  return reply;
}

}  // namespace

void answer(const Request& request, std::optional<gid_t> group, Requests& requests,
            const HttpServer::Respond& respond) {
  std::string methods;
  for (const Verb& verb : kVerbs) {
    if (verb.path != request.path) {
      continue;
    }
    if (verb.method != request.method) {
      methods += fmt::format("{}{}", methods.empty() ? "" : ", ", verb.method);
      continue;
    }
    if (verb.changes == Changes::Yes && !(request.caller && may_change(*request.caller, group))) {
      respond(not_permitted(request));
    } else if (request.too_large) {
      respond(refuse(kContentTooLarge,
                     fmt::format("the request is larger than {} MiB", api::kLargestBody >> 20U),
                     "is it a netmap? `causeway check DIR` says what is wrong with a directory"));
    } else {
      verb.answer(request, requests, respond);
    }
    return;
  }
  respond(unknown(request, methods));
}

Reply answer_metrics_only(const Request& request, const std::function<std::string()>& metrics) {
  if (request.path != "/metrics") {
    return {.status = kNotFound, .content_type = "text/plain", .body = "only /metrics is here\n"};
  }
  if (request.method != "GET") {
    return {.status = kMethodNotAllowed,
            .content_type = "text/plain",
            .body = "use GET\n",
            .allow = "GET"};
  }
  return {.content_type = kMetricsType, .body = metrics()};
}

Reply answer_metrics_only(const Request& request, Requests& requests) {
  return answer_metrics_only(request, [&] { return to_metrics(requests.status()); });
}

}  // namespace cw::agent
