// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

#include "base/result.h"
#include "router/api/status.h"

// The agent's verbs, over its control socket. What goes wrong comes with what to do about it.
namespace cw::cli {

inline constexpr auto kDefaultSocket = "/run/causeway/control.sock";

// Exit statuses, in causeway(1). Those above 63 are of sysexits.h.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kChangesPending = 2;
inline constexpr int kDenied = 2;
inline constexpr int kUsage = 64;
inline constexpr int kNoAgent = 69;
inline constexpr int kNotPermitted = 77;

struct Trouble {
  std::string message;
  std::string hint;
  int exit_status = kFailed;

  friend bool operator==(const Trouble&, const Trouble&) = default;
};

template <class T>
using Asked = tl::expected<T, Trouble>;

// Whose control socket it is, in the hints.
struct Server {
  std::string_view what;     // "the agent"
  std::string_view program;  // also its unit
  std::string_view option;   // that names another socket
};

// One request, and the body of its answer. What goes wrong comes with what to do about it.
[[nodiscard]] Asked<std::string> ask(const Server& server, const std::string& socket,
                                     std::string_view method, std::string_view path,
                                     std::string_view body);

template <class T>
Asked<T> understood(Result<T> result, const Server& server) {
  if (!result) {
    return tl::unexpected(Trouble{
        .message = result.error().to_text(),
        .hint = "are `causeway` and `" + std::string(server.program) + "` of one version?"});
  }
  return std::move(*result);
}

class AgentClient {
 public:
  explicit AgentClient(std::string socket) : socket_(std::move(socket)) {}

  [[nodiscard]] Asked<api::Status> status() const;
  [[nodiscard]] Asked<std::string> status_json() const;
  [[nodiscard]] Asked<api::Answer> plan() const;
  [[nodiscard]] Asked<api::Answer> plan(std::string_view netmap_json) const;
  [[nodiscard]] Asked<api::Answer> reload() const;
  [[nodiscard]] Asked<api::Answer> down() const;
  [[nodiscard]] Asked<api::Answer> revoke(const std::string& peer) const;

 private:
  [[nodiscard]] Asked<std::string> ask(std::string_view method, std::string_view path,
                                       std::string_view body = {}) const;

  std::string socket_;
};

}  // namespace cw::cli
