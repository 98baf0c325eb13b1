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

constexpr Server kAgent{.what = "the agent", .program = "causewayd", .option = "--socket"};

Trouble trouble_of(const Error& error, const Server& server) {
  if (error.kind == ErrorKind::NotFound) {
    return {.message = error.to_text(),
            .hint = fmt::format("{0} is not running: `sudo systemctl start {1}` starts it, and "
                                "`systemctl status {1}` tells why it does not stay; {2} names "
                                "another one's socket",
                                server.what, server.program, server.option),
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

}  // namespace

Asked<std::string> ask(const Server& server, const std::string& socket, std::string_view method,
                       std::string_view path, std::string_view body) {
  auto response = exchange(socket, method, path, body);
  if (!response) {
    return tl::unexpected(trouble_of(response.error(), server));
  }
  if (response->status == kOk) {
    return std::move(response->body);
  }
  auto refused = api::refused_from_json(response->body);
  if (!refused) {
    return tl::unexpected(
        Trouble{.message = fmt::format("{} answers with status {}", server.what, response->status),
                .hint = fmt::format("is this the socket of a {}?", server.program)});
  }
  return tl::unexpected(
      Trouble{.message = std::move(refused->message),
              .hint = std::move(refused->hint),
              .exit_status = response->status == kForbidden ? kNotPermitted : kFailed});
}

Asked<std::string> AgentClient::ask(std::string_view method, std::string_view path,
                                    std::string_view body) const {
  return cli::ask(kAgent, socket_, method, path, body);
}

Asked<std::string> AgentClient::status_json() const {
  return ask("GET", "/v1/status");
}

Asked<api::Status> AgentClient::status() const {
  return status_json().and_then(
      [](const std::string& text) { return understood(api::status_from_json(text), kAgent); });
}

namespace {

Asked<api::Answer> to_answer(const Asked<std::string>& text) {
  return text.and_then(
      [](const std::string& t) { return understood(api::answer_from_json(t), kAgent); });
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
