// SPDX-License-Identifier: Apache-2.0
#include "fetch/http/client.h"

#include <map>
#include <utility>

#include "fetch/http/curl.h"
#include "fetch/http/transfer.h"

namespace cw::fetch {

namespace {

// The netmap and the revocations come from one server.
constexpr long kKeptConnections = 2;

class CurlClient final : public HttpClient {
 public:
  explicit CurlClient(Trust trust) : trust_(std::move(trust)) {}

  ~CurlClient() override {
    for (const auto& [easy, exchange] : running_) {
      multi_->remove(easy);
    }
  }

  CurlClient(const CurlClient&) = delete;
  CurlClient& operator=(const CurlClient&) = delete;
  CurlClient(CurlClient&&) = delete;
  CurlClient& operator=(CurlClient&&) = delete;

  Result<> start(EventLoop& loop) {
    multi_ = CW_TRY(CurlMulti::create(loop, kKeptConnections,
                                      [this](CURL* easy, CURLcode code) { finish(easy, code); }));
    return {};
  }

  Result<> get(Request request, Done done) override {
    auto transfer = CW_TRY(Transfer::get(std::move(request), trust_));
    auto* easy = transfer->handle();
    CW_TRY(multi_->add(easy));
    running_.emplace(easy, Exchange{.transfer = std::move(transfer), .done = std::move(done)});
    return {};
  }

  void on_ready(int fd, bool readable, bool writable) override {
    multi_->on_ready(fd, readable, writable);
  }

  void on_time() override { multi_->on_time(); }

 private:
  struct Exchange {
    std::unique_ptr<Transfer> transfer;
    Done done;
  };

  // A callback may begin the next exchange.
  void finish(CURL* easy, CURLcode code) {
    auto exchange = running_.extract(easy);
    if (!exchange.empty()) {
      auto answer = exchange.mapped().transfer->finish(code);
      exchange.mapped().transfer.reset();
      exchange.mapped().done(std::move(answer));
    }
  }

  Trust trust_;
  std::unique_ptr<CurlMulti> multi_;
  std::map<CURL*, Exchange> running_;
};

}  // namespace

Result<std::unique_ptr<HttpClient>> HttpClient::create(EventLoop& loop, Trust trust) {
  auto client = std::make_unique<CurlClient>(std::move(trust));
  CW_TRY(client->start(loop));
  return std::unique_ptr<HttpClient>(std::move(client));
}

}  // namespace cw::fetch
