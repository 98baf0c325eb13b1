// SPDX-License-Identifier: Apache-2.0
#include "cli/agent_client.h"

#include <fmt/format.h>

#include "cli/http_client.h"
#include "router/api/json.h"

namespace cw::cli {

namespace {

// RFC 9110 section 15.
constexpr unsigned kOk = 200;
constexpr unsigned kForbidden = 403;

Trouble trouble_of(const Error& error) {
  if (error.kind == ErrorKind::NotFound) {
    return {.message = error.to_text(),
            .hint =
                "the agent is not running: `sudo systemctl start causewayd` starts it, and "
                "`systemctl status causewayd` tells why it does not stay; --socket names "
                "another agent's socket",
            .exit_status = kNoAgent};
  }
  if (error.kind == ErrorKind::Permission) {
    return {.message = error.to_text(),
            .hint =
                "use sudo, or have root add you to the group: `usermod -aG causeway USER`, "
                "and log in again",
            .exit_status = kNotPermitted};
  }
  return {.message = error.to_text(), .hint = {}};
}

template <class T>
Asked<T> understood(Result<T> result) {
  if (!result) {
    return tl::unexpected(Trouble{.message = result.error().to_text(),
                                  .hint = "are `causeway` and `causewayd` of one version?"});
  }
  return std::move(*result);
}

}  // namespace

Asked<std::string> AgentClient::ask(std::string_view method, std::string_view path,
                                    std::string_view body) const {
  auto response = exchange(socket_, method, path, body);
  if (!response) {
    return tl::unexpected(trouble_of(response.error()));
  }
  if (response->status == kOk) {
    return std::move(response->body);
  }
  auto refused = api::refused_from_json(response->body);
  if (!refused) {
    return tl::unexpected(
        Trouble{.message = fmt::format("the agent answers with status {}", response->status),
                .hint = "is this a causewayd's socket?"});
  }
  return tl::unexpected(
      Trouble{.message = std::move(refused->message),
              .hint = std::move(refused->hint),
              .exit_status = response->status == kForbidden ? kNotPermitted : kFailed});
}

Asked<std::string> AgentClient::status_json() const {
  return ask("GET", "/v1/status");
}

Asked<api::Status> AgentClient::status() const {
  return status_json().and_then(
      [](const std::string& text) { return understood(api::status_from_json(text)); });
}

namespace {

Asked<api::Answer> to_answer(const Asked<std::string>& text) {
  return text.and_then([](const std::string& t) { return understood(api::answer_from_json(t)); });
}

}  // namespace

Asked<api::Answer> AgentClient::plan() const {
  return to_answer(ask("GET", "/v1/plan"));
}

Asked<api::Answer> AgentClient::plan(std::string_view netmap_json) const {
  return to_answer(ask("POST", "/v1/plan", netmap_json));
}

Asked<api::Answer> AgentClient::reload() const {
  return to_answer(ask("POST", "/v1/reload"));
}

Asked<api::Answer> AgentClient::down() const {
  return to_answer(ask("POST", "/v1/down"));
}

Asked<api::Answer> AgentClient::revoke(const std::string& peer) const {
  return to_answer(ask("POST", "/v1/revoke", api::to_json(api::Revoke{.peer = peer})));
}

}  // namespace cw::cli
