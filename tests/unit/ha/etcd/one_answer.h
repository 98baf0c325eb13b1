// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <sys/socket.h>

#include <gtest/gtest.h>
#include <unistd.h>

namespace cw::test {

// A server that reads a request, says its text, and closes; for each connection. Or it closes when
// it has read another request; or it leaves the last connection open and says nothing more.
class OneAnswer {
 public:
  enum class Then : std::uint8_t { Close, ReadAndClose, Silence };

  explicit OneAnswer(std::string text, Then then = Then::Close)
      : text_(std::move(text)), then_(then) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_, 16), 0);
    EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ::ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }

  ~OneAnswer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
    if (kept_ >= 0) {
      ::close(kept_);
    }
  }

  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;
  OneAnswer(OneAnswer&&) = delete;
  OneAnswer& operator=(OneAnswer&&) = delete;

  [[nodiscard]] std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }

  std::atomic<int> requests = 0;

 private:
  void serve() {
    for (;;) {
      int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) {
        return;
      }
      take_request(fd);
      for (std::string_view rest = text_; !rest.empty();) {
        const auto size = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (size <= 0) {
          break;
        }
        rest.remove_prefix(static_cast<std::size_t>(size));
      }
      if (then_ == Then::ReadAndClose) {
        take_request(fd);
      }
      if (then_ == Then::Silence) {
        std::swap(kept_, fd);
      }
      if (fd >= 0) {
        ::close(fd);
      }
    }
  }

  // A body of ours is an object, and nothing comes after it.
  void take_request(int fd) {
    std::string got;
    char room[4096];
    while (got.empty() || got.back() != '}') {
      const auto size = ::recv(fd, room, sizeof room, 0);
      if (size <= 0) {
        return;
      }
      got.append(room, static_cast<std::size_t>(size));
    }
    ++requests;
  }

  std::string text_;
  Then then_;
  int kept_ = -1;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace cw::test
