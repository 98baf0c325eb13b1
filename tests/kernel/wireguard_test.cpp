// SPDX-License-Identifier: Apache-2.0
#include "netlink/socket/wireguard.h"

#include <algorithm>
#include <iostream>
#include <map>
#include <optional>
#include <stop_token>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "netlink/socket/route.h"
#include "tests/kernel/namespace.h"
#include "tests/kernel/stopwatch.h"

namespace cw::kernel {
namespace {

using netlink::PeerVerb;
using netlink::WgDevice;
using netlink::WgPeerChange;
using netlink::WireGuardSocket;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kDevice = "cw-prod";
constexpr auto kPrivate = "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=";
constexpr auto kPublic = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";

net::PublicKey key(std::uint32_t number) {
  net::KeyBytes bytes{};
  for (unsigned i = 0; i < 4; ++i) {
    bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
  }
  bytes[30] = 1;
  return net::PublicKey(bytes);
}

net::Prefix host(std::uint32_t number) {
  return net::Prefix::host(net::Ip::v4(number));
}

class WireGuardTest : public NamespaceTest {
 protected:
  void SetUp() override {
    NamespaceTest::SetUp();
    auto routes = netlink::RouteSocket::create(kOurs);
    CW_ASSERT_OK(routes);
    const auto made = routes->create_wireguard(kDevice, 1420);
    CW_ASSERT_OK(made);
    auto socket = WireGuardSocket::create();
    CW_ASSERT_OK(socket);
    socket_.emplace(std::move(*socket));
  }

  void change(std::vector<WgPeerChange> peers) {
    CW_EXPECT_OK(socket_->change({.device = kDevice, .peers = std::move(peers)}));
  }

  WgDevice device() {
    auto device = socket_->device(kDevice);
    EXPECT_TRUE(device) << (device ? "" : device.error().to_text());
    return device ? *device : WgDevice{};
  }

  // By key: what `wg` shows after it.
  static std::map<std::string, std::string> shown(const std::string& what) {
    std::map<std::string, std::string> rows;
    const auto text = run(fmt::format("wg show {} {}", kDevice, what));
    for (std::size_t at = 0; at < text.size();) {
      const auto end = text.find('\n', at);
      const auto tab = text.find('\t', at);
      rows[text.substr(at, tab - at)] = text.substr(tab + 1, end - tab - 1);
      at = end + 1;
    }
    return rows;
  }

