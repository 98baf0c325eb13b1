// SPDX-License-Identifier: Apache-2.0
#include "fetch/http/curl.h"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace cw::fetch {

Result<> prepare_curl() {
  static const CURLcode kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (kReady != CURLE_OK) {
    return Error::make(ErrorKind::Exhausted,
                       fmt::format("libcurl does not start: {}", curl_easy_strerror(kReady)));
  }
  return {};
}

Result<> CurlOptions::done() const {
  if (first_ != CURLE_OK) {
    return Error::make(
        ErrorKind::Unsupported,
        fmt::format("this libcurl cannot do what we need: {}", curl_easy_strerror(first_)));
  }
  return {};
}

Result<> append_header(curl_slist*& headers, const std::string& line) {
  auto* longer = curl_slist_append(headers, line.c_str());
  if (longer == nullptr) {
    return Error::make(ErrorKind::Exhausted, "no memory for the headers of a request");
  }
  headers = longer;
  return {};
}

// GnuTLS' bits (gnutls_certificate_status_t), which its build of libcurl hands on.
std::string_view doubt_of(CURL* easy) {
  constexpr std::array<std::pair<long, std::string_view>, 4> kDoubts{
      {{1L << 10U, "the server's certificate has expired; renew it there"},
       {1L << 9U, "the server's certificate is not valid yet; is this machine's clock right?"},
       {1L << 14U, "the server's certificate is for another name"},
       {1L << 6U,
        "no authority that is trusted here signed the server's certificate; `ca_file` names "
        "another"}}};
  long bits = 0;
  (void)curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &bits);
  for (const auto& [bit, words] : kDoubts) {
    if ((bits & bit) != 0) {
      return words;
    }
  }
  return {};
}

Result<std::unique_ptr<CurlMulti>> CurlMulti::create(EventLoop& loop, long kept_connections,
                                                     Finished finished) {
  CW_TRY(prepare_curl());
  std::unique_ptr<CurlMulti> made(new CurlMulti(loop, std::move(finished)));
  auto*& multi = made->multi_;
  multi = curl_multi_init();
  const bool ready =
      multi != nullptr &&
      curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &CurlMulti::on_socket) == CURLM_OK &&
      curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, made.get()) == CURLM_OK &&
      curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &CurlMulti::on_timer) == CURLM_OK &&
      curl_multi_setopt(multi, CURLMOPT_TIMERDATA, made.get()) == CURLM_OK &&
      curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, kept_connections) == CURLM_OK;
  if (!ready) {
    return Error::make(ErrorKind::Exhausted, "libcurl cannot be prepared for waiting");
  }
  return made;
}

CurlMulti::~CurlMulti() {
  if (multi_ != nullptr) {
    (void)curl_multi_cleanup(multi_);
  }
}

Result<> CurlMulti::add(CURL* easy) {
  if (const auto code = curl_multi_add_handle(multi_, easy); code != CURLM_OK) {
    return Error::make(ErrorKind::Bug,
                       fmt::format("cannot begin a transfer: {}", curl_multi_strerror(code)));
  }
  return {};
}

void CurlMulti::remove(CURL* easy) {
  (void)curl_multi_remove_handle(multi_, easy);
}

void CurlMulti::on_ready(int fd, bool readable, bool writable) {
  act(fd, (readable ? CURL_CSELECT_IN : 0) | (writable ? CURL_CSELECT_OUT : 0));
}

void CurlMulti::on_time() {
  act(CURL_SOCKET_TIMEOUT, 0);
}

void CurlMulti::act(curl_socket_t socket, int events) {
  int left = 0;
  (void)curl_multi_socket_action(multi_, socket, events, &left);
  while (const auto* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) {
      continue;
    }
    const auto code = message->data.result;
    auto* easy = message->easy_handle;
    remove(easy);  // the message goes with it
    finished_(easy, code);
  }
}

int CurlMulti::on_socket(CURL* /*easy*/, curl_socket_t socket, int what, void* self,
                         void* /*of_socket*/) {
  auto& loop = static_cast<CurlMulti*>(self)->loop_;
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

int CurlMulti::on_timer(CURLM* /*multi*/, long milliseconds, void* self) {
  auto& loop = static_cast<CurlMulti*>(self)->loop_;
  loop.wake_in(milliseconds < 0 ? std::nullopt
                                : std::optional(std::chrono::milliseconds(milliseconds)));
  return 0;
}

}  // namespace cw::fetch
