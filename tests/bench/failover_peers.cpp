// SPDX-License-Identifier: Apache-2.0
// A thousand stock clients in one network namespace: a WireGuard device each, with a key of its own
// and one peer, the gateway. The devices are made by `ip`, named PREFIX and a number.
//   bench-failover-peers keys COUNT
// prints the clients' public keys, a line each.
//   bench-failover-peers connect PREFIX COUNT KEY ADDRESS PORT
// gives the devices their configuration, as `wg setconf` does; the gateway has that public key.
//   bench-failover-peers sessions PREFIX COUNT SINCE
// prints how many of them have a session that was begun since, and when the last of these was: in
// nanoseconds of the wall clock. A client that is asked for a handshake counts it when the other
// side has proved that it has the answer: packets go both ways from then on.
#include <algorithm>
#include <charconv>
#include <span>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "net/ip.h"
#include "netlink/socket/wireguard.h"
#include "tests/bench/figures.h"
#include "tests/support/networks.h"

namespace {

using namespace cw;
using bench::fail;
using bench::must;

constexpr unsigned kFirstKey = 1000;
constexpr std::uint16_t kKeepaliveSeconds = 25;  // as `causeway peer` writes it

template <class T>
T number(std::string_view text) {
  T value{};
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    fail(fmt::format("no number: {}", text));
  }
  return value;
}

void print_keys(unsigned count) {
  for (unsigned client = 0; client < count; ++client) {
    fmt::print("{}\n", test::public_key(kFirstKey + client).to_text());
  }
}

void connect(std::string_view prefix, unsigned count, const netlink::WgPeerChange& gateway) {
  auto socket = must(netlink::WireGuardSocket::create());
  for (unsigned client = 0; client < count; ++client) {
    const auto key = test::private_key(kFirstKey + client);
    if (const auto done = socket.change({.device = fmt::format("{}{}", prefix, client),
                                         .private_key = &key,
                                         .listen_port = std::nullopt,
                                         .fwmark = std::nullopt,
                                         .peers = {gateway}});
        !done) {
      fail(done.error().to_text());
    }
  }
}

void count_sessions(std::string_view prefix, unsigned count, netlink::HandshakeTime since) {
  auto socket = must(netlink::WireGuardSocket::create());
  unsigned sessions = 0;
  netlink::HandshakeTime last{};
  for (unsigned client = 0; client < count; ++client) {
    const auto device = must(socket.device(fmt::format("{}{}", prefix, client)));
    for (const auto& peer : device.peers) {
      if (peer.last_handshake && *peer.last_handshake >= since) {
        ++sessions;
        last = std::max(last, *peer.last_handshake);
      }
    }
  }
  fmt::print("{} {}\n", sessions, last.time_since_epoch().count());
}

netlink::WgPeerChange gateway_of(std::string_view key, std::string_view address,
                                 std::string_view port) {
  netlink::WgPeerChange gateway;
  gateway.key = must(net::PublicKey::parse(key));
  gateway.endpoint =
      net::SocketAddress{.ip = must(net::Ip::parse(address)), .port = number<std::uint16_t>(port)};
  gateway.keepalive_seconds = kKeepaliveSeconds;
  return gateway;
}

}  // namespace

int main(int argc, char** argv) {
  const std::span<char*> arguments(argv + 1, static_cast<std::size_t>(argc - 1));
  const std::string_view verb = arguments.empty() ? "" : arguments[0];
  if (verb == "keys" && arguments.size() == 2) {
    print_keys(number<unsigned>(arguments[1]));
  } else if (verb == "connect" && arguments.size() == 6) {
    connect(arguments[1], number<unsigned>(arguments[2]),
            gateway_of(arguments[3], arguments[4], arguments[5]));
  } else if (verb == "sessions" && arguments.size() == 4) {
    count_sessions(
        arguments[1], number<unsigned>(arguments[2]),
        netlink::HandshakeTime(std::chrono::nanoseconds(number<std::int64_t>(arguments[3]))));
  } else {
    fail("bench-failover-peers keys|connect|sessions ...");
  }
  return 0;
}
