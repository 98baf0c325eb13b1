// SPDX-License-Identifier: Apache-2.0
// How long bulk TCP takes from one network namespace to an address in another, in virtual time
// (./dev vm --icount). One thread is both ends, so that the machine is never idle: an idle
// machine's time is not virtual.
//   bench-bulk FROM TO ADDRESS PORT MEGABYTES there|back
// connects FROM to TO, sends there or back, prints milliseconds, and keeps the connection open
// until its input ends, so that it can be looked at.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>

#include "tests/bench/figures.h"
#include "tests/bench/namespace_socket.h"

namespace {

using namespace cw;
using bench::check;
using bench::fail;

constexpr std::size_t kChunk = std::size_t{256} << 10U;
constexpr std::size_t kMegabyte = std::size_t{1} << 20U;
constexpr int kPatience = 10'000;               // milliseconds without a byte: it is stuck
constexpr int kRoom = 4 << 20;                  // for a chunk and what the kernel needs to hold it
constexpr std::size_t kWarmUp = 4 * kMegabyte;  // handshakes, windows, the flowtable

struct Place {
  sockaddr_storage address{};
  socklen_t size = 0;
};

Place place(const std::string& text, std::uint16_t port) {
  Place made;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    made.size = sizeof v4;
    std::copy_n(reinterpret_cast<const char*>(&v4), sizeof v4,
                reinterpret_cast<char*>(&made.address));
  } else {
    check(::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1, "no address");
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    made.size = sizeof v6;
    std::copy_n(reinterpret_cast<const char*>(&v6), sizeof v6,
                reinterpret_cast<char*>(&made.address));
  }
  return made;
}

const sockaddr* generic(const Place& place) {
  return reinterpret_cast<const sockaddr*>(&place.address);
}

// Of the same size from the first byte to the last.
void give_room(const UniqueFd& socket) {
  for (const auto buffer : {SO_SNDBUFFORCE, SO_RCVBUFFORCE}) {
    check(::setsockopt(socket.get(), SOL_SOCKET, buffer, &kRoom, sizeof kRoom) == 0,
          "cannot have buffers");
  }
}

class Connection {
 public:
  Connection(const std::string& from, const std::string& to, const std::string& address,
             std::uint16_t port) {
    const auto listener = bench::socket_in(to, AF_INET6, SOCK_STREAM, 0);  // and of IPv4
    const auto any = place("::", port);
    const int yes = 1;
    give_room(listener);
    check(::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
              ::bind(listener.get(), generic(any), any.size) == 0 &&
              ::listen(listener.get(), 1) == 0,
          "cannot listen");
    const auto target = place(address, port);
    out_ = bench::socket_in(from, target.address.ss_family, SOCK_STREAM, 0);
    give_room(out_);
    check(::connect(out_.get(), generic(target), target.size) == 0, "cannot connect");
    in_ = UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    check(static_cast<bool>(in_), "cannot accept");
    check(::fcntl(out_.get(), F_SETFL, O_NONBLOCK) == 0, "cannot go on without waiting");
  }

  void turn() { std::swap(in_, out_); }

  // Chunk by chunk, the next when the last one has arrived.
  void carry(std::size_t bytes) {
    for (std::size_t chunks = bytes / kChunk; chunks > 0; --chunks) {
      check(::send(out_.get(), buffer_.data(), kChunk, MSG_NOSIGNAL) == kChunk, "cannot send");
      for (std::size_t received = 0; received < kChunk;) {
        pollfd ready{.fd = in_.get(), .events = POLLIN, .revents = 0};
        check(::poll(&ready, 1, kPatience) > 0, "nothing moves");
        const auto done = ::recv(in_.get(), buffer_.data(), buffer_.size(), 0);
        check(done > 0, "cannot receive");
        received += static_cast<std::size_t>(done);
      }
    }
  }

 private:
  std::vector<char> buffer_ = std::vector<char>(kChunk);
  UniqueFd out_;
  UniqueFd in_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 7) {
    fail("usage: bench-bulk FROM TO ADDRESS PORT MEGABYTES there|back");
  }
  Connection connection(arguments[1], arguments[2], arguments[3],
                        static_cast<std::uint16_t>(std::stoul(arguments[4])));
  if (std::string_view(arguments[6]) == "back") {
    connection.turn();
  }
  connection.carry(kWarmUp);
  const auto bytes = std::stoul(arguments[5]) * kMegabyte;
  fmt::print("{:.1f}\n", bench::time_of([&] { connection.carry(bytes); }));
  check(std::fflush(stdout) == 0, "cannot print");
  while (std::getchar() != EOF) {
  }
  return 0;
}