  std::optional<WireGuardSocket> socket_;
};

// More peers than one message of a dump holds, and somebody who changes the device all the time.
TEST_F(WireGuardTest, ADumpThatIsInterruptedEnds) {
  constexpr std::uint32_t kPeers = 1000;
  constexpr std::chrono::seconds kPatience(30);  // the first dump is interrupted, as a rule
  std::vector<WgPeerChange> peers;
  for (std::uint32_t number = 1; number <= kPeers; ++number) {
    peers.push_back({.key = key(number), .allowed_ips = {host(number)}});
  }
  change(std::move(peers));
  std::jthread changes([](const std::stop_token& stop) {
    auto socket = WireGuardSocket::create();
    for (std::uint32_t mark = 1; socket && !stop.stop_requested(); ++mark) {
      EXPECT_TRUE(socket->change({.device = kDevice, .fwmark = mark}));
    }
  });
  const auto until = std::chrono::steady_clock::now() + kPatience;
  bool interrupted = false;
  while (!interrupted && std::chrono::steady_clock::now() < until) {
    const auto seen = socket_->device(kDevice);
    interrupted = !seen && seen.error().kind == ErrorKind::Interrupted;
    EXPECT_TRUE(seen || interrupted) << (seen ? "" : seen.error().to_text());
  }
  EXPECT_TRUE(interrupted) << "no dump was interrupted each time";
  changes.request_stop();
  changes.join();
  EXPECT_EQ(device().peers.size(), kPeers);
}

TEST_F(WireGuardTest, AFreshDeviceHasNoKeyAndNoPeers) {
  const auto fresh = device();
  EXPECT_EQ(fresh.name, kDevice);
  EXPECT_FALSE(fresh.public_key);
  EXPECT_EQ(fresh.fwmark, 0U);
  EXPECT_THAT(fresh.peers, IsEmpty());
}

TEST_F(WireGuardTest, SetsKeyPortAndMarkAsWgShowsThem) {
  const auto private_key = *net::PrivateKey::parse(kPrivate);
  for (int i = 0; i < 2; ++i) {
    CW_EXPECT_OK(socket_->change({.device = kDevice,
                                  .private_key = &private_key,
                                  .listen_port = 51999,
                                  .fwmark = 0x40000000}));
  }
  EXPECT_EQ(device().public_key->to_text(), kPublic);
  EXPECT_EQ(device().listen_port, 51999);
  EXPECT_EQ(device().fwmark, 0x40000000U);
  EXPECT_EQ(run(fmt::format("wg show {} public-key", kDevice)), std::string(kPublic) + "\n");
  EXPECT_EQ(run(fmt::format("wg show {} listen-port", kDevice)), "51999\n");
  EXPECT_EQ(run(fmt::format("wg show {} fwmark", kDevice)), "0x40000000\n");
}

TEST_F(WireGuardTest, AChangeLeavesWhatItDoesNotName) {
  change({{.key = key(1),
           .allowed_ips = {host(1)},
           .endpoint = net::SocketAddress{.ip = net::Ip::v4(0x7f000001), .port = 7},
           .keepalive_seconds = 25}});
  change({{.key = key(2), .allowed_ips = {host(2)}}});
  CW_EXPECT_OK(socket_->change({.device = kDevice, .fwmark = 1}));
  const auto peers = device().peers;
  ASSERT_EQ(peers.size(), 2U);
  EXPECT_EQ(peers[0].endpoint->to_text(), "127.0.0.1:7");
  EXPECT_EQ(peers[0].keepalive_seconds, 25);
  EXPECT_FALSE(peers[1].endpoint);
}

TEST_F(WireGuardTest, ReadsPeersAsWgShowsThem) {
  const auto v6 = *net::Ip::parse("2001:db8::7");
  change({{.key = key(1),
           .allowed_ips = {host(0x64400001), prefix("fd00::1/128"), prefix("10.0.0.0/8")},
           .endpoint = net::SocketAddress{.ip = v6, .port = 51820},
           .keepalive_seconds = 25},
          {.key = key(2)}});
  run(
      fmt::format("umask 077; wg genpsk > /tmp/psk.$$ && wg set {} peer '{}' preshared-key "
                  "/tmp/psk.$$; rm /tmp/psk.$$",
                  kDevice, key(2).to_text()));
  const auto peers = device().peers;
  ASSERT_EQ(peers.size(), 2U);
  EXPECT_THAT(peers[0].allowed_ips,
              testing::ElementsAre(prefix("10.0.0.0/8"), host(0x64400001), prefix("fd00::1/128")));
  EXPECT_EQ(shown("endpoints")[key(1).to_text()], peers[0].endpoint->to_text());
  EXPECT_EQ(shown("persistent-keepalive")[key(1).to_text()], "25");
  EXPECT_FALSE(peers[0].last_handshake);
  EXPECT_FALSE(peers[0].has_preshared_key);
  EXPECT_TRUE(peers[1].has_preshared_key);
  change({{.key = key(2), .verb = PeerVerb::Update, .clear_preshared_key = true}});
  EXPECT_FALSE(device().peers[1].has_preshared_key);
}

TEST_F(WireGuardTest, AnAllowedIpMovesByGivingItToItsNewPeer) {
  change({{.key = key(1), .allowed_ips = {host(1), host(2)}}, {.key = key(2)}});
  change({{.key = key(2), .verb = PeerVerb::Update, .allowed_ips = {host(1)}}});
  EXPECT_THAT(device().peers[0].allowed_ips, testing::ElementsAre(host(2)));
  EXPECT_THAT(device().peers[1].allowed_ips, testing::ElementsAre(host(1)));
}

TEST_F(WireGuardTest, ReplacingAllowedIpsTakesTheOldOnes) {
  change({{.key = key(1), .allowed_ips = {host(1), host(2)}}});
  change({{.key = key(1),
           .verb = PeerVerb::Update,
           .replace_allowed_ips = true,
           .allowed_ips = {host(3)}}});
  EXPECT_THAT(device().peers[0].allowed_ips, testing::ElementsAre(host(3)));
}

TEST_F(WireGuardTest, UpdateNeverMakesAPeerAndRemoveMayBeDoneAgain) {
  change({{.key = key(1), .verb = PeerVerb::Update, .allowed_ips = {host(1)}}});
  EXPECT_THAT(device().peers, IsEmpty());
  change({{.key = key(1)}});
  for (int i = 0; i < 2; ++i) {
    change({{.key = key(1), .verb = PeerVerb::Remove}});
  }
  EXPECT_THAT(device().peers, IsEmpty());
}

TEST_F(WireGuardTest, APeerWithMoreAllowedIpsThanAMessageHoldsKeepsThemAll) {
  WgPeerChange peer{.key = key(1), .replace_allowed_ips = true};
  for (std::uint32_t i = 0; i < 10000; ++i) {
    peer.allowed_ips.push_back(host(0x64400000 + i));
  }
  for (int i = 0; i < 2; ++i) {
    change({peer});
  }
  EXPECT_EQ(device().peers[0].allowed_ips, peer.allowed_ips);
}

TEST_F(WireGuardTest, ADeviceThatIsNotThereOrNotWireGuardsIsNotFound) {
  EXPECT_EQ(socket_->device("cw-gone").error().kind, ErrorKind::NotFound);
  EXPECT_EQ(socket_->device("lo").error().kind, ErrorKind::NotFound);
  const auto result = socket_->change({.device = "cw-gone", .fwmark = 1});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::NotFound);
  EXPECT_THAT(result.error().to_text(), HasSubstr("cw-gone"));
}

TEST_F(WireGuardTest, APortInUseIsTold) {
  run("ip link set cw-prod up");
  auto routes = *netlink::RouteSocket::create(kOurs);
  CW_EXPECT_OK(routes.create_wireguard("cw-b", 1420));
  CW_EXPECT_OK(routes.set_up("cw-b"));
  CW_EXPECT_OK(socket_->change({.device = kDevice, .listen_port = 51820}));
  const auto result = socket_->change({.device = "cw-b", .listen_port = 51820});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::Exists);
}

TEST_F(WireGuardTest, TenThousandPeersAreReadInAtMostOneAndAHalfTimesWgShowDump) {
  std::vector<WgPeerChange> peers;
  for (std::uint32_t i = 0; i < 10000; ++i) {
    peers.push_back({.key = key(i),
                     .allowed_ips = {host(0x64400000 + i),
                                     net::Prefix::host(net::Ip::parse("fd00::")->with_low32(i))}});
  }
  change(peers);
  const auto ours = best_of(5, [&] { EXPECT_EQ(device().peers.size(), 10000U); });
  const auto tool = best_of(5, [] { run(fmt::format("wg show {} dump > /dev/null", kDevice)); });
  std::cout << fmt::format("read {:.1f} ms, wg show dump {:.1f} ms, ratio {:.2f}\n", ours.count(),
                           tool.count(), ours / tool);
  if (kTimesCount) {
    EXPECT_LE(ours / tool, 1.5);
  }
}

}  // namespace
}  // namespace cw::kernel
