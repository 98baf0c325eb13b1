// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

// fire send ADDRESS PORT [PER_SECOND]   numbered datagrams over IPv4, as fast as it goes unless
// told fire receive PORT                     keeps count of them
//
// For tests. Prints "ready" when it is, runs until SIGTERM, and then prints how many were sent; or
// how many different ones came, and one more than the highest number among them.
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kPayload = 64;
// Each flow of so many datagrams has a source port of its own: connections begin all the time.
constexpr std::uint64_t kPerFlow = 100;
constexpr int kReceiveBytes = 64 << 20;  // the receiver may be slow, but loses nothing
constexpr std::uint64_t kMost = 1ULL << 28U;
constexpr std::chrono::milliseconds kTick{2};
constexpr timeval kLook{.tv_sec = 0, .tv_usec = 100'000};  // a signal may come just before recv()

volatile std::sig_atomic_t stopped = 0;

int fail(const char* what) {
  fmt::print(stderr, "fire: {}: {}\n", what, std::strerror(errno));
  return 1;
}

void say_ready() {
  fmt::print("ready\n");
  std::fflush(stdout);
}

int new_socket() {
  return ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

int send_until_stopped(const sockaddr_in& to, double per_second) {
  std::array<char, kPayload> payload{};
  std::uint64_t sent = 0;
  say_ready();
  const auto start = Steady::now();
  int fd = -1;
  while (stopped == 0) {
    const std::chrono::duration<double> since = Steady::now() - start;
    if (per_second > 0 && static_cast<double>(sent) >= since.count() * per_second) {
      const timespec tick{.tv_sec = 0, .tv_nsec = std::chrono::nanoseconds(kTick).count()};
      ::nanosleep(&tick, nullptr);
      continue;
    }
    if (sent % kPerFlow == 0) {
      ::close(fd);
      fd = new_socket();
      if (fd < 0) {
        return fail("socket");
      }
    }
    std::memcpy(payload.data(), &sent, sizeof sent);
    // Refusals that come back are no matter: the socket is not connected.
    const auto put = ::sendto(fd, payload.data(), payload.size(), 0,
                              reinterpret_cast<const sockaddr*>(&to), sizeof to);
    if (put < 0 && errno != EINTR) {
      return fail("sendto");
    }
    sent += put < 0 ? 0U : 1U;
  }
  fmt::print("{}\n", sent);
  return 0;
}

int receive_until_stopped(std::uint16_t port) {
  const int fd = new_socket();
  const sockaddr_in here{.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {}};
  if (fd < 0 || ::bind(fd, reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0 ||
      ::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBytes, sizeof kReceiveBytes) != 0 ||
      ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kLook, sizeof kLook) != 0) {
    return fail("bind");
  }
  say_ready();
  std::vector<bool> seen;
  std::uint64_t received = 0;
  std::array<char, kPayload> payload{};
  while (true) {
    const bool last = stopped != 0;  // what has arrived by then is still counted
    std::uint64_t number = 0;
    const auto got = ::recv(fd, payload.data(), payload.size(), last ? MSG_DONTWAIT : 0);
    if (got < 0 && last) {
      break;
    }
    if (got < static_cast<ssize_t>(sizeof number)) {
      continue;
    }
    std::memcpy(&number, payload.data(), sizeof number);
    if (number >= kMost) {
      continue;
    }
    seen.resize(std::max<std::size_t>(seen.size(), number + 1));
    received += seen[number] ? 0U : 1U;
    seen[number] = true;
  }
  fmt::print("{} {}\n", received, seen.size());
  return 0;
}

std::uint16_t port_of(const char* text) {
  return static_cast<std::uint16_t>(std::strtoul(text, nullptr, 10));
}

}  // namespace

int main(int argc, char** argv) {
  struct sigaction stop{};
  stop.sa_handler = [](int /*signal*/) { stopped = 1; };  // no SA_RESTART: recv() ends
  ::sigaction(SIGTERM, &stop, nullptr);
  const std::string verb = argc > 1 ? argv[1] : "";
  sockaddr_in to{.sin_family = AF_INET};
  if (verb == "send" && argc >= 4 && ::inet_pton(AF_INET, argv[2], &to.sin_addr) == 1) {
    to.sin_port = htons(port_of(argv[3]));
    return send_until_stopped(to, argc > 4 ? std::strtod(argv[4], nullptr) : 0);
  }
  if (verb == "receive" && argc == 3) {
    return receive_until_stopped(port_of(argv[2]));
  }
  fmt::print(stderr, "usage: fire send ADDRESS PORT [PER_SECOND] | fire receive PORT\n");
  return 2;
}
