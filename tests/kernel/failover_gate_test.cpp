// SPDX-License-Identifier: Apache-2.0
// What the failover asks of a gate: closed, opened, and handshakes begun.
#include <chrono>
#include <cstddef>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "netlink/socket/wireguard.h"
#include "router/model/ownership.h"
#include "tests/kernel/failover_gate_world.h"
#include "tests/kernel/namespace.h"

namespace cw::kernel {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_P(FailoverGate, AClosedDeviceSaysNothingAlsoWithoutARuleset) {
  meet(2);
  run("nft flush ruleset");
  clients_begin();
  site_sends();
  // And by itself: somebody asks it to.
  auto change = netlink::WgDeviceChange{.device = kDevice};
  for (const auto& kick : kicks()) {
    netlink::WgPeerChange peer{.key = kick.key, .endpoint = kick.endpoint};
    peer.keepalive_seconds = 1;
    change.peers.push_back(peer);
  }
  CW_EXPECT_OK(wireguard_->change(change));
  wait(6s);  // also a retry
  EXPECT_EQ(seen("sent"), 0);
  EXPECT_EQ(sessions(), 0U);
  CW_EXPECT_OK(gate_->compare(now()));
  EXPECT_EQ(device().peers[0].keepalive_seconds, 0);
  EXPECT_EQ(device().fwmark, router::kMarkOuterClosed);
  EXPECT_THAT(gate_->open_gates().names, IsEmpty());
}

TEST_P(FailoverGate, OpeningShakesHandsWithAllFromTheGatewaysAddress) {
  constexpr std::size_t kClients = 30;
  meet(kClients);
  CW_EXPECT_OK(gate_->open("gw", kicks(), now()));
  EXPECT_THAT(gate_->open_gates().names, ElementsAre("gw"));
  EXPECT_TRUE(comes([&] { return sessions() == kClients; }, kBeforeRetry));
  EXPECT_EQ(seen("begun"), static_cast<int>(kClients));
  for (std::size_t i = 0; i < kClients; ++i) {
    const auto there = client(i);
    ASSERT_TRUE(there.peers[0].endpoint);
    EXPECT_EQ(there.peers[0].endpoint->to_text(),
              (net::SocketAddress{.ip = ip(GetParam().gateway), .port = kPort}.to_text()));
  }
  for (const auto& peer : device().peers) {
    EXPECT_EQ(peer.keepalive_seconds, 0);
  }
}

TEST_P(FailoverGate, BlocksAreUnreachableWhileItIsClosedAndBeginNothing) {
  meet(1);
  EXPECT_THAT(route_to_client(), HasSubstr("unreachable"));
  EXPECT_THAT(run("ip -6 route get fd64::1 2>&1 || true"), HasSubstr("unreachable"));
  site_sends();
  CW_EXPECT_OK(gate_->open("gw", kicks(), now()));
  EXPECT_THAT(route_to_client(), HasSubstr("dev cw-gw"));
  // Nothing of the site's has kept ours back.
  EXPECT_TRUE(comes([&] { return sessions() == 1; }, kBeforeRetry));
  CW_EXPECT_OK(gate_->close("gw", now()));
  EXPECT_THAT(route_to_client(), HasSubstr("unreachable"));
}

TEST_P(FailoverGate, HandshakesThatGotLostAreBegunAgainBeforeTheKernelWould) {
  meet(3);
  in_clients("nft add rule inet seen in udp sport 51820 drop");
  const auto begun = now();
  CW_EXPECT_OK(gate_->open("gw", kicks(), begun));
  wait(300ms);
  CW_EXPECT_OK(gate_->start_handshakes("gw", kicks(), begun + 300ms));
  wait(300ms);
  EXPECT_EQ(seen("begun"), 6);
  in_clients("nft flush chain inet seen in");
  const auto allowed = device().peers[0].allowed_ips;
  CW_EXPECT_OK(gate_->start_handshakes("gw", kicks(), begun + 1s));
  EXPECT_TRUE(comes([&] { return sessions() == 3; }, kBeforeRetry - 1s));
  EXPECT_EQ(device().peers.size(), 3U);
  EXPECT_EQ(device().peers[0].allowed_ips, allowed);
  // Those that have a session are left alone.
  const auto before = device();
  CW_EXPECT_OK(gate_->start_handshakes("gw", kicks(), begun + 10s));
  wait(200ms);
  EXPECT_EQ(device(), before);
}

TEST_P(FailoverGate, WhoseSessionsASiblingHasOvertakenShakesHandsAnew) {
  meet(2);
  CW_EXPECT_OK(gate_->open("gw", kicks(), now()));
  ASSERT_TRUE(comes([&] { return sessions() == 2; }));
  CW_EXPECT_OK(gate_->close("gw", now()));
  const auto closed = seen("sent");
  site_sends();
  EXPECT_EQ(seen("sent"), closed);
  const auto since = wall();
  CW_EXPECT_OK(gate_->open("gw", {kicks()[0]}, now()));  // also with whom it was not told of
  EXPECT_TRUE(comes([&] { return sessions(since) == 2; }, kBeforeRetry));
}

TEST_P(FailoverGate, GoesOnAfterAStopWithNewSessions) {
  meet(1);
  CW_EXPECT_OK(gate_->open("gw", kicks(), now()));
  ASSERT_TRUE(comes([&] { return sessions() == 1; }));
  CW_EXPECT_OK(gate_->stop_initiating("gw"));
  EXPECT_EQ(device().fwmark, router::kMarkOuter);
  wait(100ms);  // a client takes one initiation in 20 ms
  const auto since = wall();
  CW_EXPECT_OK(gate_->open("gw", kicks(), now()));
  EXPECT_TRUE(comes([&] { return sessions(since) == 1; }, kBeforeRetry));
}

}  // namespace
}  // namespace cw::kernel
