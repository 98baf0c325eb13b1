// SPDX-License-Identifier: Apache-2.0
#include "router/agent/metrics_server.h"

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "router/agent/runtime_folder.h"

namespace cw::agent {

Result<std::unique_ptr<MetricsServer>> MetricsServer::create(const Loop& loop, Journal& journal,
                                                             net::SocketAddress address,
                                                             Answer answer) {
  std::unique_ptr<MetricsServer> server(
      new MetricsServer(loop, journal, address, std::move(answer)));
  server->retry_ =
      CW_TRY(Timer::create(loop, "metrics_listen", [raw = server.get()] { raw->attempt(); }));
  server->attempt();
  return server;
}

Result<> MetricsServer::listen() {
  auto socket = CW_TRY(listen_tcp(address_));
  server_ =
      CW_TRY(HttpServer::create(loop_, std::move(socket), "metrics", {},
                                [this](const Request& request, const HttpServer::Respond& respond) {
                                  respond(answer_(request));
                                }));
  return {};
}

void MetricsServer::attempt() {
  auto listening = listen();
  if (listening) {
    if (std::exchange(error_, std::nullopt)) {
      journal_.write(Level::Notice, Event::Settled,
                     fmt::format("metrics are served on {} now", address_.to_text()));
    }
    return;
  }
  if (!error_) {
    journal_.write(Level::Warning, Event::Trouble,
                   listening.error().to_text() + "; it is tried again by itself");
  }
  error_ = std::move(listening).error();
  retry_.arm_in(retries_.next());
}

std::optional<api::Problem> MetricsServer::problem() const {
  if (!error_) {
    return std::nullopt;
  }
  const bool taken = error_->os == EADDRINUSE;
  return api::Problem{
      .severity = api::Severity::Warning,
      .text = error_->to_text(),
      .hint = taken ? "another program has this TCP port (`ss -tlpn` shows it): stop it, or name "
                      "another one; it is tried again by itself"
                    : "it is tried again by itself"};
}

}  // namespace cw::agent
