// SPDX-License-Identifier: Apache-2.0
#include "netlink/codec/wireguard_dump.h"

#include <algorithm>
#include <functional>

#include <linux/genetlink.h>
#include <linux/time_types.h>
#include <linux/wireguard.h>
#include <netinet/in.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::netlink {
namespace {

using testing::ElementsAre;

constexpr std::uint16_t kFamily = 0x1f;
constexpr auto kDevice = "cw-prod";

net::KeyBytes bytes_of(std::uint8_t number) {
  net::KeyBytes bytes{};
  bytes.front() = number;
  return bytes;
}

net::PublicKey key(std::uint8_t number) {
  return net::PublicKey(bytes_of(number));
}

net::Prefix prefix(std::string_view text) {
  return *net::Prefix::parse(text);
}

template <class T>
Bytes as_bytes(const T& value) {
  return {reinterpret_cast<const std::uint8_t*>(&value), sizeof value};
}

// What the kernel sends, written from wg_get_device_dump() and get_peer() in its
// drivers/net/wireguard/netlink.c.
using Fill = std::function<void(MessageWriter&)>;

void nest(MessageWriter& out, std::uint16_t type, const Fill& fill) {
  const auto at = out.open(type);
  fill(out);
  out.close(at);
}

std::vector<std::uint8_t> message(const Fill& fill) {
  MessageWriter out(kFamily, NLM_F_MULTI);
  out.header(genlmsghdr{.cmd = WG_CMD_GET_DEVICE, .version = WG_GENL_VERSION, .reserved = 0});
  fill(out);
  return out.take();
}

Fill peers(std::vector<Fill> each) {
  return [each = std::move(each)](MessageWriter& out) {
    nest(out, WGDEVICE_A_PEERS, [&](MessageWriter& in) {
      for (const auto& one : each) {
        nest(in, 0, one);
      }
    });
  };
}

void put_allowed_ip(MessageWriter& out, const net::Prefix& allowed) {
  nest(out, 0, [&](MessageWriter& in) {
    in.number<std::uint8_t>(WGALLOWEDIP_A_CIDR_MASK, allowed.length());
    in.number<std::uint16_t>(WGALLOWEDIP_A_FAMILY, allowed.is_v4() ? AF_INET : AF_INET6);
    in.bytes(WGALLOWEDIP_A_IPADDR, allowed.address().bytes());
  });
}

Fill peer(std::uint8_t number, std::vector<net::Prefix> allowed, const Fill& more = {}) {
  return [=](MessageWriter& out) {
    out.bytes(WGPEER_A_PUBLIC_KEY, bytes_of(number));
    if (more) {
      more(out);
    }
    nest(out, WGPEER_A_ALLOWEDIPS, [&](MessageWriter& in) {
      for (const auto& each : allowed) {
        put_allowed_ip(in, each);
      }
    });
  };
}

Result<WgDevice> read(const std::vector<std::vector<std::uint8_t>>& messages) {
  WgDeviceDump dump;
  for (const auto& bytes : messages) {
    Messages walk(bytes);
    dump.take(*walk.next());
  }
  return std::move(dump).finish();
}

TEST(WireGuardDump, AsksForOneDeviceByItsName) {
  const auto bytes = encode_dump(kDevice, kFamily);
  Messages walk(bytes);
  const auto asked = walk.next();
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->header.nlmsg_type, kFamily);
  EXPECT_EQ(asked->header.nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
  EXPECT_EQ(front<genlmsghdr>(asked->payload)->cmd, WG_CMD_GET_DEVICE);
  EXPECT_EQ(front<genlmsghdr>(asked->payload)->version, WG_GENL_VERSION);
  const Attributes attributes(asked->payload, sizeof(genlmsghdr));
  EXPECT_EQ(attributes.find(WGDEVICE_A_IFNAME)->text(), kDevice);
}

TEST(WireGuardDump, ReadsADeviceWithKeys) {
  const auto device = read({message([](MessageWriter& out) {
    out.number<std::uint16_t>(WGDEVICE_A_LISTEN_PORT, 51820);
    out.number<std::uint32_t>(WGDEVICE_A_FWMARK, 0x40000000);
    out.number<std::uint32_t>(WGDEVICE_A_IFINDEX, 7);
    out.text(WGDEVICE_A_IFNAME, kDevice);
    out.bytes(WGDEVICE_A_PRIVATE_KEY, bytes_of(9));
    out.bytes(WGDEVICE_A_PUBLIC_KEY, bytes_of(8));
  })});
  ASSERT_TRUE(device);
  EXPECT_EQ(*device, (WgDevice{.name = kDevice,
                               .public_key = key(8),
                               .listen_port = 51820,
                               .fwmark = 0x40000000,
                               .peers = {}}));
}

TEST(WireGuardDump, ADeviceWithoutAPrivateKeyHasNoPublicOne) {
  const auto device =
      read({message([](MessageWriter& out) { out.text(WGDEVICE_A_IFNAME, kDevice); })});
  ASSERT_TRUE(device);
  EXPECT_FALSE(device->public_key);
}

TEST(WireGuardDump, ReadsAllOfAPeer) {
  const auto more = [](MessageWriter& out) {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(443);
    in.sin6_addr.s6_addr[15] = 1;
    out.bytes(WGPEER_A_PRESHARED_KEY, bytes_of(7));
    out.bytes(WGPEER_A_LAST_HANDSHAKE_TIME,
              as_bytes(__kernel_timespec{.tv_sec = 1700000000, .tv_nsec = 5}));
    out.number<std::uint16_t>(WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, 25);
    out.number<std::uint64_t>(WGPEER_A_TX_BYTES, 2);
    out.number<std::uint64_t>(WGPEER_A_RX_BYTES, 1);
    out.number<std::uint32_t>(WGPEER_A_PROTOCOL_VERSION, 1);
    out.bytes(WGPEER_A_ENDPOINT, as_bytes(in));
  };
  const auto device = read({message(
      peers({peer(1, {prefix("fd00::/8"), prefix("0.0.0.0/0"), prefix("10.1.2.3/32")}, more)}))});
  ASSERT_TRUE(device);
  const WgPeer expected{
      .key = key(1),
      .allowed_ips = {prefix("0.0.0.0/0"), prefix("10.1.2.3/32"), prefix("fd00::/8")},
      .endpoint = *net::SocketAddress::parse("[::1]:443"),
      .last_handshake =
          HandshakeTime(std::chrono::seconds(1700000000) + std::chrono::nanoseconds(5)),
      .received_bytes = 1,
      .sent_bytes = 2,
      .keepalive_seconds = 25,
      .has_preshared_key = true};
  EXPECT_THAT(device->peers, ElementsAre(expected));
}

TEST(WireGuardDump, APeerThatNeverConnectedHasNeitherEndpointNorHandshakeNorPresharedKey) {
  const auto more = [](MessageWriter& out) {
    out.bytes(WGPEER_A_PRESHARED_KEY, net::KeyBytes{});
    out.bytes(WGPEER_A_LAST_HANDSHAKE_TIME, as_bytes(__kernel_timespec{}));
  };
  const auto device = read({message(peers({peer(1, {}, more)}))});
  ASSERT_TRUE(device);
  EXPECT_THAT(device->peers, ElementsAre(WgPeer{.key = key(1)}));
}

TEST(WireGuardDump, APeerGoesOnInTheNextMessageAndPeersAreSorted) {
  const auto keepalive = [](MessageWriter& out) {
    out.number<std::uint16_t>(WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, 25);
  };
  const auto device = read({message(peers({peer(3, {prefix("10.3.0.0/16")}),
                                           peer(2, {prefix("10.2.1.0/24")}, keepalive)})),
                            message(peers({peer(2, {prefix("10.2.0.0/24")}), peer(1, {})}))});
  ASSERT_TRUE(device);
  EXPECT_THAT(device->peers,
              ElementsAre(WgPeer{.key = key(1)},
                          WgPeer{.key = key(2),
                                 .allowed_ips = {prefix("10.2.0.0/24"), prefix("10.2.1.0/24")},
                                 .keepalive_seconds = 25},
                          WgPeer{.key = key(3), .allowed_ips = {prefix("10.3.0.0/16")}}));
}

TEST(WireGuardDump, LeavesOutAttributesOfALaterKernel) {
  const auto later = [](MessageWriter& out) { out.number<std::uint32_t>(200, 1); };
  const auto device = read({message([&](MessageWriter& out) {
    later(out);
    peers({peer(1, {}, later)})(out);
  })});
  ASSERT_TRUE(device);
  EXPECT_THAT(device->peers, ElementsAre(WgPeer{.key = key(1)}));
}

class Refused : public testing::TestWithParam<std::pair<const char*, Fill>> {};

TEST_P(Refused, ItIsNotReadByHalf) {
  const auto device = read({message(GetParam().second), message(peers({peer(2, {})}))});
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().kind, ErrorKind::Bug);
}

