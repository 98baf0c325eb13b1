// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstring>
#include <optional>

#include <sys/socket.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <sched.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "firewall/nft/nft_socket.h"
#include "firewall/ruleset/filter.h"
#include "firewall/ruleset/transactions.h"
#include "tests/kernel/namespace.h"

namespace cw::kernel {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint16_t kGatewayPort = 51820;
constexpr std::uint16_t kClientPort = 40000;
constexpr timeval kLongest{.tv_sec = 5, .tv_usec = 0};
// As WireGuard's first message begins.
constexpr std::string_view kInitiation("\1\0\0\0hello", 9);

struct Address {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;

  Address() = default;

  Address(const std::string& host, std::uint16_t port) {
    const addrinfo numeric{.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM};
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &numeric, &found) == 0) {
      std::memcpy(&storage, found->ai_addr, found->ai_addrlen);
      size = found->ai_addrlen;
      ::freeaddrinfo(found);
    }
  }

  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }

  [[nodiscard]] std::string text() const {
    std::array<char, NI_MAXHOST> host{};
    std::array<char, NI_MAXSERV> port{};
    ::getnameinfo(get(), size, host.data(), host.size(), port.data(), port.size(),
                  NI_NUMERICHOST | NI_NUMERICSERV);
    return fmt::format("{} {}", host.data(), port.data());
  }
};

class UdpSocket {
 public:
  UdpSocket(const std::string& host, std::uint16_t port) {
    const Address own(host, port);
    fd_ = UniqueFd(::socket(own.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(fd_.get(), own.get(), own.size), 0) << std::strerror(errno);
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &kLongest, sizeof kLongest);
  }

  void send(const Address& to, std::string_view text = kInitiation) {
    EXPECT_EQ(::sendto(fd_.get(), text.data(), text.size(), 0, to.get(), to.size),
              static_cast<ssize_t>(text.size()))
        << std::strerror(errno);
  }

  // From whom.
  Address receive() {
    std::array<char, 100> text{};
    Address from;
    EXPECT_GT(::recvfrom(fd_.get(), text.data(), text.size(), 0, from.get(), &from.size), 0)
        << std::strerror(errno);
    return from;
  }

 private:
  UniqueFd fd_;
};

struct Ends {
  const char* router;
  const char* client;
};

constexpr Ends kIpv4{.router = "198.51.100.10", .client = "198.51.100.77"};
constexpr Ends kIpv6{.router = "2001:db8:51::10", .client = "2001:db8:51::77"};

// The router is this namespace; a socket on the gateway's port stands for WireGuard.
class OuterTest : public NamespaceTest, public testing::WithParamInterface<Ends> {
 protected:
  void SetUp() override {
    NamespaceTest::SetUp();
    run("ip netns add " + name_);
    run("ip link add wan0 type veth peer name eth0 netns " + name_);
    run(fmt::format("ip link set wan0 up && ip -n {0} link set lo up && ip -n {0} link set eth0 up",
                    name_));
    const auto length = std::string_view(GetParam().router) == kIpv4.router ? 24 : 64;
    run(fmt::format("ip address add {}/{} dev wan0 nodad", GetParam().router, length));
    run(fmt::format("ip -n {} address add {}/{} dev eth0 nodad", name_, GetParam().client, length));
    auto socket = firewall::NftSocket::create();
    CW_ASSERT_OK(socket);
    socket_.emplace(std::move(*socket));
    load({});
    gateway_.emplace(GetParam().router, kGatewayPort);
    client_ = client(kClientPort);
  }

  void TearDown() override { run("ip netns delete " + name_); }

  void load(const std::vector<net::SocketAddress>& clients) {
    const auto table = firewall::compile({.tunnels = {{.device = "cw-prod",
                                                       .listen_port = kGatewayPort,
                                                       .block = prefix("100.100.0.0/16"),
                                                       .block_ipv6 = prefix("fd12:3456::/112"),
                                                       .image = prefix("240.36.0.0/16")}},
                                          .alternate_ports = {443, 4500},
                                          .mark_mask = 0x60000000,
                                          .mark_judged = 0x20000000});
    CW_EXPECT_OK(socket_->commit(firewall::replace_text(table, clients)));
  }

