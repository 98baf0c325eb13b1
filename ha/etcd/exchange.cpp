// SPDX-License-Identifier: Apache-2.0
#include "ha/etcd/exchange.h"

#include <algorithm>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "base/printable.h"
#include "fetch/http/curl.h"
#include "ha/etcd/codec/messages.h"
#include "net/key.h"

namespace cw::ha::etcd {

namespace {

constexpr std::size_t kMostHeaderBytes = std::size_t{16} << 10U;  // usual are 400
constexpr long kOk = 200;

// A connection whose other end is gone without a word is noticed after four seconds: by probes
// where it is silent, by what nobody acknowledges where it is not. Below what a watch may miss
// before somebody asks (Timers::successor_silence).
constexpr int kProbeAfterSeconds = 1;
constexpr int kProbes = 3;
constexpr unsigned kUnacknowledgedMilliseconds = 4000;

// Longer than any pause between requests of a router that owns nothing; probes tell of a dead one.
constexpr long kKeptSeconds = 86'400;

}  // namespace

Result<std::unique_ptr<Exchange>> Exchange::create(Request request, const Tls& tls) {
  std::unique_ptr<Exchange> made(new Exchange(std::move(request)));
  CW_TRY(made->prepare(tls));
  return made;
}

Exchange::~Exchange() {
  if (easy_ != nullptr) {
    curl_easy_cleanup(easy_);
  }
  for (auto* header = headers_; header != nullptr; header = header->next) {
    const std::string_view line(header->data);
    net::wipe({reinterpret_cast<std::uint8_t*>(header->data), line.size()});  // the token
  }
  curl_slist_free_all(headers_);
}

Result<> Exchange::prepare(const Tls& tls) {
  CW_TRY(fetch::prepare_curl());
  easy_ = curl_easy_init();
  if (easy_ == nullptr) {
    return Error::make(ErrorKind::Exhausted, "no memory to ask etcd with");
  }
  reason_.resize(CURL_ERROR_SIZE);
  CW_TRY(fetch::append_header(headers_, "Content-Type: application/json"));
  CW_TRY(fetch::append_header(headers_, "Expect:"));
  // A member that is cut off from the others says so, instead of keeping a watch that hears
  // nothing.
  CW_TRY(fetch::append_header(headers_, "Grpc-Metadata-hasleader: true"));
  if (!request_.token.empty()) {
    auto line = fmt::format("Authorization: {}", request_.token);
    const auto added = fetch::append_header(headers_, line);
    net::wipe(line);
    CW_TRY(added);
  }
  const bool is_stream = request_.piece != nullptr;
  const auto patience = static_cast<long>(request_.patience.count());
  fetch::CurlOptions options(easy_);
  options.set(CURLOPT_URL, request_.url.c_str())
      .set(CURLOPT_PROTOCOLS_STR, "http,https")
      .set(CURLOPT_PROXY, "")
      .set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1))
      .set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2))
      .set(CURLOPT_SSL_VERIFYPEER, 1L)
      .set(CURLOPT_SSL_VERIFYHOST, 2L)
      .set(CURLOPT_USERAGENT, "causeway")
      .set(CURLOPT_ERRORBUFFER, reason_.data())
      .set(CURLOPT_NOSIGNAL, 1L)
      .set(CURLOPT_QUICK_EXIT, 1L)
      .set(CURLOPT_CONNECTTIMEOUT_MS, patience)
      .set(CURLOPT_TIMEOUT_MS, is_stream ? 0L : patience)
      .set(CURLOPT_MAXAGE_CONN, kKeptSeconds)
      .set(CURLOPT_SOCKOPTFUNCTION, &Exchange::on_connect)
      .set(CURLOPT_POST, 1L)
      .set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()))
      .set(CURLOPT_READFUNCTION, &Exchange::on_body)
      .set(CURLOPT_READDATA, this)
      .set(CURLOPT_SEEKFUNCTION, &Exchange::on_rewind)
      .set(CURLOPT_SEEKDATA, this)
      .set(CURLOPT_WRITEFUNCTION, &Exchange::on_content)
      .set(CURLOPT_WRITEDATA, this)
      .set(CURLOPT_HEADERFUNCTION, &Exchange::on_header)
      .set(CURLOPT_HEADERDATA, this)
      .set(CURLOPT_HTTPHEADER, headers_);
  if (!tls.ca_file.empty()) {
    options.set(CURLOPT_CAINFO, tls.ca_file.c_str())
        .set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  if (!tls.certificate_file.empty()) {
    options.set(CURLOPT_SSLCERT, tls.certificate_file.c_str())
        .set(CURLOPT_SSLKEY, tls.key_file.c_str());
  }
  return options.done();
}

