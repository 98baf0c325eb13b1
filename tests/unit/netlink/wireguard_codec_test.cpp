// SPDX-License-Identifier: Apache-2.0
#include "netlink/codec/wireguard_codec.h"

#include <linux/netlink.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/unit/netlink/wireguard_decode.h"

namespace cw::netlink {
namespace {

constexpr std::uint16_t kFamily = 0x1f;

net::PublicKey key(std::uint32_t number) {
  net::KeyBytes bytes{};
  for (unsigned i = 0; i < 4; ++i) {
    bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
  }
  bytes[31] = 1;
  return net::PublicKey(bytes);
}

net::Prefix host(std::uint32_t number) {
  return net::Prefix::host(net::Ip::v4(number));
}

// Puts the parts of a split peer together again, as the kernel would.
std::vector<WgPeerChange> joined(const std::vector<DecodedMessage>& messages) {
  std::vector<WgPeerChange> peers;
  for (const auto& message : messages) {
    for (const auto& part : message.peers) {
      if (!peers.empty() && peers.back().key == part.key) {
        EXPECT_EQ(part.verb, PeerVerb::Update) << "a part could make a peer that was removed";
        EXPECT_FALSE(part.replace_allowed_ips) << "a part drops those before it";
        EXPECT_FALSE(part.endpoint || part.keepalive_seconds || part.clear_preshared_key);
        peers.back().allowed_ips.insert(peers.back().allowed_ips.end(), part.allowed_ips.begin(),
                                        part.allowed_ips.end());
      } else {
        peers.push_back(part);
      }
    }
  }
  return peers;
}

TEST(WireGuardEncode, SendsNothingForNoChange) {
  EXPECT_TRUE(encode({.device = "cw-prod"}, kFamily).empty());
}

TEST(WireGuardEncode, WritesTheBytesOfLinuxWireguardH) {
  const WgDeviceChange change{
      .device = "cw-a",
      .fwmark = 0x40000000,
      .peers = {{.key = key(5), .verb = PeerVerb::Update, .allowed_ips = {host(0x64400005)}}}};
  std::vector<std::uint8_t> expected = {
      124, 0, 0, 0,    kFamily, 0,   5,   0,    0, 0, 0, 0, 0, 0, 0, 0,  // request, ack
      1,   1, 0, 0,                                          // WG_CMD_SET_DEVICE, version 1
      9,   0, 2, 0,    'c',     'w', '-', 'a',  0, 0, 0, 0,  // WGDEVICE_A_IFNAME
      8,   0, 7, 0,    0,       0,   0,   0x40,              // WGDEVICE_A_FWMARK
      84,  0, 8, 0x80,                                       // WGDEVICE_A_PEERS
      80,  0, 0, 0x80, 36,      0,   1,   0};                // WGPEER_A_PUBLIC_KEY
  const auto public_key = key(5).bytes();
  expected.insert(expected.end(), public_key.begin(), public_key.end());
  const std::vector<std::uint8_t> rest = {
      8,  0, 3, 0,    4,    0,    0, 0,     // WGPEER_A_FLAGS: update only
      32, 0, 9, 0x80, 28,   0,    0, 0x80,  // WGPEER_A_ALLOWEDIPS
      6,  0, 1, 0,    2,    0,    0, 0,     // AF_INET
      8,  0, 2, 0,    0x64, 0x40, 0, 5,    5, 0, 3, 0, 32, 0, 0, 0};
  expected.insert(expected.end(), rest.begin(), rest.end());
  const auto messages = encode(change, kFamily);
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_THAT(messages[0], testing::ContainerEq(expected));
}

TEST(WireGuardEncode, PutsTheDevicesOwnAttributesInTheFirstMessageWithTheFirstPeers) {
  WgDeviceChange change{.device = "cw-a", .listen_port = 51820, .fwmark = 1};
  const auto private_key = *net::PrivateKey::parse("dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=");
  change.private_key = &private_key;
  for (std::uint32_t i = 0; i < 2000; ++i) {
    change.peers.push_back({.key = key(i), .allowed_ips = {host(i)}});
  }
  const auto messages = decode(encode(change, kFamily));
  ASSERT_GT(messages.size(), 1U);
  EXPECT_EQ(messages[0].listen_port, 51820);
  EXPECT_EQ(messages[0].fwmark, 1U);
  EXPECT_TRUE(messages[0].private_key);
  EXPECT_GT(messages[0].peers.size(), 100U);
  for (std::size_t i = 1; i < messages.size(); ++i) {
    EXPECT_EQ(messages[i].device, "cw-a");
    EXPECT_FALSE(messages[i].private_key || messages[i].listen_port || messages[i].fwmark);
  }
}

TEST(WireGuardEncode, FillsItsMessagesWithinTheLimits) {
  WgDeviceChange change{.device = "cw-a"};
  for (std::uint32_t i = 0; i < 10000; ++i) {
    change.peers.push_back({.key = key(i), .allowed_ips = {host(i)}});
  }
  const auto messages = decode(encode(change, kFamily));
  constexpr std::size_t kOnePeer = 72;
  EXPECT_EQ(messages.size(), 10000 / (kPeersLimit / kOnePeer) + 1);
  for (const auto& message : messages) {
    EXPECT_LE(message.size, kMessageLimit);
  }
}

TEST(WireGuardEncode, SplitsAPeerWithoutDroppingWhatItsFirstPartSet) {
  WgPeerChange peer{.key = key(1),
                    .replace_allowed_ips = true,
                    .clear_preshared_key = true,
                    .endpoint = net::SocketAddress{.ip = net::Ip::v4(1), .port = 7},
                    .keepalive_seconds = 25};
  for (std::uint32_t i = 0; i < 10000; ++i) {
    peer.allowed_ips.push_back(host(i));
  }
  const auto messages = decode(encode({.device = "cw-a", .peers = {peer}}, kFamily));
  EXPECT_GT(messages.size(), 2U);
  EXPECT_TRUE(messages[0].peers[0].replace_allowed_ips);
  EXPECT_EQ(joined(messages), std::vector{peer});
}

TEST(WireGuardEncode, RemovesWithNothingButTheKey) {
  const WgPeerChange peer{
      .key = key(1), .verb = PeerVerb::Remove, .allowed_ips = {host(1)}, .keepalive_seconds = 1};
  const auto messages = decode(encode({.device = "cw-a", .peers = {peer}}, kFamily));
  EXPECT_EQ(messages[0].peers,
            (std::vector<WgPeerChange>{{.key = key(1), .verb = PeerVerb::Remove}}));
}

rc::Gen<net::Prefix> any_prefix() {
  return rc::gen::exec([] {
    if (*rc::gen::arbitrary<bool>()) {
      return net::Prefix::of(net::Ip::v4(*rc::gen::arbitrary<std::uint32_t>()),
                             *rc::gen::inRange<std::uint8_t>(0, 33));
    }
    const auto bytes = *rc::gen::container<net::Ip::V6Bytes>(rc::gen::arbitrary<std::uint8_t>());
    return net::Prefix::of(net::Ip::v6(bytes), *rc::gen::inRange<std::uint8_t>(0, 129));
  });
}

rc::Gen<WgPeerChange> any_peer(std::uint32_t number) {
  return rc::gen::exec([number] {
    WgPeerChange peer{.key = key(number)};
    peer.verb = *rc::gen::element(PeerVerb::Set, PeerVerb::Update, PeerVerb::Remove);
    if (peer.verb == PeerVerb::Remove) {
      return peer;
    }
    peer.replace_allowed_ips = *rc::gen::arbitrary<bool>();
    peer.clear_preshared_key = *rc::gen::arbitrary<bool>();
    if (*rc::gen::arbitrary<bool>()) {
      peer.endpoint = net::SocketAddress{.ip = (*any_prefix()).address(),
                                         .port = *rc::gen::arbitrary<std::uint16_t>()};
    }
    if (*rc::gen::arbitrary<bool>()) {
      peer.keepalive_seconds = *rc::gen::arbitrary<std::uint16_t>();
    }
    // Now and then more than one message holds.
    const auto prefix = *any_prefix();
    const auto copies = *rc::gen::element<std::size_t>(0, 1, 2, 2, 5, 900, 2500, 5000);
    peer.allowed_ips.assign(copies, prefix);
    return peer;
  });
}

RC_GTEST_PROP(WireGuardEncode, IsUndoneByDecoding, ()) {
  WgDeviceChange change{.device = "cw-abcdefghijkl"};
  if (*rc::gen::arbitrary<bool>()) {
    change.listen_port = *rc::gen::arbitrary<std::uint16_t>();
  }
  if (*rc::gen::arbitrary<bool>()) {
    change.fwmark = *rc::gen::arbitrary<std::uint32_t>();
  }
  const auto count = *rc::gen::inRange<std::uint32_t>(0, 60);
  for (std::uint32_t i = 0; i < count; ++i) {
    change.peers.push_back(*any_peer(i));
  }
  const auto messages = decode(encode(change, kFamily));
  RC_ASSERT(joined(messages) == change.peers);
  for (const auto& message : messages) {
    RC_ASSERT(message.size <= kMessageLimit);
  }
  if (!messages.empty()) {
    RC_ASSERT(messages[0].listen_port == change.listen_port);
    RC_ASSERT(messages[0].fwmark == change.fwmark);
  }
}

}  // namespace
}  // namespace cw::netlink
