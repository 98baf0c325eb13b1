// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <vector>

#include <gtest/gtest.h>
#include <poll.h>

#include "fetch/http/client.h"

namespace cw::test {

// Everything that a client asks of a loop, by poll(2).
class PollLoop final : public fetch::EventLoop {
 public:
  // It ends there whatever happens.
  static constexpr std::chrono::seconds kLongest{30};

  void watch(int fd, Interest interest) override {
    if (interest == Interest::None) {
      watched_.erase(fd);
    } else {
      watched_[fd] = static_cast<short>((interest != Interest::Write ? POLLIN : 0) |
                                        (interest != Interest::Read ? POLLOUT : 0));
    }
  }

  void wake_in(std::optional<std::chrono::milliseconds> delay) override {
    due_.reset();
    if (delay) {
      due_ = std::chrono::steady_clock::now() + *delay;
    }
  }

  // Until `done()`, asked after each turn.
  template <class Client, class Done>
  void run_until(Client& client, Done done) {
    const auto end = std::chrono::steady_clock::now() + kLongest;
    while (!done()) {
      ASSERT_TRUE(due_ || !watched_.empty()) << "nothing would ever wake the client";
      ASSERT_LT(std::chrono::steady_clock::now(), end) << "what was waited for does not happen";
      turn(client, end);
    }
  }

  int wakes = 0;

 private:
  template <class Client>
  void turn(Client& client, std::chrono::steady_clock::time_point end) {
    std::vector<pollfd> fds;
    for (const auto& [fd, events] : watched_) {
      fds.push_back({.fd = fd, .events = events, .revents = 0});
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        std::min(due_.value_or(end), end) - std::chrono::steady_clock::now());
    ++wakes;
    if (::poll(fds.data(), fds.size(), std::max(0, static_cast<int>(left.count()))) == 0) {
      if (due_ && std::chrono::steady_clock::now() >= *due_) {
        due_.reset();
        client.on_time();
      }
      return;
    }
    for (const auto& fd : fds) {
      if (fd.revents != 0) {
        client.on_ready(fd.fd, (fd.revents & ~POLLOUT) != 0, (fd.revents & POLLOUT) != 0);
        return;  // it may have changed the others
      }
    }
  }

  std::map<int, short> watched_;
  std::optional<std::chrono::steady_clock::time_point> due_;
};

}  // namespace cw::test
