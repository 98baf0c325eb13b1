// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "net/endpoint.h"
#include "router/agent/backoff.h"
#include "router/agent/http_server.h"
#include "router/agent/journal.h"
#include "router/agent/loop.h"
#include "router/api/status.h"

// /metrics on a TCP port of its own (metrics_listen in router.toml). A port in use, or an address
// that no interface has yet, is no reason to stop routing: it is tried again by itself, and
// meanwhile a problem in the status.
namespace cw::agent {

class MetricsServer {
 public:
  // A monitor scrapes every 15 s or so: it misses one.
  static constexpr std::chrono::milliseconds kFirstRetry{1000};
  static constexpr std::chrono::milliseconds kLongestRetry{30000};

  // To each request, at once (answer_metrics_only()).
  using Answer = std::function<Reply(const Request&)>;

  // Loop and journal outlive this.
  static Result<std::unique_ptr<MetricsServer>> create(const Loop& loop, Journal& journal,
                                                       net::SocketAddress address, Answer answer);

  [[nodiscard]] std::optional<api::Problem> problem() const;

 private:
  MetricsServer(const Loop& loop, Journal& journal, net::SocketAddress address, Answer answer)
      : loop_(loop), journal_(journal), address_(address), answer_(std::move(answer)) {}

  void attempt();
  Result<> listen();

  const Loop& loop_;
  Journal& journal_;
  net::SocketAddress address_;
  Answer answer_;
  Backoff retries_{kFirstRetry, kLongestRetry};
  Timer retry_;
  std::optional<Error> error_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace cw::agent
