// SPDX-License-Identifier: Apache-2.0
// How packets leave towards the site, and what the site's get for an answer.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include <netinet/in.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "firewall/nft/nft_socket.h"
#include "firewall/ruleset/filter.h"
#include "firewall/ruleset/transactions.h"
#include "tests/kernel/lan_world.h"
#include "tests/kernel/namespace.h"

namespace cw::kernel {
namespace {

using firewall::EgressMode;
using testing::HasSubstr;

// Whatever comes, comes in microseconds; emulated, in milliseconds.
constexpr timeval kLongest{.tv_sec = 5, .tv_usec = 0};
// What does not come within this does not come, or by a retransmission only.
constexpr timeval kQuiet{.tv_sec = 0, .tv_usec = 700'000};

constexpr std::uint16_t kSitePort = 5432;
constexpr std::uint16_t kPeerPort = 40000;
constexpr std::uint16_t kGatewayPort = 51820;

net::Ip ip(const char* text) {
  return *net::Ip::parse(text);
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;

  SocketAddress() = default;

  SocketAddress(const char* host, std::uint16_t port) {
    const auto address = ip(host);
    if (address.is_v4()) {
      auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
      v4.sin_family = AF_INET;
      v4.sin_port = htons(port);
      std::ranges::copy(address.bytes(), reinterpret_cast<std::uint8_t*>(&v4.sin_addr));
    } else {
      auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
      v6.sin6_family = AF_INET6;
      v6.sin6_port = htons(port);
      std::ranges::copy(address.bytes(), reinterpret_cast<std::uint8_t*>(&v6.sin6_addr));
    }
    size = address.is_v4() ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  }

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }

  // "10.0.1.5 5432"
  [[nodiscard]] std::string text() const {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    const auto* bytes = storage.ss_family == AF_INET
                            ? reinterpret_cast<const std::uint8_t*>(&v4.sin_addr)
                            : reinterpret_cast<const std::uint8_t*>(&v6.sin6_addr);
    const std::size_t length = storage.ss_family == AF_INET ? 4 : 16;
    const auto port = storage.ss_family == AF_INET ? v4.sin_port : v6.sin6_port;
    return fmt::format("{} {}", net::Ip::from_bytes({bytes, length})->to_text(), ntohs(port));
  }
};

// A socket of a namespace. It stays there, whoever uses it.
class Socket {
 public:
  Socket(const UniqueFd& ns, int type, const char* host, std::uint16_t port) {
    const Host::Visit visit(ns.get());
    SocketAddress own(host, port);
    fd_ = UniqueFd(::socket(own.storage.ss_family, type | SOCK_CLOEXEC, 0));
    const int yes = 1;
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    EXPECT_EQ(::bind(fd_.get(), own.get(), own.size), 0) << host << ": " << std::strerror(errno);
    wait_for(kLongest);
    if (type == SOCK_STREAM) {
      ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &kNoWord, sizeof kNoWord);
    }
  }

