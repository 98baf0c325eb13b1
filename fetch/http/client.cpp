// SPDX-License-Identifier: Apache-2.0
#include "fetch/http/client.h"

#include <map>
#include <utility>

#include <fmt/format.h>

#include "fetch/http/transfer.h"

namespace cw::fetch {

namespace {

// The netmap and the revocations come from one server.
constexpr long kKeptConnections = 2;

class CurlClient final : public HttpClient {
 public:
  CurlClient(EventLoop& loop, Trust trust) : loop_(loop), trust_(std::move(trust)) {}

  ~CurlClient() override {
    for (const auto& [easy, exchange] : running_) {
      (void)curl_multi_remove_handle(multi_, easy);
    }
    running_.clear();
    if (multi_ != nullptr) {
      (void)curl_multi_cleanup(multi_);
    }
  }

  CurlClient(const CurlClient&) = delete;
  CurlClient& operator=(const CurlClient&) = delete;
  CurlClient(CurlClient&&) = delete;
  CurlClient& operator=(CurlClient&&) = delete;

  Result<> start() {
    multi_ = curl_multi_init();
    const bool ready =
        multi_ != nullptr &&
        curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlClient::on_socket) == CURLM_OK &&
        curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this) == CURLM_OK &&
        curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlClient::on_timer) == CURLM_OK &&
        curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this) == CURLM_OK &&
        curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kKeptConnections) == CURLM_OK;
    if (!ready) {
      return Error::make(ErrorKind::Exhausted, "libcurl cannot be prepared for fetching");
    }
    return {};
  }

  Result<> get(Request request, Done done) override {
    auto transfer = CW_TRY(Transfer::get(std::move(request), trust_));
    auto* easy = transfer->handle();
    if (const auto code = curl_multi_add_handle(multi_, easy); code != CURLM_OK) {
      return Error::make(ErrorKind::Bug,
                         fmt::format("cannot begin to fetch: {}", curl_multi_strerror(code)));
    }
    running_.emplace(easy, Exchange{.transfer = std::move(transfer), .done = std::move(done)});
    return {};
  }

  void on_ready(int fd, bool readable, bool writable) override {
    act(fd, (readable ? CURL_CSELECT_IN : 0) | (writable ? CURL_CSELECT_OUT : 0));
  }

  void on_time() override { act(CURL_SOCKET_TIMEOUT, 0); }

 private:
  struct Exchange {
    std::unique_ptr<Transfer> transfer;
    Done done;
  };

  void act(curl_socket_t socket, int events) {
    int left = 0;
    (void)curl_multi_socket_action(multi_, socket, events, &left);
    finish();
  }

  // A callback may begin the next exchange.
  void finish() {
    int left = 0;
    while (const auto* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) {
        continue;
      }
      const auto code = message->data.result;
      auto exchange = running_.extract(message->easy_handle);
      (void)curl_multi_remove_handle(multi_, message->easy_handle);
      if (!exchange.empty()) {
        auto answer = exchange.mapped().transfer->finish(code);
        exchange.mapped().transfer.reset();
        exchange.mapped().done(std::move(answer));
      }
    }
  }

  static int on_socket(CURL* /*easy*/, curl_socket_t socket, int what, void* self,
                       void* /*of_socket*/) {
    auto& loop = static_cast<CurlClient*>(self)->loop_;
    switch (what) {
      case CURL_POLL_IN:
        loop.watch(socket, EventLoop::Interest::Read);
        break;
      case CURL_POLL_OUT:
        loop.watch(socket, EventLoop::Interest::Write);
        break;
      case CURL_POLL_INOUT:
        loop.watch(socket, EventLoop::Interest::Both);
        break;
      default:
        loop.watch(socket, EventLoop::Interest::None);
        break;
    }
    return 0;
  }

  static int on_timer(CURLM* /*multi*/, long milliseconds, void* self) {
    auto& loop = static_cast<CurlClient*>(self)->loop_;
    loop.wake_in(milliseconds < 0 ? std::nullopt
                                  : std::optional(std::chrono::milliseconds(milliseconds)));
    return 0;
  }

  EventLoop& loop_;
  Trust trust_;
  CURLM* multi_ = nullptr;
  std::map<CURL*, Exchange> running_;
};

}  // namespace

Result<std::unique_ptr<HttpClient>> HttpClient::create(EventLoop& loop, Trust trust) {
  auto client = std::make_unique<CurlClient>(loop, std::move(trust));
  CW_TRY(client->start());
  return std::unique_ptr<HttpClient>(std::move(client));
}

}  // namespace cw::fetch
