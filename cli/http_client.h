// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

// One HTTP/1.1 request over a unix socket, and its whole answer in memory. Only what the agent's
// control socket needs: an answer has a Content-Length and at most api::kLargestBody bytes;
// anything else is refused. Blocking, with a time limit for silence.
namespace cw::cli {

inline constexpr std::size_t kMaxHead = 16384;

struct Response {
  unsigned status = 0;
  std::string body;

  friend bool operator==(const Response&, const Response&) = default;
};

// ErrorKind::NotFound: there is no such socket, or nobody listens on it. Permission: it may not be
// opened. Retryable: the agent is silent.
[[nodiscard]] Result<Response> exchange(const std::string& socket, std::string_view method,
                                        std::string_view path, std::string_view body);

// From all the bytes of an answer (RFC 9112). Pure.
[[nodiscard]] Result<Response> parse_response(std::string_view bytes);

}  // namespace cw::cli
