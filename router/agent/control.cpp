// SPDX-License-Identifier: Apache-2.0
#include "router/agent/control.h"

#include <array>

#include <fmt/format.h>

#include "router/agent/metrics.h"
#include "router/api/json.h"

namespace cw::agent {

namespace {

// HTTP status codes, RFC 9110 section 15.
enum Code : unsigned {
  kOk = 200,
  kBadRequest = 400,
  kForbidden = 403,
  kNotFound = 404,
  kMethodNotAllowed = 405,
};

constexpr auto kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

enum class Changes : std::uint8_t { No, Yes };

struct Verb {
  std::string_view path;
  std::string_view method;
  Changes changes;
  Reply (*answer)(const Request&, Requests&);
};

Reply refuse(unsigned code, std::string message, std::string hint) {
  return {
      .status = code,
      .body = api::to_json(api::Refused{.message = std::move(message), .hint = std::move(hint)})};
}

Reply plan_candidate(const Request& request, Requests& requests) {
  const auto answer = requests.plan(request.body);
  if (!answer) {
    return refuse(kBadRequest, answer.error().to_text(),
                  "send a netmap as `causeway plan DIR` does");
  }
  return {.body = api::to_json(*answer)};
}

Reply metrics(Requests& requests) {
  return {.content_type = kMetricsType, .body = to_metrics(requests.status())};
}

constexpr std::array kVerbs{
    Verb{"/v1/status", "GET", Changes::No,
         [](const Request&, Requests& r) { return Reply{.body = api::to_json(r.status())}; }},
    Verb{"/v1/plan", "GET", Changes::No,
         [](const Request&, Requests& r) { return Reply{.body = api::to_json(r.plan())}; }},
    Verb{"/v1/plan", "POST", Changes::No, plan_candidate},
    Verb{"/v1/reload", "POST", Changes::Yes,
         [](const Request&, Requests& r) { return Reply{.body = api::to_json(r.reload())}; }},
    Verb{"/v1/down", "POST", Changes::Yes,
         [](const Request&, Requests& r) { return Reply{.body = api::to_json(r.down())}; }},
    Verb{"/metrics", "GET", Changes::No, [](const Request&, Requests& r) { return metrics(r); }},
};

Reply not_permitted(const Request& request) {
  const auto who =
      request.caller ? fmt::format("user {}", request.caller->uid) : std::string("the caller");
  return refuse(kForbidden, fmt::format("{} may look at this router but not change it", who),
                "use sudo, or have root add you to the group: usermod -aG causeway USER, and "
                "log in again");
}

}  // namespace

Reply answer(const Request& request, std::optional<gid_t> group, Requests& requests) {
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
      return not_permitted(request);
    }
    return verb.answer(request, requests);
  }
  if (methods.empty()) {
    return refuse(kNotFound, fmt::format("there is no {}", request.path),
                  "GET /v1/status, GET or POST /v1/plan, POST /v1/reload, POST /v1/down, "
                  "GET /metrics");
  }
  auto reply =
      refuse(kMethodNotAllowed, fmt::format("{} does not answer {}", request.path, request.method),
             fmt::format("use {}", methods));
  reply.allow = methods;
  return reply;
}

Reply answer_metrics_only(const Request& request, Requests& requests) {
  if (request.path != "/metrics") {
    return {.status = kNotFound, .content_type = "text/plain", .body = "only /metrics is here\n"};
  }
  if (request.method != "GET") {
    return {.status = kMethodNotAllowed,
            .content_type = "text/plain",
            .body = "use GET\n",
            .allow = "GET"};
  }
  return metrics(requests);
}

}  // namespace cw::agent