std::size_t Exchange::on_content(char* data, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  const auto bytes = size * count;
  long status = 0;
  (void)curl_easy_getinfo(exchange.easy_, CURLINFO_RESPONSE_CODE, &status);
  if (exchange.request_.piece != nullptr && status == kOk) {
    return exchange.request_.piece({data, bytes}) ? bytes : 0;
  }
  if (bytes > kMostAnswer - exchange.content_.size()) {
    exchange.too_large_ = true;
    return 0;  // ends it
  }
  exchange.content_.append(data, bytes);
  return bytes;
}

std::size_t Exchange::on_header(char* /*data*/, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  exchange.header_bytes_ += size * count;
  exchange.too_large_ |= exchange.header_bytes_ > kMostHeaderBytes;
  return exchange.too_large_ ? 0 : size * count;
}

std::size_t Exchange::on_body(char* room, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  const auto rest = exchange.request_.body.expose().substr(exchange.sent_);
  const auto bytes = std::min(size * count, rest.size());
  rest.copy(room, bytes);
  exchange.sent_ += bytes;
  return bytes;
}

// Asked for when libcurl wants to send again what went out on a connection that broke.
int Exchange::on_rewind(void* self, curl_off_t offset, int origin) {
  const auto& exchange = *static_cast<Exchange*>(self);
  const bool nothing_to_do = origin == SEEK_SET && offset == 0 && !exchange.was_sent();
  return nothing_to_do ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

// A kernel that lacks one of these leaves the noticing to requests' patience.
int Exchange::on_connect(void* /*self*/, curl_socket_t socket, curlsocktype /*purpose*/) {
  const int on = 1;
  (void)::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  (void)::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &kProbeAfterSeconds,
                     sizeof kProbeAfterSeconds);
  (void)::setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &kProbeAfterSeconds,
                     sizeof kProbeAfterSeconds);
  (void)::setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &kProbes, sizeof kProbes);
  (void)::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUnacknowledgedMilliseconds,
                     sizeof kUnacknowledgedMilliseconds);
  return CURL_SOCKOPT_OK;
}

Result<long> Exchange::finish(CURLcode code) const {
  if (code == CURLE_OK) {
    long status = 0;
    (void)curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    return status;
  }
  if (too_large_) {
    return Error::make(
        ErrorKind::Exhausted,
        fmt::format("the answer is over the limit of {} KiB; is this etcd?", kMostAnswer >> 10U));
  }
  if (code == CURLE_PEER_FAILED_VERIFICATION) {
    if (const auto doubt = fetch::doubt_of(easy_); !doubt.empty()) {
      return Error::invalid(std::string(doubt));
    }
  }
  // Without the milliseconds of libcurl's own words, so that the same trouble is told once.
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return Error::make(ErrorKind::Retryable,
                       fmt::format("no answer within {} ms", request_.patience.count()));
  }
  // Some releases do that with all that they turn away (etcd's issues 15256 and 20332).
  if (code == CURLE_GOT_NOTHING) {
    return Error::make(ErrorKind::Permission,
                       "etcd closed the connection without an answer; if it does so each time, the "
                       "user, its password or the token is wrong");
  }
  long os = 0;
  (void)curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &os);
  if (code == CURLE_COULDNT_CONNECT && os != 0) {
    return Error{.kind = ErrorKind::Retryable,
                 .os = static_cast<int>(os),
                 .message = "cannot connect",
                 .context = {}};
  }
  const std::string reason(reason_.c_str());
  return Error::make(ErrorKind::Retryable,
                     printable(reason.empty() ? curl_easy_strerror(code) : reason));
}

}  // namespace cw::ha::etcd
