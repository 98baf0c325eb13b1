// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include <curl/curl.h>

#include "base/result.h"
#include "fetch/request.h"

// One GET or PUT as libcurl does it, with every limit set: the part that the blocking and the
// waiting form share. HTTPS with the peer's certificate and name always verified, TLS 1.2 or later,
// HTTP/1.1; redirects to https:// alone, and none of a PUT; no cookie, password or .netrc. An https
// proxy is taken from the environment as curl(1) does (https_proxy, no_proxy). The content is never
// larger in memory than its limit and half of that again. Not movable: libcurl knows its address.
// One thread.
namespace cw::fetch {

class Transfer {
 public:
  static Result<std::unique_ptr<Transfer>> get(Request request, const Trust& trust);
  static Result<std::unique_ptr<Transfer>> put(Upload upload, const Trust& trust);

  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  Transfer(Transfer&&) = delete;
  Transfer& operator=(Transfer&&) = delete;

  [[nodiscard]] CURL* handle() const { return easy_; }

  // After libcurl said how it ended; once. Of a PUT the version only.
  [[nodiscard]] Result<Answer> finish(CURLcode code);

 private:
  Transfer(Location location, Limits limits) : location_(std::move(location)), limits_(limits) {}

  Result<> prepare(const Trust& trust);
  Result<> add_header(const std::string& line);
  void take_header(std::string_view line);
  [[nodiscard]] Error failed(CURLcode code) const;

  static std::size_t on_content(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_upload(char* room, std::size_t size, std::size_t count, void* self);
  static int on_rewind(void* self, curl_off_t offset, int origin);

  Location location_;
  Limits limits_;
  CURL* easy_ = nullptr;
  curl_slist* headers_ = nullptr;
  std::string reason_;  // libcurl's own words
  bool conditional_ = false;

  std::string upload_;
  std::size_t uploaded_ = 0;

  std::string content_;
  Version version_;
  std::size_t header_bytes_ = 0;
  bool too_large_ = false;
};

}  // namespace cw::fetch
