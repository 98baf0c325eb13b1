// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <sys/types.h>

#include "router/agent/http_server.h"
#include "router/api/status.h"

// The control socket's verbs: which request is whose, who may make it, and what is answered to one
// that is wrong. Knows nothing of sockets or the agent's insides.
//
//   GET  /v1/status    anybody who can open the socket
//   GET  /v1/plan      what the network in force would change
//   POST /v1/plan      what a candidate would change; body: a netmap as JSON
//   POST /v1/reload    root and group causeway
//   POST /v1/down      root and group causeway
//   POST /v1/revoke    root and group causeway; body: {"peer":"alice-laptop"}
//   GET  /metrics
namespace cw::agent {

// What the agent does when asked.
class Requests {
 public:
  virtual ~Requests() = default;

  [[nodiscard]] virtual api::Status status() = 0;
  [[nodiscard]] virtual api::Answer plan() = 0;
  // ErrorKind::Invalid: the candidate is no netmap.
  [[nodiscard]] virtual Result<api::Answer> plan(const std::string& candidate) = 0;
  // A network that is fetched takes a while; `done` is called once, also where it cannot be had.
  virtual void reload(std::function<void(api::Answer)> done) = 0;
  virtual api::Answer down() = 0;
  virtual api::Answer revoke(const std::string& peer) = 0;
};

// `group`: whose members may change things.
void answer(const Request& request, std::optional<gid_t> group, Requests& requests,
            const HttpServer::Respond& respond);

// The same for the metrics' own port: /metrics and nothing else. `metrics`: their text.
[[nodiscard]] Reply answer_metrics_only(const Request& request,
                                        const std::function<std::string()>& metrics);
[[nodiscard]] Reply answer_metrics_only(const Request& request, Requests& requests);

}  // namespace cw::agent