Fill peer_with(const Fill& more) {
  return peers({peer(1, {}, more)});
}

Fill allowed_with(std::uint8_t mask, std::size_t address) {
  return peer_with([=](MessageWriter& out) {
    nest(out, WGPEER_A_ALLOWEDIPS, [&](MessageWriter& each) {
      nest(each, 0, [&](MessageWriter& in) {
        in.number<std::uint8_t>(WGALLOWEDIP_A_CIDR_MASK, mask);
        in.bytes(WGALLOWEDIP_A_IPADDR, std::vector<std::uint8_t>(address));
      });
    });
  });
}

const std::vector<std::uint8_t> kShort(5);

INSTANTIATE_TEST_SUITE_P(
    WireGuardDump, Refused,
    testing::Values(
        std::pair("PeerWithoutAKey", peers({[](MessageWriter& out) {
                    out.number<std::uint16_t>(WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, 25);
                  }})),
        std::pair("KeyThatIsTooShort",
                  peers({[](MessageWriter& out) { out.bytes(WGPEER_A_PUBLIC_KEY, kShort); }})),
        std::pair("DevicesKeyThatIsTooShort",
                  Fill([](MessageWriter& out) { out.bytes(WGDEVICE_A_PUBLIC_KEY, kShort); })),
        std::pair("PortOfFourBytes", Fill([](MessageWriter& out) {
                    out.number<std::uint32_t>(WGDEVICE_A_LISTEN_PORT, 1);
                  })),
        std::pair("EndpointOfNoFamily", peer_with([](MessageWriter& out) {
                    out.bytes(WGPEER_A_ENDPOINT, as_bytes(sockaddr_in{}));
                  })),
        std::pair("HandshakeThatIsTooShort", peer_with([](MessageWriter& out) {
                    out.bytes(WGPEER_A_LAST_HANDSHAKE_TIME, kShort);
                  })),
        std::pair("MaskLongerThanTheAddress", allowed_with(33, 4)),
        std::pair("AddressOfFiveBytes", allowed_with(8, 5)),
        std::pair("AllowedIpsThatAreCutOff", peer_with([](MessageWriter& out) {
                    nest(out, WGPEER_A_ALLOWEDIPS, [](MessageWriter& in) {
                      put_allowed_ip(in, prefix("10.0.0.0/8"));
                      in.raw(kShort);
                    });
                  })),
        std::pair("PeerThatIsCutOff", peers({[](MessageWriter& out) {
                    out.bytes(WGPEER_A_PUBLIC_KEY, bytes_of(1));
                    out.raw(kShort);
                  }})),
        std::pair("DeviceThatIsCutOff", Fill([](MessageWriter& out) { out.raw(kShort); })),
        std::pair("PeersThatAreCutOff",
                  Fill([](MessageWriter& out) { out.bytes(WGDEVICE_A_PEERS, kShort); }))),
    [](const auto& tested) { return std::string(tested.param.first); });

}  // namespace
}  // namespace cw::netlink
