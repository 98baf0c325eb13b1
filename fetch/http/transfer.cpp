// SPDX-License-Identifier: Apache-2.0
#include "fetch/http/transfer.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "base/printable.h"
#include "fetch/http/curl.h"

namespace cw::fetch {

namespace {

// Headers of one exchange, redirects included; usual are 500 bytes.
constexpr std::size_t kMostHeaderBytes = std::size_t{64} << 10U;

constexpr auto kAgent = "causeway/" CW_VERSION;

// RFC 9110 field names, in the small letters that libcurl hands on for HTTP/2; compared without
// case.
constexpr std::string_view kEntityTag = "etag:";

bool begins_without_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         std::ranges::equal(text.substr(0, prefix.size()), prefix, [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
         });
}

ErrorKind kind_of(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_AGAIN:
      return ErrorKind::Retryable;
    case CURLE_FILESIZE_EXCEEDED:
    case CURLE_OUT_OF_MEMORY:
      return ErrorKind::Exhausted;
    default:
      return ErrorKind::Invalid;
  }
}

}  // namespace

Transfer::~Transfer() {
  if (easy_ != nullptr) {
    curl_easy_cleanup(easy_);
  }
  curl_slist_free_all(headers_);
}

Result<> Transfer::prepare(const Trust& trust) {
  CW_TRY(prepare_curl());
  easy_ = curl_easy_init();
  if (easy_ == nullptr) {
    return Error::make(ErrorKind::Exhausted, "no memory to fetch with");
  }
  reason_.resize(CURL_ERROR_SIZE);
  CurlOptions options(easy_);
  const bool plain = location_.kind == Location::Kind::LoopbackHttp;
  options.set(CURLOPT_URL, location_.text.c_str())
      .set(CURLOPT_PROTOCOLS_STR, plain ? "http" : "https")
      .set(CURLOPT_FOLLOWLOCATION, 1L)
      .set(CURLOPT_REDIR_PROTOCOLS_STR, "https")
      .set(CURLOPT_MAXREDIRS, kMostRedirects)
      .set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1))
      .set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2))
      .set(CURLOPT_SSL_VERIFYPEER, 1L)
      .set(CURLOPT_SSL_VERIFYHOST, 2L)
      .set(CURLOPT_USERAGENT, kAgent)
      .set(CURLOPT_ERRORBUFFER, reason_.data())
      .set(CURLOPT_NOSIGNAL, 1L)
      // A name server that is silent must not hold up whoever gives up waiting for it.
      .set(CURLOPT_QUICK_EXIT, 1L)
      .set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(kConnectTime.count()))
      .set(CURLOPT_TIMEOUT, static_cast<long>(limits_.total.count()))
      .set(CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(limits_.slowest_bytes_a_second))
      .set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(limits_.slow_for.count()))
      .set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(limits_.size))
      .set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L)
      .set(CURLOPT_WRITEFUNCTION, &Transfer::on_content)
      .set(CURLOPT_WRITEDATA, this)
      .set(CURLOPT_HEADERFUNCTION, &Transfer::on_header)
      .set(CURLOPT_HEADERDATA, this);
  if (plain) {
    options.set(CURLOPT_PROXY, "");  // loopback is this machine's
  }
  if (!trust.ca_file.empty()) {
    options.set(CURLOPT_CAINFO, trust.ca_file.c_str())
        .set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  return options.done();
}

Result<> Transfer::add_header(const std::string& line) {
  CW_TRY(append_header(headers_, line));
  return CurlOptions(easy_).set(CURLOPT_HTTPHEADER, headers_).done();
}

Result<std::unique_ptr<Transfer>> Transfer::get(Request request, const Trust& trust) {
  std::unique_ptr<Transfer> made(new Transfer(std::move(request.from), request.limits));
  CW_TRY(made->prepare(trust));
  if (!request.known.empty()) {
    made->conditional_ = true;
    CW_TRY(made->add_header("If-None-Match: " + request.known));
  }
  return made;
}

