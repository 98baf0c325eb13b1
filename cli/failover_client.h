// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/agent_client.h"
#include "router/api/failover_status.h"

// causeway-failover's verbs, over its control socket.
namespace cw::cli {

inline constexpr auto kDefaultFailoverSocket = "/run/causeway-failover/control.sock";

class FailoverClient {
 public:
  explicit FailoverClient(std::string socket) : socket_(std::move(socket)) {}

  [[nodiscard]] Asked<api::FailoverStatus> status() const;
  [[nodiscard]] Asked<std::string> status_json() const;
  [[nodiscard]] Asked<api::Answer> move(const api::Move& wish) const;
  [[nodiscard]] Asked<api::Answer> drain() const;
  [[nodiscard]] Asked<api::Answer> serve() const;

 private:
  [[nodiscard]] Asked<api::Answer> post(std::string_view path, std::string_view body) const;

  std::string socket_;
};

}  // namespace cw::cli
