// SPDX-License-Identifier: Apache-2.0
#include <map>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "firewall/nft/nft_socket.h"
#include "firewall/ruleset/filter.h"
#include "firewall/ruleset/tally.h"
#include "firewall/ruleset/transactions.h"
#include "tests/kernel/namespace.h"

namespace cw::kernel {
namespace {

using firewall::Counts;
using firewall::Protocol;

net::Ip ip(const char* text) {
  return *net::Ip::parse(text);
}

// Two peers, of which the first may use what is at the site, and the database by a rule of its own.
firewall::Filter filter() {
  using firewall::Grant;
  firewall::Filter filter{
      .tunnels = {{.device = "cw-prod",
                   .listen_port = 51820,
                   .block = prefix("100.100.0.0/16"),
                   .block_ipv6 = prefix("fd12:3456:789a::6464:0/112"),
                   .image = prefix("240.36.0.0/16")}},
      .peers = {{ip("100.100.0.5"), ip("fd12:3456:789a::6464:5"), ip("240.36.0.5"), "g_one"},
                {ip("100.100.0.6"), ip("fd12:3456:789a::6464:6"), ip("240.36.0.6")}},
      .routes = {prefix("10.0.1.0/24"), prefix("2001:db8:1::/64")},
      .mark_mask = 0x60000000,
      .mark_judged = 0x20000000};
  filter.rights = {
      {.name = "g_one",
       .grants = {Grant{.to = prefix("10.0.1.0/24"), .rule = 1},
                  Grant{.to = prefix("10.0.1.5/32"),
                        .protocol = Protocol::Tcp,
                        .first = 5432,
                        .last = 5432,
                        .rule = 0},
                  Grant{.to = prefix("2001:db8:1::/64"), .protocol = Protocol::Icmp, .rule = 2}}}};
  filter.rules = {"database", "site", "pings"};
  return filter;
}

// The router is this namespace; a veth of the right name stands for the tunnel.
class CountingTest : public NamespaceTest {
 protected:
  void SetUp() override {
    NamespaceTest::SetUp();
    for (const auto& name : {peer_, site_}) {
      run("ip netns add " + name);
      run(fmt::format("ip -n {} link set lo up", name));
    }
    connect("cw-prod", peer_, {"100.100.0.1/16", "fd12:3456:789a::6464:1/112"},
            {"100.100.0.5/16", "100.100.0.6/16", "fd12:3456:789a::6464:5/112"});
    connect("site0", site_, {"10.0.1.1/24", "2001:db8:1::1/64"},
            {"10.0.1.5/24", "2001:db8:1::5/64"});
    // A tunnel has no neighbour discovery, and what it sends to the router itself is refused.
    run("ip neighbour add fd12:3456:789a::6464:5 lladdr 02:00:00:00:00:02 dev cw-prod");
    run(fmt::format(
        "ip -n {} neighbour add fd12:3456:789a::6464:1 lladdr 02:00:00:00:00:01 dev eth0", peer_));
    run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
    auto socket = firewall::NftSocket::create();
    CW_ASSERT_OK(socket);
    CW_EXPECT_OK(socket->commit(replace_text(compile(filter()))));
    socket_.emplace(std::move(*socket));
  }

  void TearDown() override {
    for (const auto& name : {peer_, site_}) {
      run("ip netns delete " + name);
    }
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
    for (const auto& address : ours) {
      run(fmt::format("ip -n {} route add default via {}", there,
                      address.substr(0, address.find('/'))));
    }
  }

  // By a Python program at the peer.
  void at_peer(const std::string& program) const {
    run(fmt::format("ip netns exec {} python3 -c 'from socket import *\n{}'", peer_, program));
  }

  void ping(const std::string& arguments) const {
    run(fmt::format("ip netns exec {} ping -i 0.2 -W 1 {} || true", peer_, arguments));
  }

  [[nodiscard]] std::uint64_t packets(const std::string& counter) {
    const auto counters = socket_->counters();
    EXPECT_TRUE(counters);
    const auto found = std::ranges::find(*counters, counter, &firewall::Counter::name);
    EXPECT_NE(found, counters->end()) << counter;
    return found == counters->end() ? 0 : found->packets;
  }

  [[nodiscard]] std::uint64_t of_rule(const std::string& rule) {
    return packets(counter_name(rule, Counts::All));
  }

  const std::string peer_ = fmt::format("cw-test-peer-{}", ::getpid());
  const std::string site_ = fmt::format("cw-test-site-{}", ::getpid());
  std::optional<firewall::NftSocket> socket_;
};

TEST_F(CountingTest, AConnectionCountsOnceForTheFirstRuleThatAllowsIt) {
  at_peer("for i in range(2): socket().connect_ex((\"10.0.1.5\", 5432))");
  EXPECT_EQ(of_rule("database"), 2U);
  EXPECT_EQ(of_rule("site"), 0U) << "it allows it too, but comes later";
  at_peer("socket().connect_ex((\"10.0.1.5\", 80))");
  EXPECT_EQ(of_rule("database"), 2U);
  EXPECT_EQ(of_rule("site"), 1U);
}

TEST_F(CountingTest, PacketsThatNobodyAnswersAreOfOneConnection) {
  at_peer(
      "s = socket(AF_INET, SOCK_DGRAM)\n"
      "for i in range(3): s.sendto(b\"x\", (\"10.0.1.5\", 53))");
  EXPECT_EQ(of_rule("site"), 1U);
}

TEST_F(CountingTest, PingsCountWhateverStandsWherePortsWouldBe) {
  ping("-c 3 -I 100.100.0.5 10.0.1.5");
  EXPECT_EQ(of_rule("site"), 1U);
  ping("-c 3 2001:db8:1::5");
  EXPECT_EQ(of_rule("pings"), 1U);
}

TEST_F(CountingTest, WhatIsRefusedCountsPacketByPacketAndForNoRule) {
  ping("-c 3 -I 100.100.0.6 10.0.1.5");
  EXPECT_EQ(packets(firewall::kRefusedCounter), 3U);
  EXPECT_EQ(of_rule("database") + of_rule("site") + of_rule("pings"), 0U);
}

}  // namespace
}  // namespace cw::kernel
