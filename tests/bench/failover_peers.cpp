// SPDX-License-Identifier: Apache-2.0
// Many stock clients in one network namespace: a WireGuard device each, with a key of its own
// and one peer, the gateway. The devices are made by `ip`, named PREFIX and a number.
//   bench-failover-peers keys COUNT
// prints the clients' public keys, a line each.
//   bench-failover-peers connect PREFIX COUNT KEY ADDRESS PORT
// gives the devices their configuration, as `wg setconf` does; the gateway has that public key.
//   bench-failover-peers watch DEVICE COUNT SINCE PATIENCE
// watches a gateway's device until as many peers have had a session that was begun since, or for so
// many seconds, and prints when each had its first one, a line each. Times are nanoseconds of the
// wall clock. The client has it half a round trip later.
#include <charconv>
#include <chrono>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <thread>

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
// Between two looks: one takes some milliseconds for a thousand peers. A peer that loses a session
// in between, to get another one, counts as late.
constexpr std::chrono::milliseconds kLook{100};

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

void watch(const std::string& name, std::size_t count, netlink::HandshakeTime since,
           std::chrono::seconds patience) {
  auto socket = must(netlink::WireGuardSocket::create());
  std::map<net::PublicKey, netlink::HandshakeTime> first;
  const auto until = std::chrono::steady_clock::now() + patience;
  while (first.size() < count && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(kLook);
    for (const auto& peer : must(socket.device(name)).peers) {
      if (peer.last_handshake && *peer.last_handshake >= since) {
        first.emplace(peer.key, *peer.last_handshake);
      }
    }
  }
  for (const auto& [key, time] : first) {
    fmt::print("{}\n", time.time_since_epoch().count());
  }
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
  } else if (verb == "watch" && arguments.size() == 5) {
    watch(arguments[1], number<std::size_t>(arguments[2]),
          netlink::HandshakeTime(std::chrono::nanoseconds(number<std::int64_t>(arguments[3]))),
          std::chrono::seconds(number<unsigned>(arguments[4])));
  } else {
    fail("bench-failover-peers keys|connect|watch ...");
  }
  return 0;
}
