// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <sys/types.h>

#include "router/agent/http_server.h"
#include "router/api/failover_status.h"
#include "router/api/status.h"

// The control socket's verbs: which request is whose, who may make it, and what is answered to one
// that is wrong.
//
//   GET  /v1/failover   anybody who can open the socket
//   GET  /metrics       likewise
//   POST /v1/move       root and group causeway; body: {"gateway":"prod-a","to":"router-b"}
//   POST /v1/drain      root and group causeway: hand over everything and take nothing
//   POST /v1/serve      root and group causeway: take part again
namespace cw::failover {

// A wish names a gateway and a router.
inline constexpr std::size_t kLargestWish = 4096;

class Requests {
 public:
  using Done = std::function<void(api::Answer)>;

  virtual ~Requests() = default;

  [[nodiscard]] virtual api::FailoverStatus status() = 0;
  // `done` is called once, when it is settled.
  virtual void move(const api::Move& wish, Done done) = 0;
  virtual void drain(bool on, Done done) = 0;
};

// `group`: whose members may change things.
void answer(const agent::Request& request, std::optional<gid_t> group, Requests& requests,
            const agent::HttpServer::Respond& respond);

}  // namespace cw::failover