Result<std::unique_ptr<Transfer>> Transfer::put(Upload upload, const Trust& trust) {
  std::unique_ptr<Transfer> made(new Transfer(std::move(upload.to), upload.limits));
  made->upload_ = std::move(upload.content);
  CW_TRY(made->prepare(trust));
  CW_TRY(CurlOptions(made->easy_)
             .set(CURLOPT_UPLOAD, 1L)
             .set(CURLOPT_FOLLOWLOCATION, 0L)  // what is published goes where it was said
             .set(CURLOPT_READFUNCTION, &Transfer::on_upload)
             .set(CURLOPT_READDATA, made.get())
             .set(CURLOPT_SEEKFUNCTION, &Transfer::on_rewind)
             .set(CURLOPT_SEEKDATA, made.get())
             .set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(made->upload_.size()))
             .done());
  CW_TRY(made->add_header("Content-Type: application/octet-stream"));
  if (is_strong(upload.replaces)) {
    CW_TRY(made->add_header("If-Match: " + upload.replaces));
  } else if (upload.only_new) {
    CW_TRY(made->add_header("If-None-Match: *"));
  }
  return made;
}

std::size_t Transfer::on_content(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const auto bytes = size * count;
  auto& content = transfer.content_;
  if (bytes > transfer.limits_.size - std::min(content.size(), transfer.limits_.size)) {
    transfer.too_large_ = true;
    return 0;  // ends it
  }
  if (content.capacity() < content.size() + bytes) {
    content.reserve(std::min(transfer.limits_.size, (content.size() + bytes) * 3 / 2));
  }
  content.append(data, bytes);
  return bytes;
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const auto bytes = size * count;
  transfer.header_bytes_ += bytes;
  if (transfer.header_bytes_ > kMostHeaderBytes) {
    transfer.too_large_ = true;
    return 0;
  }
  transfer.take_header({data, bytes});
  return bytes;
}

void Transfer::take_header(std::string_view line) {
  if (line.starts_with("HTTP/")) {
    version_.clear();  // of a redirect
    content_.clear();
  } else if (begins_without_case(line, kEntityTag)) {
    version_ = version_of(line.substr(kEntityTag.size()));
  }
}

std::size_t Transfer::on_upload(char* room, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const auto bytes = std::min(size * count, transfer.upload_.size() - transfer.uploaded_);
  std::copy_n(transfer.upload_.data() + transfer.uploaded_, bytes, room);
  transfer.uploaded_ += bytes;
  return bytes;
}

// For a kept connection that the server had just closed.
int Transfer::on_rewind(void* self, curl_off_t offset, int origin) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (origin != SEEK_SET || offset < 0 ||
      static_cast<std::size_t>(offset) > transfer.upload_.size()) {
    return CURL_SEEKFUNC_FAIL;
  }
  transfer.uploaded_ = static_cast<std::size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

Error Transfer::failed(CURLcode code) const {
  if (too_large_ || code == CURLE_FILESIZE_EXCEEDED) {
    return Error::make(ErrorKind::Exhausted,
                       fmt::format("the answer is over the limit of {} KiB", limits_.size >> 10U));
  }
  if (code == CURLE_PEER_FAILED_VERIFICATION) {
    if (const auto doubt = doubt_of(easy_); !doubt.empty()) {
      return Error::invalid(std::string(doubt));
    }
  }
  const std::string reason(reason_.c_str());
  return Error::make(kind_of(code), printable(reason.empty() ? curl_easy_strerror(code) : reason));
}

Result<Answer> Transfer::finish(CURLcode code) {
  const auto context = (upload_.empty() ? "fetching " : "sending ") + location_.text;
  if (code != CURLE_OK) {
    return failed(code).with_context(context);
  }
  long status = 0;
  (void)curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  const auto meaning = CW_TRY_IN(meaning_of(status, conditional_), context);
  Answer answer{.content = std::nullopt, .version = std::move(version_)};
  if (meaning == Meaning::Done) {
    answer.content = std::move(content_);
  }
  return answer;
}

}  // namespace cw::fetch
