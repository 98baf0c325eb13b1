// SPDX-License-Identifier: Apache-2.0
#include "router/agent/http_server.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include <microhttpd.h>

namespace cw::agent {

namespace {

// Request line and headers, of which ours have a dozen short ones, and a piece of the body.
constexpr std::size_t kConnectionMemory = 32768;

// A quarter of the largest body, some milliseconds.
constexpr int kRunsAtOnce = 256;

// A request and its way to an answer, which may outlive neither the server nor the connection.
struct Exchange {
  Request request;
  MHD_Connection* connection = nullptr;
  std::optional<Reply> reply;
  bool asked = false;
  bool suspended = false;
  bool over = false;
};

class MicroHttpServer final : public HttpServer {
 public:
  MicroHttpServer(HttpLimits limits, Handler handler)
      : limits_(limits), handler_(std::move(handler)) {}

  ~MicroHttpServer() override {
    source_ = {};
    *alive_ = false;
    for (const auto& exchange : suspended_) {
      MHD_resume_connection(exchange->connection);  // libmicrohttpd does not stop before
    }
    if (daemon_ != nullptr) {
      MHD_stop_daemon(daemon_);  // closes the listening socket
    }
  }

  MicroHttpServer(const MicroHttpServer&) = delete;
  MicroHttpServer& operator=(const MicroHttpServer&) = delete;
  MicroHttpServer(MicroHttpServer&&) = delete;
  MicroHttpServer& operator=(MicroHttpServer&&) = delete;

  Result<> start(const Loop& loop, UniqueFd listening, const std::string& name) {
    daemon_ = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, nullptr, nullptr, on_request, this,  //
        MHD_OPTION_LISTEN_SOCKET, static_cast<MHD_socket>(listening.get()),               //
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, kConnectionMemory,                            //
        MHD_OPTION_CONNECTION_LIMIT, limits_.connections,                                 //
        MHD_OPTION_CONNECTION_TIMEOUT, static_cast<unsigned>(limits_.timeout.count()),    //
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, nullptr,                               //
        MHD_OPTION_END);
    if (daemon_ == nullptr) {
      return Error::make(ErrorKind::Exhausted, "cannot serve HTTP on " + name);
    }
    (void)listening.release();  // MHD_stop_daemon closes it
    const auto* info = MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == nullptr || info->epoll_fd < 0) {
      return Error::make(ErrorKind::Bug, "libmicrohttpd has no epoll descriptor");
    }
    timer_ = CW_TRY(Timer::create(loop, "timeouts of " + name, [this] { serve(); }));
    source_ = CW_TRY(ReadableSource::create(loop, info->epoll_fd, name, [this] { serve(); }));
    return {};
  }

 private:
  // One run reads at most kConnectionMemory of a body; a long one goes on at once, but not so long
  // that the rest of the loop waits for it.
  void serve() {
    for (int runs = 0; runs < kRunsAtOnce; ++runs) {
      (void)MHD_run(daemon_);  // fails for a daemon with threads only
      MHD_UNSIGNED_LONG_LONG milliseconds = 0;
      if (MHD_get_timeout(daemon_, &milliseconds) != MHD_YES) {
        timer_.disarm();
        return;
      }
      timer_.arm_in(std::chrono::milliseconds(milliseconds));
      if (milliseconds > 0) {
        return;
      }
    }
  }

  static MHD_Result on_request(void* self, MHD_Connection* connection, const char* url,
                               const char* method, const char* /*version*/, const char* data,
                               std::size_t* size, void** state) {
    return static_cast<MicroHttpServer*>(self)->take(connection, url, method, data, size, state);
  }

  static void on_completed(void* /*self*/, MHD_Connection* /*connection*/, void** state,
                           MHD_RequestTerminationCode /*why*/) {
    auto* exchange = static_cast<std::shared_ptr<Exchange>*>(*state);
    if (exchange != nullptr) {
      (*exchange)->over = true;
    }
    delete exchange;
    *state = nullptr;
  }

  // Called once with the headers, for each part of the body, and once more at its end.
  MHD_Result take(MHD_Connection* connection, const char* url, const char* method, const char* data,
                  std::size_t* size, void** state) {
    if (*state == nullptr) {
      auto exchange = std::make_shared<Exchange>();
      exchange->request = {.method = method, .path = url, .body = {}, .caller = {}};
      exchange->connection = connection;
      *state = new std::shared_ptr<Exchange>(std::move(exchange));
      return MHD_YES;
    }
    const auto exchange = *static_cast<std::shared_ptr<Exchange>*>(*state);
    auto& request = exchange->request;
    if (*size > 0) {
      request.too_large = request.too_large || request.body.size() + *size > limits_.body;
      if (request.too_large) {
        request.body = {};
      } else {
        request.body.append(data, *size);
      }
      *size = 0;
      return MHD_YES;
    }
    if (!exchange->asked) {
      exchange->asked = true;
      request.caller = caller(connection);
      handler_(request, [this, exchange, alive = alive_](Reply reply) {
        if (*alive) {
          take_reply(exchange, std::move(reply));
        }
      });
    }
    if (exchange->reply) {
      return send(connection, *exchange->reply);
    }
    exchange->suspended = true;
    suspended_.insert(exchange);
    MHD_suspend_connection(connection);
    return MHD_YES;
  }

  void take_reply(const std::shared_ptr<Exchange>& exchange, Reply reply) {
    if (exchange->over || exchange->reply) {
      return;
    }
    exchange->reply = std::move(reply);
    if (std::exchange(exchange->suspended, false)) {
      suspended_.erase(exchange);
      MHD_resume_connection(exchange->connection);
      timer_.arm_in(std::chrono::milliseconds(0));
    }
  }

  static std::optional<Caller> caller(MHD_Connection* connection) {
    const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info == nullptr) {
      return std::nullopt;
    }
    auto known = caller_of(info->connect_fd);
    return known ? std::optional<Caller>(std::move(*known)) : std::nullopt;
  }

  static MHD_Result send(MHD_Connection* connection, const Reply& reply) {
    MHD_Response* response = MHD_create_response_from_buffer(
        reply.body.size(),
        const_cast<char*>(reply.body.data()),  // NOLINT: it is copied, the API is old
        MHD_RESPMEM_MUST_COPY);
    if (response == nullptr) {
      return MHD_NO;  // closes the connection
    }
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                  reply.content_type.c_str());
    if (!reply.allow.empty()) {
      (void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, reply.allow.c_str());
    }
    const MHD_Result queued = MHD_queue_response(connection, reply.status, response);
    MHD_destroy_response(response);
    return queued;
  }

  HttpLimits limits_;
  Handler handler_;
  MHD_Daemon* daemon_ = nullptr;
  std::set<std::shared_ptr<Exchange>> suspended_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  Timer timer_;
  ReadableSource source_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::create(const Loop& loop, UniqueFd listening,
                                                       const std::string& name, HttpLimits limits,
                                                       Handler handler) {
  auto server = std::make_unique<MicroHttpServer>(limits, std::move(handler));
  CW_TRY(server->start(loop, std::move(listening), name));
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace cw::agent
