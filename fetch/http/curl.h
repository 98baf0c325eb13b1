// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <curl/curl.h>

#include "base/result.h"
#include "fetch/http/client.h"

// libcurl as our HTTP clients use it: made ready once, options set with a check, and its multi
// interface on an EventLoop. One thread.
namespace cw::fetch {

// All of libcurl's global state is made once; it is never taken down, since nobody knows who is the
// last.
Result<> prepare_curl();

// curl_easy_setopt() takes anything; a refusal means that this libcurl lacks what we rely on.
class CurlOptions {
 public:
  explicit CurlOptions(CURL* easy) : easy_(easy) {}

  template <class Value>
  CurlOptions& set(CURLoption option, Value value) {
    if (const auto code = curl_easy_setopt(easy_, option, value);
        code != CURLE_OK && first_ == CURLE_OK) {
      first_ = code;
    }
    return *this;
  }

  [[nodiscard]] Result<> done() const;

 private:
  CURL* easy_;
  CURLcode first_ = CURLE_OK;
};

// The list is the caller's, to set as CURLOPT_HTTPHEADER and to free.
Result<> append_header(curl_slist*& headers, const std::string& line);

// Why a certificate is not believed, where libcurl only says that it is not; empty: it does not
// say.
[[nodiscard]] std::string_view doubt_of(CURL* easy);

// Transfers under way. Their handles stay the caller's, and are removed before they go.
class CurlMulti {
 public:
  // How a transfer ended; it is removed already. May add and remove others.
  using Finished = std::function<void(CURL*, CURLcode)>;

  static Result<std::unique_ptr<CurlMulti>> create(EventLoop& loop, long kept_connections,
                                                   Finished finished);
  ~CurlMulti();
  CurlMulti(const CurlMulti&) = delete;
  CurlMulti& operator=(const CurlMulti&) = delete;
  CurlMulti(CurlMulti&&) = delete;
  CurlMulti& operator=(CurlMulti&&) = delete;

  Result<> add(CURL* easy);
  void remove(CURL* easy);  // given up; not from within a callback of libcurl's

  void on_ready(int fd, bool readable, bool writable);
  void on_time();

 private:
  CurlMulti(EventLoop& loop, Finished finished) : loop_(loop), finished_(std::move(finished)) {}

  void act(curl_socket_t socket, int events);
  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* of_socket);
  static int on_timer(CURLM* multi, long milliseconds, void* self);

  EventLoop& loop_;
  Finished finished_;
  CURLM* multi_ = nullptr;
};

}  // namespace cw::fetch
