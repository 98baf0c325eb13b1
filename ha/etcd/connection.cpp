// SPDX-License-Identifier: Apache-2.0
#include "ha/etcd/connection.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "net/key.h"

namespace cw::ha::etcd {

namespace {

// One for the requests of each of a few gateways, which come at the same time, and the watch's.
constexpr long kKeptConnections = 8;

// A login costs etcd some tenths of a second (bcrypt), so it may take longer than a request, and
// one that was turned away is not repeated at each request.
constexpr Duration kLoginPatience{2000};
constexpr Duration kLoginPause{2000};
// Nor is one that was let in, where etcd says a moment later that it does not know the token.
constexpr Duration kLoginSpacing{500};

constexpr long kOk = 200;

}  // namespace

Connection::~Connection() {
  for (const auto& [easy, call] : calls_) {
    multi_->remove(easy);
  }
}

Result<> Connection::start(fetch::EventLoop& loop) {
  multi_ = CW_TRY(fetch::CurlMulti::create(
      loop, kKeptConnections, [this](CURL* easy, CURLcode code) { finish(easy, code); }));
  if (lacks_token()) {
    login();
  }
  return {};
}

bool Connection::lacks_token() {
  return !config_.user.empty() && token_.size() == 0;
}

void Connection::deliver() {
  for (auto left = ready_.size(); left > 0; --left) {
    auto [done, answered] = std::move(ready_.front());
    ready_.pop_front();
    done(std::move(answered));
  }
}

void Connection::post(const char* path, const std::string& body, Done done) {
  attempt(path, body, Kind::Request, nullptr, std::move(done));
}

void Connection::stream(const char* path, const std::string& body, Exchange::Piece piece,
                        Done done) {
  attempt(path, body, Kind::Stream, std::move(piece), std::move(done));
}

void Connection::attempt(const char* path, const std::string& body, Kind kind,
                         Exchange::Piece piece, Done done) {
  Answered refused;
  if (lacks_token()) {
    login();
    refused.waiting = !login_error_;
    refused.content = login_error_.value_or(
        Error::make(ErrorKind::Retryable, "the login to etcd is still under way"));
  } else if (auto begun = begin(path, net::Secret(body), kind, std::move(piece), done); begun) {
    return;
  } else {
    refused.content = std::move(begun.error());
  }
  ready_.emplace_back(std::move(done), std::move(refused));
}

void Connection::end_stream() {
  const auto found = std::ranges::find_if(
      calls_, [](const auto& call) { return call.second.kind == Kind::Stream; });
  if (found != calls_.end()) {
    multi_->remove(found->first);
    calls_.erase(found);
  }
}

void Connection::next_stream() {
  stream_endpoint_ = (stream_endpoint_ + 1) % config_.endpoints.size();
}

void Connection::next_endpoint() {
  endpoint_ = (endpoint_ + 1) % config_.endpoints.size();
}

Result<> Connection::same_cluster(const Header& header) {
  if (cluster_ == 0) {
    cluster_ = header.cluster;
  }
  if (header.cluster != cluster_) {
    return Error::invalid(
        fmt::format("this is another etcd cluster than before ({:x}, and it was {:x}), so nothing "
                    "it says is believed; correct the endpoints, or, if it replaces the other one, "
                    "restart failover on all routers of the site",
                    header.cluster, cluster_));
  }
  return {};
}

void Connection::login() {
  if (logging_in_ || clock_.steady() < login_after_) {
    return;
  }
  auto begun = begin(kAuthenticatePath, login_request(config_.user, config_.password), Kind::Login,
                     nullptr, [this](Answered answered) { logged_in(std::move(answered)); });
  logging_in_ = begun.has_value();
  if (!begun) {
    login_error_ = std::move(begun.error());
  }
}

void Connection::logged_in(Answered answered) {
  logging_in_ = false;
  login_error_.reset();
  auto token = answered.content ? login_answer(*answered.content)
                                : Result<net::Secret>(std::move(answered.content.error()));
  if (answered.content) {
    net::wipe(*answered.content);
  }
  if (token) {
    token_ = std::move(*token);
    login_after_ = clock_.steady() + kLoginSpacing;
    return;
  }
  login_error_ =
      std::move(token.error()).with_context(fmt::format("logging in as {}", config_.user));
  if (login_error_->kind != ErrorKind::Retryable) {
    login_after_ = clock_.steady() + kLoginPause;
  }
}

Result<> Connection::begin(const char* path, net::Secret body, Kind kind, Exchange::Piece piece,
                           Done done) {
  const auto endpoint = kind == Kind::Stream ? stream_endpoint_ : endpoint_;
  const auto token = kind == Kind::Login ? std::string_view() : token_.expose();
  auto exchange = CW_TRY(
      Exchange::create({.url = config_.endpoints[endpoint] + path,
                        .body = std::move(body),
                        .token = token,
                        .patience = kind == Kind::Login ? std::max(kLoginPatience, config_.patience)
                                                        : config_.patience,
                        .piece = std::move(piece)},
                       config_.tls));
  auto* easy = exchange->handle();
  CW_TRY(multi_->add(easy));
  calls_.emplace(easy, Call{.exchange = std::move(exchange),
                            .done = std::move(done),
                            .kind = kind,
                            .endpoint = endpoint});
  return {};
}

void Connection::finish(CURL* easy, CURLcode code) {
  auto found = calls_.extract(easy);
  if (found.empty()) {
    return;
  }
  auto& call = found.mapped();
  auto answered = meaning(call, code);
  call.exchange.reset();
  call.done(std::move(answered));
  if (call.kind != Kind::Login && lacks_token()) {
    login();
  }
}

Answered Connection::meaning(Call& call, CURLcode code) {
  const auto& endpoint = config_.endpoints[call.endpoint];
  const auto context = fmt::format("asking etcd at {}", endpoint);
  auto status = call.exchange->finish(code);
  if (status && *status == kOk) {
    return {.executed_perhaps = true, .content = std::move(call.exchange->content())};
  }
  Answered answered{.executed_perhaps = call.exchange->was_sent(), .content = std::string()};
  bool elsewhere = true;
  if (status) {
    auto failure = failure_of(*status, call.exchange->content());
    answered.executed_perhaps = failure.executed_perhaps;
    answered.content = std::move(failure.error).with_context(context);
    // One that answers but is in trouble may be cut off from the others.
    elsewhere = failure.executed_perhaps || !failure.token_is_bad;
    if (failure.token_is_bad) {
      distrust_token();
    }
  } else {
    answered.content = std::move(status.error()).with_context(context);
    // Perhaps that is what was meant (see Exchange::finish()).
    if (code == CURLE_GOT_NOTHING) {
      distrust_token();
    }
  }
  if (elsewhere && call.kind != Kind::Stream && call.endpoint == endpoint_) {
    next_endpoint();
  }
  return answered;
}

}  // namespace cw::ha::etcd
