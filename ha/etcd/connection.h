// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "fetch/http/curl.h"
#include "ha/etcd/codec/messages.h"
#include "ha/etcd/exchange.h"

// Requests to etcd's endpoints, one attempt each, logged in where there is a user. What has not got
// an answer makes the next request go to the next endpoint. While there is no token requests are
// refused, and a login is under way. Connections are kept. One thread.
namespace cw::ha::etcd {

// What came of a request.
struct Answered {
  bool executed_perhaps = false;  // where there is no content
  bool waiting = false;           // nothing is wrong: a login is under way
  Result<std::string> content;    // of a stream that ended by itself: empty
};

class Connection {
 public:
  // Called from on_ready() and on_time() alone.
  using Done = std::function<void(Answered)>;

  struct Config {
    std::vector<std::string> endpoints;  // without a slash at the end
    Tls tls;
    std::string user;  // empty: no login
    net::Secret password;
    Duration patience{};
  };

  Connection(Config config, const Clock& clock) : config_(std::move(config)), clock_(clock) {}

  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  Connection(Connection&&) = delete;
  Connection& operator=(Connection&&) = delete;

  Result<> start(fetch::EventLoop& loop);

  void post(const char* path, const std::string& body, Done done);

  // A stream has an endpoint of its own to stay at; it is never the same as before `next_stream()`
  // where there are several. At most one.
  void stream(const char* path, const std::string& body, Exchange::Piece piece, Done done);
  void end_stream();     // done is not called any more
  void next_stream();    // the next one goes to another endpoint
  void next_endpoint();  // what this one says is nonsense

  void distrust_token() { token_ = {}; }

  [[nodiscard]] SteadyTime now() const { return clock_.steady(); }

  // The same store as ever? Its revisions mean nothing in another.
  Result<> same_cluster(const Header& header);

  // What was parsed, unless it is another store's.
  template <class Parsed>
  Result<Parsed> of_same_cluster(Result<Parsed> parsed) {
    if (parsed) {
      CW_TRY(same_cluster(parsed->header));
    }
    return parsed;
  }

  void on_ready(int fd, bool readable, bool writable) { multi_->on_ready(fd, readable, writable); }

  void on_curl_time() { multi_->on_time(); }

  // Answers that needed nobody.
  void deliver();

  [[nodiscard]] bool has_answers() const { return !ready_.empty(); }

 private:
  enum class Kind : std::uint8_t { Request, Stream, Login };

  struct Call {
    std::unique_ptr<Exchange> exchange;
    Done done;
    Kind kind = Kind::Request;
    std::size_t endpoint = 0;
  };

  [[nodiscard]] bool lacks_token();
  void login();
  void logged_in(Answered answered);
  void attempt(const char* path, const std::string& body, Kind kind, Exchange::Piece piece,
               Done done);
  Result<> begin(const char* path, net::Secret body, Kind kind, Exchange::Piece piece, Done done);
  void finish(CURL* easy, CURLcode code);
  Answered meaning(Call& call, CURLcode code);

  Config config_;
  const Clock& clock_;
  std::unique_ptr<fetch::CurlMulti> multi_;
  std::map<CURL*, Call> calls_;
  std::deque<std::pair<Done, Answered>> ready_;
  std::size_t endpoint_ = 0;
  std::size_t stream_endpoint_ = 0;
  net::Secret token_;
  bool logging_in_ = false;
  SteadyTime login_after_{};
  std::optional<Error> login_error_;
  std::uint64_t cluster_ = 0;
};

}  // namespace cw::ha::etcd