  void wait_for(const timeval& longest) const {
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof longest);
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &longest, sizeof longest);
  }

  void listen() const { EXPECT_EQ(::listen(fd_.get(), 8), 0) << std::strerror(errno); }

  // 0, or the error's number; EINPROGRESS where nobody answers. An ICMP error may come so soon that
  // it counts for no answer.
  [[nodiscard]] int connect(const char* host, std::uint16_t port) const {
    SocketAddress to(host, port);
    return ::connect(fd_.get(), to.get(), to.size) == 0 ? 0 : errno;
  }

  // Who came, and the connection.
  [[nodiscard]] std::pair<std::string, std::optional<Socket>> accept() const {
    SocketAddress from;
    UniqueFd made(::accept4(fd_.get(), from.get(), &from.size, SOCK_CLOEXEC));
    if (!made) {
      return {std::strerror(errno), std::nullopt};
    }
    Socket socket(std::move(made));
    socket.wait_for(kLongest);
    return {from.text(), std::move(socket)};
  }

  [[nodiscard]] int send(std::string_view text) const {
    return ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL) < 0 ? errno : 0;
  }

  // What comes, or the error in words.
  [[nodiscard]] std::string receive() const {
    std::array<char, 100> text{};
    const auto got = ::recv(fd_.get(), text.data(), text.size(), 0);
    return got < 0 ? std::strerror(errno) : std::string(text.data(), static_cast<std::size_t>(got));
  }

  // Of a datagram, which is sent back.
  [[nodiscard]] std::string echo() const {
    std::array<char, 100> text{};
    SocketAddress from;
    const auto got = ::recvfrom(fd_.get(), text.data(), text.size(), 0, from.get(), &from.size);
    if (got < 0) {
      return std::strerror(errno);
    }
    ::sendto(fd_.get(), text.data(), static_cast<std::size_t>(got), 0, from.get(), from.size);
    return from.text();
  }

 private:
  explicit Socket(UniqueFd fd) : fd_(std::move(fd)) {
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &kNoWord, sizeof kNoWord);
  }

  // Closed without a FIN that would be sent again and again to who is gone.
  static constexpr linger kNoWord{.l_onoff = 1, .l_linger = 0};

  UniqueFd fd_;
};

firewall::Egress floating(const char* address) {
  return {
      .mode = EgressMode::Floating, .address = ip(address), .address_ipv6 = ip("2001:db8:1::20")};
}

constexpr auto kAtHost = "10.0.1.20";      // an address of the LAN, and of the router
constexpr auto kRoutedHere = "10.7.7.20";  // of nobody, and the site sends it to the router

firewall::Filter filter(const firewall::Egress& egress) {
  return {.tunnels = {{.device = "cw-prod",
                       .listen_port = kGatewayPort,
                       .block = prefix("100.100.0.0/16"),
                       .block_ipv6 = prefix("fd12:3456:789a::6464:0/112"),
                       .image = prefix("240.36.0.0/16"),
                       .egress = egress}},
          .peers = {{ip("100.100.0.5"), ip("fd12:3456:789a::6464:5"), ip("240.36.0.5")}},
          .routes = {prefix("10.0.1.0/24"), prefix("2001:db8:1::/64")},
          .mark_mask = 0x60000000,
          .mark_judged = 0x20000000};
}

// The router is this namespace; a veth of the right name stands for the tunnel, and a peer's image
// for its packets by 4via6, behind the translator.
class EgressTest : public NamespaceTest {
 protected:
  void SetUp() override {
    NamespaceTest::SetUp();
    peer_ns_ = make(peer_);
    site_ns_ = make(site_);
    router_ns_ = UniqueFd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    connect("cw-prod", peer_, {"100.100.0.1/16", "240.36.0.1/16", "fd12:3456:789a::6464:1/112"},
            {"100.100.0.5/16", "240.36.0.5/16", "fd12:3456:789a::6464:5/112"});
    connect("site0", site_, {"10.0.1.1/24", "2001:db8:1::1/64"},
            {"10.0.1.5/24", "2001:db8:1::5/64"});
    // A tunnel has no neighbour discovery, and what it sends to the router itself is refused.
    run("ip neighbour add fd12:3456:789a::6464:5 lladdr 02:00:00:00:00:02 dev cw-prod");
    run(fmt::format(
        "ip -n {} neighbour add fd12:3456:789a::6464:1 lladdr 02:00:00:00:00:01 dev eth0", peer_));
    run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
    auto socket = firewall::NftSocket::create();
    CW_ASSERT_OK(socket);
    socket_.emplace(std::move(*socket));
  }

  void TearDown() override {
    for (const auto& name : {peer_, site_}) {
      run("ip netns delete " + name);
    }
  }