  // A socket in the client's namespace.
  [[nodiscard]] std::optional<UdpSocket> client(std::uint16_t port) const {
    const UniqueFd here(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    const UniqueFd there(::open(("/run/netns/" + name_).c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(::setns(there.get(), CLONE_NEWNET), 0);
    std::optional<UdpSocket> made(std::in_place, GetParam().client, port);
    EXPECT_EQ(::setns(here.get(), CLONE_NEWNET), 0);
    return made;
  }

  static Address router(std::uint16_t port) { return {GetParam().router, port}; }

  // There and back, and the answer comes from where it was sent to. What the gateway saw.
  Address talk(std::uint16_t port) {
    client_->send(router(port));
    const auto seen = gateway_->receive();
    gateway_->send(seen);
    EXPECT_EQ(client_->receive().text(), router(port).text());
    return seen;
  }

  static std::string tracked() {
    return run("(conntrack -L -f ipv4; conntrack -L -f ipv6) 2>/dev/null | grep ^udp || true");
  }

  const std::string name_ = fmt::format("cw-test-client-{}", ::getpid());
  std::optional<firewall::NftSocket> socket_;
  std::optional<UdpSocket> gateway_;
  std::optional<UdpSocket> client_;
};

INSTANTIATE_TEST_SUITE_P(Family, OuterTest, testing::Values(kIpv4, kIpv6),
                         [](const auto& test) { return test.index == 0 ? "Ipv4" : "Ipv6"; });

TEST_P(OuterTest, WhatComesToTheGatewaysPortIsAnsweredAndNotTracked) {
  talk(kGatewayPort);
  EXPECT_THAT(tracked(), IsEmpty());
}

TEST_P(OuterTest, WhatIsRedirectedIsAnsweredFromThePortItCameTo) {
  talk(443);
  EXPECT_THAT(tracked(), HasSubstr("dport=443"));
}

TEST_P(OuterTest, AClientMayChangeThePortThatItSendsTo) {
  for (const std::uint16_t port : std::to_array<std::uint16_t>({51820, 443, 4500, 443})) {
    SCOPED_TRACE(port);
    talk(port);
  }
}

// WireGuard takes the answer and follows it (ADR 18).
TEST_P(OuterTest, AClientThatLeavesARedirectedPortHearsFromThatOneForAWhile) {
  talk(443);
  client_->send(router(kGatewayPort));
  gateway_->send(gateway_->receive());
  EXPECT_EQ(client_->receive().text(), router(443).text());
}

// Rebuilt, the table knows nobody but those it is told of, and a client may be listening only.
TEST_P(OuterTest, ARedirectedClientHearsOnAcrossATableThatIsBuiltAnew) {
  const auto seen = talk(443);
  load({{*net::Ip::parse(GetParam().client), kClientPort}});
  gateway_->send(seen);
  EXPECT_EQ(client_->receive().text(), router(443).text());
}

TEST_P(OuterTest, NoOtherClientIsTrackedForLongAfterATableThatIsBuiltAnew) {
  const auto seen = talk(kGatewayPort);
  load({{*net::Ip::parse(GetParam().client), kClientPort}});
  gateway_->send(seen);
  EXPECT_EQ(client_->receive().text(), router(kGatewayPort).text());
  EXPECT_EQ(talk(kGatewayPort).text(), seen.text());
}

TEST_P(OuterTest, AnErrorAboutWhatIsNotTrackedIsNotCalledInvalid) {
  run("nft 'table inet other { counter invalid { }; counter errors { }; chain in { "
      "type filter hook input priority 0; icmp type 3 counter name errors; icmpv6 type 1 counter "
      "name errors; ct state invalid counter name invalid; }; }'");
  const auto seen = talk(kGatewayPort);
  client_.reset();
  gateway_->send(seen);
  EXPECT_THAT(run("nft list counter inet other errors"), HasSubstr("packets 1 "));
  EXPECT_THAT(run("nft list counter inet other invalid"), HasSubstr("packets 0 "));
}

TEST_P(OuterTest, WhatTheRouterForwardsToSuchAPortIsTracked) {
  run("ip link add far0 type veth peer name far1 && ip link set far0 up && ip link set far1 up");
  run("ip address add 203.0.113.1/24 dev far0 && ip address add 2001:db8:77::1/64 dev far0 nodad");
  run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
  run(fmt::format("ip -n {} route add default via {}", name_, GetParam().router));
  const auto* far =
      std::string_view(GetParam().router) == kIpv4.router ? "203.0.113.9" : "2001:db8:77::9";
  client_->send({far, kGatewayPort});
  EXPECT_THAT(tracked(), HasSubstr("dport=51820"));
}

}  // namespace
}  // namespace cw::kernel
