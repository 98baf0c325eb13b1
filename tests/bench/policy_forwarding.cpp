// SPDX-License-Identifier: Apache-2.0
// How long packets take from one network namespace to a UDP port in another, in virtual time (./dev
// vm --icount). A few are on their way at any time, so that the machine is never idle: an idle
// machine's time is not virtual.
//   bench-policy-forwarding FROM TO ADDRESS PORT PACKETS FIRST LAST
// sends from source ports FIRST to LAST, one after the other, and prints milliseconds for all.
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <fmt/format.h>

#include "base/unique_fd.h"
#include "tests/bench/figures.h"
#include "tests/bench/namespace_socket.h"

namespace {

using namespace cw;
using bench::check;
using bench::fail;
using bench::socket_in;

constexpr unsigned kInFlight = 32;
constexpr std::size_t kPayload = 64;
constexpr time_t kPatience = 10;  // seconds; a packet that takes longer is lost

sockaddr_in place(const char* address, unsigned port) {
  sockaddr_in made{};
  made.sin_family = AF_INET;
  made.sin_port = htons(static_cast<std::uint16_t>(port));
  check(::inet_pton(AF_INET, address, &made.sin_addr) == 1, "no address");
  return made;
}

const sockaddr* generic(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

class Path {
 public:
  Path(const std::string& from, const std::string& to, const char* address, unsigned port)
      : port_(port),
        out_(socket_in(from, AF_INET, SOCK_RAW, IPPROTO_UDP)),
        in_(socket_in(to, AF_INET, SOCK_DGRAM, 0)) {
    const auto target = place(address, 0);
    check(::connect(out_.get(), generic(target), sizeof target) == 0, "cannot reach the address");
    const auto all = place("0.0.0.0", port);
    const timeval patience{.tv_sec = kPatience, .tv_usec = 0};
    check(::bind(in_.get(), generic(all), sizeof all) == 0 &&
              ::setsockopt(in_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0,
          "cannot listen");
  }

  void forward(unsigned packets, unsigned first, unsigned last) {
    unsigned source = first;
    for (unsigned sent = 0; sent < packets; sent += kInFlight) {
      for (unsigned i = 0; i < kInFlight; ++i) {
        send(source);
        source = source == last ? first : source + 1;
      }
      for (unsigned i = 0; i < kInFlight; ++i) {
        char payload[kPayload];
        check(::recv(in_.get(), payload, sizeof payload, 0) > 0, "a packet is lost");
      }
    }
  }

 private:
  // The header is our own: so each packet can be the first one of a connection.
  void send(unsigned source_port) {
    struct {
      udphdr header;
      char payload[kPayload];
    } packet{};

    packet.header.source = htons(static_cast<std::uint16_t>(source_port));
    packet.header.dest = htons(static_cast<std::uint16_t>(port_));
    packet.header.len = htons(sizeof packet);
    check(::send(out_.get(), &packet, sizeof packet, 0) == sizeof packet, "cannot send");
  }

  unsigned port_;
  UniqueFd out_;
  UniqueFd in_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 8) {
    fail("usage: bench-policy-forwarding FROM TO ADDRESS PORT PACKETS FIRST LAST");
  }
  const auto number = [&](int which) {
    return static_cast<unsigned>(std::stoul(arguments[which]));
  };
  constexpr unsigned kNobodysPort = 9;
  Path path(arguments[1], arguments[2], arguments[3], number(4));
  path.forward(kInFlight, kNobodysPort, kNobodysPort);  // the handshake
  fmt::print("{:.1f}\n", bench::time_of([&] { path.forward(number(5), number(6), number(7)); }));
  return 0;
}
