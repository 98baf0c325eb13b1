// SPDX-License-Identifier: Apache-2.0
#include "router/agent/peer_events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::agent {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;

const netlink::HandshakeTime kStart{std::chrono::hours(500000)};
const net::PublicKey kAlice(net::KeyBytes{1});
const net::PublicKey kBob(net::KeyBytes{2});

net::SocketAddress at(std::uint32_t ip, std::uint16_t port = 4000) {
  return {.ip = net::Ip::v4(ip), .port = port};
}

netlink::WgPeer peer(const net::PublicKey& key, std::optional<net::SocketAddress> endpoint,
                     std::optional<netlink::HandshakeTime> handshake) {
  netlink::WgPeer peer;
  peer.key = key;
  peer.endpoint = endpoint;
  peer.last_handshake = handshake;
  return peer;
}

std::vector<netlink::WgDevice> device(std::vector<netlink::WgPeer> peers) {
  netlink::WgDevice device;
  device.name = "cw-gw";
  device.peers = std::move(peers);
  return {device};
}

std::vector<PeerEventKind> kinds(const std::vector<PeerEvent>& events) {
  std::vector<PeerEventKind> kinds;
  for (const auto& event : events) {
    kinds.push_back(event.kind);
  }
  return kinds;
}

class PeerEvents : public ::testing::Test {
 protected:
  PeerEvents() { EXPECT_THAT(history_.observe({}, kStart), IsEmpty()); }

  std::vector<PeerEventKind> look(std::optional<net::SocketAddress> endpoint,
                                  std::optional<netlink::HandshakeTime> handshake,
                                  netlink::HandshakeTime now) {
    return kinds(history_.observe(device({peer(kAlice, endpoint, handshake)}), now));
  }

  PeerHistory history_;
};

using Kinds = std::vector<PeerEventKind>;

TEST_F(PeerEvents, AFirstHandshakeIsAConnect) {
  EXPECT_EQ(look(std::nullopt, std::nullopt, kStart + 30s), Kinds{});
  EXPECT_EQ(look(at(1), kStart + 50s, kStart + 60s), Kinds{PeerEventKind::Connected});
  EXPECT_EQ(look(at(1), kStart + 50s, kStart + 90s), Kinds{});
}

TEST_F(PeerEvents, NoHandshakeForThreeMinutesIsSilence) {
  (void)look(at(1), kStart, kStart + 30s);
  EXPECT_EQ(look(at(1), kStart, kStart + 179s), Kinds{});
  EXPECT_EQ(look(at(1), kStart, kStart + 180s), Kinds{PeerEventKind::Silent});
  EXPECT_EQ(look(at(1), kStart, kStart + 210s), Kinds{});
}

TEST_F(PeerEvents, AHandshakeAfterSilenceIsAConnect) {
  (void)look(at(1), kStart, kStart + 30s);
  (void)look(at(1), kStart, kStart + 200s);
  EXPECT_EQ(look(at(2), kStart + 220s, kStart + 230s), Kinds{PeerEventKind::Connected});
}

TEST_F(PeerEvents, ANewEndpointOfAnActivePeerIsRoaming) {
  (void)look(at(1), kStart, kStart + 30s);
  const auto events = history_.observe(device({peer(kAlice, at(2), kStart)}), kStart + 60s);
  ASSERT_EQ(kinds(events), Kinds{PeerEventKind::Roamed});
  EXPECT_EQ(events[0].before, at(1));
  EXPECT_EQ(events[0].endpoint, at(2));
  EXPECT_EQ(events[0].device, "cw-gw");
}

TEST_F(PeerEvents, OneKeyOnTwoDevicesIsFlapping) {
  (void)look(at(1), kStart + 0s, kStart + 1s);
  EXPECT_EQ(look(at(2), kStart + 20s, kStart + 30s), Kinds{PeerEventKind::Roamed});
  EXPECT_EQ(look(at(1), kStart + 50s, kStart + 60s), Kinds{PeerEventKind::Roamed});
  EXPECT_EQ(look(at(2), kStart + 80s, kStart + 90s), Kinds{PeerEventKind::Roamed});
  EXPECT_EQ(look(at(1), kStart + 110s, kStart + 120s),
            (Kinds{PeerEventKind::Roamed, PeerEventKind::FlappingBegan}));
  EXPECT_TRUE(history_.flapping("cw-gw", kAlice));
  EXPECT_FALSE(history_.flapping("cw-gw", kBob));
}

TEST_F(PeerEvents, FlappingEndsWhenAWindowPassesWithoutAReturn) {
  (void)look(at(1), kStart + 0s, kStart + 1s);
  (void)look(at(2), kStart + 20s, kStart + 30s);
  (void)look(at(1), kStart + 50s, kStart + 60s);
  (void)look(at(2), kStart + 80s, kStart + 90s);
  (void)look(at(1), kStart + 110s, kStart + 120s);
  EXPECT_EQ(look(at(1), kStart + 680s, kStart + 719s), Kinds{});
  EXPECT_EQ(look(at(1), kStart + 680s, kStart + 720s), Kinds{PeerEventKind::FlappingEnded});
  EXPECT_FALSE(history_.flapping("cw-gw", kAlice));
}

TEST_F(PeerEvents, APhoneBetweenTwoNetworksKeepsItsSessionAndIsNotFlapping) {
  (void)look(at(1), kStart, kStart + 1s);
  for (int i = 1; i < 5; ++i) {
    (void)look(at(i % 2 == 0 ? 1 : 2), kStart, kStart + i * 30s);
  }
  EXPECT_FALSE(history_.flapping("cw-gw", kAlice));
}

TEST_F(PeerEvents, ARekeyOnTimeAtAnotherNetworkIsNotFlapping) {
  for (int i = 0; i < 5; ++i) {
    const auto now = kStart + i * 120s;
    (void)look(at(i % 2 == 0 ? 1 : 2), now, now + 1s);
  }
  EXPECT_FALSE(history_.flapping("cw-gw", kAlice));
}

TEST_F(PeerEvents, ANatThatRebindsIsNotFlapping) {
  for (int i = 0; i < 8; ++i) {
    const auto now = kStart + i * 30s;
    (void)look(at(1, static_cast<std::uint16_t>(4000 + i)), now, now + 1s);
  }
  EXPECT_FALSE(history_.flapping("cw-gw", kAlice));
}

TEST_F(PeerEvents, ReturnsFarApartAreNotFlapping) {
  for (int i = 0; i < 8; ++i) {
    const auto now = kStart + i * 11min;
    (void)look(at(i % 2 == 0 ? 1 : 2), now, now + 1s);
  }
  EXPECT_FALSE(history_.flapping("cw-gw", kAlice));
}

TEST(PeerHistory, TheFirstLookAnnouncesNobody) {
  PeerHistory history;
  EXPECT_THAT(history.observe(device({peer(kAlice, at(1), kStart)}), kStart + 1s), IsEmpty());
  EXPECT_THAT(history.observe(device({peer(kAlice, at(1), kStart)}), kStart + 2s), IsEmpty());
}

TEST(PeerHistory, ADeviceThatWasNotSeenOnceKeepsItsHistory) {
  PeerHistory history;
  (void)history.observe(device({peer(kAlice, at(1), kStart)}), kStart + 1s);
  (void)history.observe({}, kStart + 2s);
  EXPECT_THAT(history.observe(device({peer(kAlice, at(1), kStart)}), kStart + 3s), IsEmpty());
}

}  // namespace
}  // namespace cw::agent
