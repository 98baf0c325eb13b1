// SPDX-License-Identifier: Apache-2.0
#include "cli/http_client.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <fmt/format.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "router/api/json.h"

namespace cw::cli {

namespace {

// The agent answers in milliseconds; a first start with 10,000 peers may keep it for seconds, and a
// reload waits for a netmap that is fetched (fetch::kNetmapLimits).
constexpr timeval kSilence{.tv_sec = 150, .tv_usec = 0};

constexpr std::string_view kLine = "\r\n";

Error odd(std::string_view what) {
  return Error::invalid(
      fmt::format("the agent's answer is no HTTP that this program understands: "
                  "{}",
                  what));
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty()
             ? std::optional(value)
             : std::nullopt;
}

bool same_name(std::string_view left, std::string_view right) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(left, right, {}, lower, lower);
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) {
    text.remove_prefix(1);
  }
  while (text.ends_with(' ') || text.ends_with('\t')) {
    text.remove_suffix(1);
  }
  return text;
}

std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find(kLine), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + kLine.size(), text.size()));
  return line;
}

// "HTTP/1.1 200 OK"
Result<unsigned> status_of(std::string_view line) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  constexpr std::size_t kDigits = 3;
  if (!line.starts_with(kVersion) || line.size() < kVersion.size() + kDigits) {
    return odd("no status line");
  }
  const auto status = number<unsigned>(line.substr(kVersion.size(), kDigits));
  if (!status || *status < 100) {
    return odd("no status");
  }
  return *status;
}

Result<> send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) {
        continue;
      }
      return Error::from_errno(errno, "cannot ask the agent");
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<std::string> receive_all(int socket) {
  std::string bytes;
  std::array<char, 65536> part;
  for (;;) {
    const ssize_t got = ::recv(socket, part.data(), part.size(), 0);
    if (got == 0) {
      return bytes;
    }
    if (got < 0) {
      if (errno == EINTR) {
        continue;
      }
      if (errno == EAGAIN) {
        return Error::make(ErrorKind::Retryable,
                           fmt::format("the agent has been silent for {} s", kSilence.tv_sec));
      }
      return Error::from_errno(errno, "cannot read the agent's answer");
    }
    bytes.append(part.data(), static_cast<std::size_t>(got));
    if (bytes.size() > kMaxHead + api::kLargestBody) {
      return Error::make(ErrorKind::Exhausted, "the agent's answer is too large");
    }
  }
}

Result<UniqueFd> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return Error::invalid("the path of the socket is too long: " + path);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) {
    return Error::from_errno(errno, "cannot make a socket");
  }
  (void)::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kSilence, sizeof kSilence);
  (void)::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kSilence, sizeof kSilence);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address),  // NOLINT: connect(2)
                sizeof address) != 0) {
    auto error = Error::from_errno(errno, "cannot reach the agent at " + path);
    if (error.os == ECONNREFUSED) {
      error.kind = ErrorKind::NotFound;  // the socket of an agent that is gone
    }
    return error;
  }
  return socket;
}

}  // namespace

Result<Response> parse_response(std::string_view bytes) {
  const auto end = bytes.substr(0, kMaxHead).find("\r\n\r\n");
  if (end == std::string_view::npos) {
    return odd(bytes.empty() ? "it is empty" : "it has no end of headers");
  }
  auto head = bytes.substr(0, end);
  const auto body = bytes.substr(end + 2 * kLine.size());
  const auto status = CW_TRY(status_of(take_line(head)));
  std::optional<std::size_t> length;
  while (!head.empty()) {
    const auto line = take_line(head);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) {
      return odd("a header without a colon");
    }
    const auto name = line.substr(0, colon);
    if (same_name(name, "Transfer-Encoding")) {
      return odd("a transfer encoding");
    }
    if (same_name(name, "Content-Length")) {
      length = number<std::size_t>(trimmed(line.substr(colon + 1)));
    }
  }
  if (!length || *length > api::kLargestBody) {
    return odd("no length, or one that is too large");
  }
  if (body.size() != *length) {
    return odd(fmt::format("{} bytes of {}", body.size(), *length));
  }
  return Response{.status = status, .body = std::string(body)};
}

Result<Response> exchange(const std::string& path, std::string_view method,
                          std::string_view resource, std::string_view body) {
  const auto socket = CW_TRY(connect_to(path));
  CW_TRY(send_all(socket.get(), fmt::format("{} {} HTTP/1.1\r\nHost: causeway\r\n"
                                            "Connection: close\r\nContent-Length: {}\r\n\r\n",
                                            method, resource, body.size())));
  CW_TRY(send_all(socket.get(), body));
  return parse_response(CW_TRY(receive_all(socket.get())));
}

}  // namespace cw::cli
