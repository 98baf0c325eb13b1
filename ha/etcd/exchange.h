// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <curl/curl.h>

#include "base/result.h"
#include "ha/values.h"
#include "net/secret.h"

// One POST to etcd's gateway as libcurl does it. HTTP/1.1; of TLS the certificate and name are
// always verified; no proxy, no redirects, and nothing is sent twice: libcurl's own second attempt
// on a connection that just went is refused, since the first may have been executed. What it sent
// is wiped when it goes; libcurl's own buffers are not. Not movable: libcurl knows its address. One
// thread.
namespace cw::ha::etcd {

struct Tls {
  std::string ca_file;           // authorities instead of the system's; empty: the system's
  std::string certificate_file;  // of this router, with key_file; empty: none
  std::string key_file;

  friend bool operator==(const Tls&, const Tls&) = default;
};

class Exchange {
 public:
  // A piece of a stream; false ends it. Called by libcurl: nothing may be begun or given up in it.
  using Piece = std::function<bool(std::string_view)>;

  struct Request {
    std::string url;
    net::Secret body;
    std::string_view token;  // empty: none
    Duration patience{};     // of a stream: until it is connected
    Piece piece;             // empty: not a stream
  };

  static Result<std::unique_ptr<Exchange>> create(Request request, const Tls& tls);

  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  Exchange(Exchange&&) = delete;
  Exchange& operator=(Exchange&&) = delete;

  [[nodiscard]] CURL* handle() const { return easy_; }

  // Whether etcd may have got it. Without its body no request is executed.
  [[nodiscard]] bool was_sent() const { return sent_ > 0; }

  // The status once it ended; an error: there was no whole answer.
  [[nodiscard]] Result<long> finish(CURLcode code) const;

  [[nodiscard]] std::string& content() { return content_; }

 private:
  explicit Exchange(Request request) : request_(std::move(request)) {}

  Result<> prepare(const Tls& tls);

  static std::size_t on_content(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* room, std::size_t size, std::size_t count, void* self);
  static int on_rewind(void* self, curl_off_t offset, int origin);
  static int on_connect(void* self, curl_socket_t socket, curlsocktype purpose);

  Request request_;
  CURL* easy_ = nullptr;
  curl_slist* headers_ = nullptr;
  std::string reason_;  // libcurl's own words
  std::size_t sent_ = 0;
  std::size_t header_bytes_ = 0;
  std::string content_;  // of a stream: only of an answer that is none
  bool too_large_ = false;
};

}  // namespace cw::ha::etcd