  static UniqueFd make(const std::string& name) {
    run("ip netns add " + name);
    run(fmt::format("ip -n {} link set lo up", name));
    return UniqueFd(::open(("/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC));
  }

  static void connect(const std::string& device, const std::string& there,
                      const std::vector<std::string>& ours,
                      const std::vector<std::string>& theirs) {
    run(
        fmt::format("ip link add {} address 02:00:00:00:00:01 type veth peer name eth0 address "
                    "02:00:00:00:00:02 netns {}",
                    device, there));
    run(fmt::format("ip link set {} up && ip -n {} link set eth0 up", device, there));
    for (const auto& address : ours) {
      run(fmt::format("ip address add {} dev {} nodad", address, device));
    }
    for (const auto& address : theirs) {
      run(fmt::format("ip -n {} address add {} dev eth0 nodad", there, address));
    }
    run(fmt::format("ip -n {} route add default via {}", there,
                    ours.front().substr(0, ours.front().find('/'))));
    run(fmt::format("ip -n {} route add default via {}", there,
                    ours.back().substr(0, ours.back().find('/'))));
  }

  void load(const firewall::Filter& filter) {
    CW_EXPECT_OK(socket_->commit(replace_text(compile(filter))));
  }

  // With the addresses on the router, as a fabric puts them there.
  void float_at_host() {
    load(filter(floating(kAtHost)));
    run(fmt::format("ip address add {}/32 dev site0", kAtHost));
    run("ip address add 2001:db8:1::20/128 dev site0 nodad preferred_lft 0");
  }

  // Whom a host of the site sees when the peer's address opens a connection; both say a word.
  std::string seen_at_site(const char* peer_address, std::uint16_t port = kPeerPort) {
    const auto* site_address = site_address_for(peer_address);
    const Socket server(site_ns_, SOCK_STREAM, site_address, kSitePort);
    server.listen();
    const Socket client(peer_ns_, SOCK_STREAM, peer_address, port);
    if (const int error = client.connect(site_address, kSitePort)) {
      return std::strerror(error);
    }
    const auto [who, connection] = server.accept();
    EXPECT_EQ(client.send("question"), 0);
    EXPECT_EQ(connection->receive(), "question");
    EXPECT_EQ(connection->send("answer"), 0);
    EXPECT_EQ(client.receive(), "answer");
    return who;
  }

  static const char* site_address_for(std::string_view other) {
    return other.find(':') == std::string_view::npos ? "10.0.1.5" : "2001:db8:1::5";
  }

  // What somebody of the site gets who opens a connection to this address of the router.
  [[nodiscard]] int open_from_site(const char* to, std::uint16_t port) const {
    const Socket client(site_ns_, SOCK_STREAM, site_address_for(to), 0);
    client.wait_for(kQuiet);
    return client.connect(to, port);
  }

  // A stream that the router knows nothing of any more, as after a takeover: the site's packets end
  // nothing, and with the peer's first word it goes on.
  void expect_a_stream_survives(const char* peer_address) {
    const auto* site_address = site_address_for(peer_address);
    const Socket server(site_ns_, SOCK_STREAM, site_address, kSitePort);
    server.listen();
    const Socket client(peer_ns_, SOCK_STREAM, peer_address, kPeerPort);
    ASSERT_EQ(client.connect(site_address, kSitePort), 0);
    const auto [who, connection] = server.accept();
    ASSERT_TRUE(connection);
    EXPECT_EQ(connection->send("before"), 0);
    EXPECT_EQ(client.receive(), "before");
    run("conntrack -F");
    EXPECT_EQ(connection->send("meanwhile"), 0);
    client.wait_for(kQuiet);
    EXPECT_EQ(client.receive(), std::strerror(EAGAIN));
    EXPECT_THAT(run("conntrack -L 2>/dev/null || true"), testing::Not(HasSubstr("dport=40000")));
    EXPECT_EQ(client.send("I am here"), 0);
    EXPECT_EQ(connection->receive(), "I am here");
    client.wait_for(kLongest);
    EXPECT_EQ(client.receive(), "meanwhile");
  }

  const std::string peer_ = fmt::format("cw-test-peer-{}", ::getpid());
  const std::string site_ = fmt::format("cw-test-site-{}", ::getpid());
  UniqueFd peer_ns_;
  UniqueFd site_ns_;
  UniqueFd router_ns_;
  std::optional<firewall::NftSocket> socket_;
};

TEST_F(EgressTest, FloatingIsTheGatewaysAddressAndThePeersPort) {
  float_at_host();
  EXPECT_EQ(seen_at_site("100.100.0.5"), "10.0.1.20 40000");
  EXPECT_EQ(seen_at_site("fd12:3456:789a::6464:5"), "2001:db8:1::20 40000");
  EXPECT_EQ(seen_at_site("240.36.0.5", 40001), "10.0.1.20 40001");
}

TEST_F(EgressTest, FloatingWithoutAnIpv6AddressMasqueradesIpv6) {
  auto egress = floating(kAtHost);
  egress.address_ipv6.reset();
  load(filter(egress));
  EXPECT_EQ(seen_at_site("fd12:3456:789a::6464:5"), "2001:db8:1::1 40000");
}

TEST_F(EgressTest, NobodyAnswersAtAFloatingAddressWhateverListensThere) {
  float_at_host();
  for (const auto* any : {"0.0.0.0", "::"}) {
    const Socket server(router_ns_, SOCK_STREAM, any, 8080);
    server.listen();
    for (const auto* to : {kAtHost, "2001:db8:1::20"}) {
      if (site_address_for(to) == std::string_view(site_address_for(any))) {
        EXPECT_EQ(open_from_site(to, 8080), EINPROGRESS) << to;
        EXPECT_EQ(open_from_site(to, 8081), EINPROGRESS) << to << ": no reset";
      }
    }
    EXPECT_EQ(open_from_site(std::string_view(any) == "::" ? "2001:db8:1::1" : "10.0.1.1", 8080), 0)
        << "the router's own address is not ours to judge";
  }
  EXPECT_EQ(open_from_site("10.0.1.1", 8081), ECONNREFUSED);
  EXPECT_THAT(run(fmt::format("ip netns exec {} ping -c1 -W1 {} || true", site_, kAtHost)),
              HasSubstr("100% packet loss"));
}

TEST_F(EgressTest, NobodyElsesRuleRejectsBeforeTheStandingDrop) {
  run("nft 'table inet other { chain in { type filter hook input priority -200; tcp dport 8081 "
      "reject with tcp reset; }; }'");
  float_at_host();
  EXPECT_EQ(open_from_site(kAtHost, 8081), EINPROGRESS);
  EXPECT_EQ(open_from_site("10.0.1.1", 8081), ECONNREFUSED) << "it is a rule that rejects";
}

TEST_F(EgressTest, WhatTheRouterItselfOpensFromAFloatingAddressIsAnswered) {
  float_at_host();
  const Socket server(site_ns_, SOCK_STREAM, "10.0.1.5", kSitePort);
  server.listen();
  const Socket own(router_ns_, SOCK_STREAM, kAtHost, 0);
  EXPECT_EQ(own.connect("10.0.1.5", kSitePort), 0);
}

TEST_F(EgressTest, ClientsMayNameTheFloatingAddressAsTheGateways) {
  float_at_host();
  const Socket gateway(router_ns_, SOCK_DGRAM, kAtHost, kGatewayPort);
  const Socket client(site_ns_, SOCK_DGRAM, "10.0.1.5", kPeerPort);
  ASSERT_EQ(client.connect(kAtHost, kGatewayPort), 0);
  EXPECT_EQ(client.send("hello"), 0);
  EXPECT_EQ(gateway.echo(), "10.0.1.5 40000");
  EXPECT_EQ(client.receive(), "hello");
}

TEST_F(EgressTest, AStreamThatTheRouterDoesNotKnowGoesOnByAnAddressOfTheHost) {
  float_at_host();
  expect_a_stream_survives("100.100.0.5");
}

TEST_F(EgressTest, AStreamThatTheRouterDoesNotKnowGoesOnByIpv6) {
  float_at_host();
  expect_a_stream_survives("fd12:3456:789a::6464:5");
}

TEST_F(EgressTest, AStreamThatTheRouterDoesNotKnowGoesOnByAnAddressThatIsOnlyRoutedHere) {
  load(filter(floating(kRoutedHere)));
  EXPECT_EQ(seen_at_site("100.100.0.5", 40001), "10.7.7.20 40001");
  expect_a_stream_survives("100.100.0.5");
}

TEST_F(EgressTest, AStreamThatTheRouterDoesNotKnowGoesOnWhereItIsRouted) {
  load(filter({.mode = EgressMode::Routed, .address = {}, .address_ipv6 = {}}));
  expect_a_stream_survives("100.100.0.5");
}

TEST_F(EgressTest, RoutedIsThePeersOwnAddressAlsoWhereItWasTranslated) {
  load(filter({.mode = EgressMode::Routed, .address = {}, .address_ipv6 = {}}));
  EXPECT_EQ(seen_at_site("100.100.0.5"), "100.100.0.5 40000");
  EXPECT_EQ(seen_at_site("fd12:3456:789a::6464:5"), "fd12:3456:789a::6464:5 40000");
  EXPECT_EQ(seen_at_site("240.36.0.5", 40001), "100.100.0.5 40001");
}

TEST_F(EgressTest, RoutedKeepsNativeAndTranslatedApartWhereTheirPortsAreEqual) {
  load(filter({.mode = EgressMode::Routed, .address = {}, .address_ipv6 = {}}));
  const Socket server(site_ns_, SOCK_DGRAM, "10.0.1.5", kSitePort);
  const Socket native(peer_ns_, SOCK_DGRAM, "100.100.0.5", kPeerPort);
  const Socket translated(peer_ns_, SOCK_DGRAM, "240.36.0.5", kPeerPort);
  for (const auto* socket : {&translated, &native}) {
    ASSERT_EQ(socket->connect("10.0.1.5", kSitePort), 0);
    const std::string said = socket == &native ? "native" : "translated";
    EXPECT_EQ(socket->send(said), 0);
    EXPECT_THAT(server.echo(), testing::StartsWith("100.100.0.5 "));
    EXPECT_EQ(socket->receive(), said);
  }
}

TEST_F(EgressTest, RoutedLetsTheSiteOpenWhatThePolicyHasARuleFor) {
  auto rules = filter({.mode = EgressMode::Routed, .address = {}, .address_ipv6 = {}});
  rules.rights.emplace();
  rules.rules = {"monitoring"};
  for (const auto* peer : {"100.100.0.5", "fd12:3456:789a::6464:5"}) {
    rules.from_site.push_back({.to = net::Prefix::host(ip(peer)),
                               .protocol = firewall::Protocol::Tcp,
                               .first = 9100,
                               .last = 9100});
  }
  load(rules);
  for (const auto* peer : {"100.100.0.5", "fd12:3456:789a::6464:5"}) {
    for (const std::uint16_t port : std::to_array<std::uint16_t>({9100, 9101})) {
      const Socket server(peer_ns_, SOCK_STREAM, peer, port);
      server.listen();
      EXPECT_EQ(open_from_site(peer, port) == 0, port == 9100) << peer << " " << port;
      if (port == 9100) {
        EXPECT_THAT(server.accept().first, testing::StartsWith(site_address_for(peer)))
            << "as itself";
      }
    }
  }
}

TEST_F(EgressTest, ConnectionsStayAsTheyBeganWhereTheEgressBecomesAnother) {
  load(filter({}));
  run(fmt::format("ip address add {}/32 dev site0", kAtHost));
  const Socket server(site_ns_, SOCK_STREAM, "10.0.1.5", kSitePort);
  server.listen();
  const Socket client(peer_ns_, SOCK_STREAM, "100.100.0.5", kPeerPort);
  ASSERT_EQ(client.connect("10.0.1.5", kSitePort), 0);
  const auto [who, connection] = server.accept();
  EXPECT_EQ(who, "10.0.1.1 40000");
  load(filter(floating(kAtHost)));
  EXPECT_EQ(client.send("question"), 0);
  EXPECT_EQ(connection->receive(), "question");
  EXPECT_EQ(connection->send("answer"), 0);
  EXPECT_EQ(client.receive(), "answer");
}

}  // namespace
}  // namespace cw::kernel
