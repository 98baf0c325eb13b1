// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "router/agent/access.h"
#include "router/agent/loop.h"

// HTTP/1.1 on a listening socket of the caller's, served by the agent's own loop (libmicrohttpd,
// which is included in one file only). A request is answered at once, or later, while others are.
// Keeps no body over the limit; whoever answers is told. Refuses more connections than the limit,
// and clients that keep it waiting.
namespace cw::agent {

struct Request {
  std::string method;
  std::string path;
  std::string body;
  bool too_large = false;        // the body was over the limit and is not here
  std::optional<Caller> caller;  // unix sockets only
};

struct Reply {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::string allow;  // for 405: the methods there are
};

struct HttpLimits {
  std::size_t body = 0;  // bytes of a request's body
  unsigned connections = 32;
  std::chrono::seconds timeout{10};  // without a byte moving
};

class HttpServer {
 public:
  // Called once, from the handler or later; after the server is gone it does nothing.
  using Respond = std::function<void(Reply)>;
  using Handler = std::function<void(const Request&, Respond)>;

  static Result<std::unique_ptr<HttpServer>> create(const Loop& loop, UniqueFd listening,
                                                    const std::string& name, HttpLimits limits,
                                                    Handler handler);
  virtual ~HttpServer() = default;

  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  HttpServer(HttpServer&&) = delete;
  HttpServer& operator=(HttpServer&&) = delete;

 protected:
  HttpServer() = default;
};

}  // namespace cw::agent
