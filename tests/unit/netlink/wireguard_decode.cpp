// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/netlink/wireguard_decode.h"

#include <algorithm>

#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <netinet/in.h>

#include <gtest/gtest.h>

#include "netlink/codec/message.h"

namespace cw::netlink {

namespace {

net::KeyBytes key_of(const Attribute& attribute) {
  net::KeyBytes key{};
  EXPECT_EQ(attribute.payload.size(), key.size());
  std::ranges::copy(attribute.payload.first(key.size()), key.begin());
  return key;
}

net::Prefix allowed_ip_of(const Attribute& nest) {
  const Attributes attributes(nest.payload);
  const auto ip = net::Ip::from_bytes(attributes.find(WGALLOWEDIP_A_IPADDR)->payload);
  EXPECT_TRUE(ip);
  EXPECT_EQ(attributes.find(WGALLOWEDIP_A_FAMILY)->as<std::uint16_t>(),
            ip->is_v4() ? AF_INET : AF_INET6);
  return net::Prefix::of(*ip, *attributes.find(WGALLOWEDIP_A_CIDR_MASK)->as<std::uint8_t>());
}

net::SocketAddress endpoint_of(const Attribute& attribute) {
  if (const auto in = front<sockaddr_in>(attribute.payload); in && in->sin_family == AF_INET) {
    EXPECT_EQ(attribute.payload.size(), sizeof *in);
    return {.ip = net::Ip::v4(ntohl(in->sin_addr.s_addr)), .port = ntohs(in->sin_port)};
  }
  const auto in = front<sockaddr_in6>(attribute.payload);
  EXPECT_TRUE(in && in->sin6_family == AF_INET6);
  return {.ip = *net::Ip::from_bytes({in->sin6_addr.s6_addr, 16}), .port = ntohs(in->sin6_port)};
}

void take_flags(std::uint32_t flags, WgPeerChange& peer) {
  EXPECT_EQ(flags & ~std::uint32_t{__WGPEER_F_ALL}, 0U);
  if ((flags & WGPEER_F_REMOVE_ME) != 0) {
    peer.verb = PeerVerb::Remove;
  } else if ((flags & WGPEER_F_UPDATE_ONLY) != 0) {
    peer.verb = PeerVerb::Update;
  }
  peer.replace_allowed_ips = (flags & WGPEER_F_REPLACE_ALLOWEDIPS) != 0;
}

WgPeerChange peer_of(const Attribute& nest) {
  WgPeerChange peer;
  Attributes attributes(nest.payload);
  while (const auto attribute = attributes.next()) {
    switch (attribute->type) {
      case WGPEER_A_PUBLIC_KEY:
        peer.key = net::PublicKey(key_of(*attribute));
        break;
      case WGPEER_A_FLAGS:
        take_flags(*attribute->as<std::uint32_t>(), peer);
        break;
      case WGPEER_A_PRESHARED_KEY:
        EXPECT_EQ(key_of(*attribute), net::KeyBytes{});
        peer.clear_preshared_key = true;
        break;
      case WGPEER_A_ENDPOINT:
        peer.endpoint = endpoint_of(*attribute);
        break;
      case WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL:
        peer.keepalive_seconds = attribute->as<std::uint16_t>();
        break;
      case WGPEER_A_ALLOWEDIPS: {
        Attributes ips(attribute->payload);
        while (const auto ip = ips.next()) {
          peer.allowed_ips.push_back(allowed_ip_of(*ip));
        }
        EXPECT_FALSE(ips.malformed());
        break;
      }
      default:
        ADD_FAILURE() << "peer attribute " << attribute->type;
    }
  }
  EXPECT_FALSE(attributes.malformed());
  return peer;
}

}  // namespace

std::vector<DecodedMessage> decode(const std::vector<std::vector<std::uint8_t>>& messages) {
  std::vector<DecodedMessage> decoded;
  for (const auto& bytes : messages) {
    Messages walk(bytes);
    const auto message = walk.next();
    EXPECT_TRUE(message && !walk.next() && !walk.malformed());
    EXPECT_EQ(front<genlmsghdr>(message->payload)->cmd, WG_CMD_SET_DEVICE);
    DecodedMessage out;
    out.size = bytes.size();
    Attributes attributes(message->payload, sizeof(genlmsghdr));
    while (const auto attribute = attributes.next()) {
      switch (attribute->type) {
        case WGDEVICE_A_IFNAME:
          out.device = attribute->text();
          break;
        case WGDEVICE_A_PRIVATE_KEY:
          out.private_key = key_of(*attribute);
          break;
        case WGDEVICE_A_LISTEN_PORT:
          out.listen_port = attribute->as<std::uint16_t>();
          break;
        case WGDEVICE_A_FWMARK:
          out.fwmark = attribute->as<std::uint32_t>();
          break;
        case WGDEVICE_A_PEERS: {
          Attributes peers(attribute->payload);
          while (const auto peer = peers.next()) {
            out.peers.push_back(peer_of(*peer));
          }
          EXPECT_FALSE(peers.malformed());
          break;
        }
        default:  // WGDEVICE_A_FLAGS, which could replace all peers, among them
          ADD_FAILURE() << "device attribute " << attribute->type;
      }
    }
    EXPECT_FALSE(attributes.malformed());
    decoded.push_back(std::move(out));
  }
  return decoded;
}

}  // namespace cw::netlink
