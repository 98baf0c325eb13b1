// SPDX-License-Identifier: Apache-2.0
#include "netlink/codec/wireguard_dump.h"

#include <algorithm>

#include <linux/genetlink.h>
#include <linux/time_types.h>
#include <linux/wireguard.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace cw::netlink {

namespace {

// Each of these says whether it could read what it was given.

template <class T, class To>
bool put(const std::optional<T>& value, To& to) {
  if (value) {
    to = *value;
  }
  return value.has_value();
}

template <class Take>
bool take_each(Attributes attributes, const Take& take) {
  while (const auto attribute = attributes.next()) {
    if (!take(*attribute)) {
      return false;
    }
  }
  return !attributes.malformed();
}

std::optional<net::PublicKey> key_of(Bytes payload) {
  const auto bytes = front<net::KeyBytes>(payload);
  if (!bytes || payload.size() != bytes->size()) {
    return std::nullopt;
  }
  return net::PublicKey(*bytes);
}

std::optional<net::SocketAddress> endpoint_of(Bytes payload) {
  const auto v4 = front<sockaddr_in>(payload);
  if (v4 && v4->sin_family == AF_INET && payload.size() == sizeof *v4) {
    return net::SocketAddress{.ip = net::Ip::v4(ntohl(v4->sin_addr.s_addr)),
                              .port = ntohs(v4->sin_port)};
  }
  const auto v6 = front<sockaddr_in6>(payload);
  if (v6 && v6->sin6_family == AF_INET6 && payload.size() == sizeof *v6) {
    net::Ip::V6Bytes bytes{};
    std::ranges::copy(v6->sin6_addr.s6_addr, bytes.begin());
    return net::SocketAddress{.ip = net::Ip::v6(bytes), .port = ntohs(v6->sin6_port)};
  }
  return std::nullopt;
}

// Zero: there was none yet.
bool put_handshake(Bytes payload, std::optional<HandshakeTime>& to) {
  const auto time = front<__kernel_timespec>(payload);
  if (time && (time->tv_sec != 0 || time->tv_nsec != 0)) {
    to =
        HandshakeTime(std::chrono::seconds(time->tv_sec) + std::chrono::nanoseconds(time->tv_nsec));
  }
  return time.has_value();
}

bool add_allowed_ip(const Attribute& nest, std::vector<net::Prefix>& to) {
  const Attributes attributes(nest.payload);
  const auto address = attributes.find(WGALLOWEDIP_A_IPADDR);
  const auto mask = attributes.find(WGALLOWEDIP_A_CIDR_MASK);
  if (!address || !mask) {
    return false;
  }
  const auto ip = net::Ip::from_bytes(address->payload);
  const auto length = mask->as<std::uint8_t>();
  if (!ip || !length || *length > net::bits(ip->family())) {
    return false;
  }
  to.push_back(net::Prefix::of(*ip, *length));
  return true;
}

bool put_peer_attribute(const Attribute& attribute, WgPeer& peer) {
  switch (attribute.type) {
    case WGPEER_A_PUBLIC_KEY:
      return put(key_of(attribute.payload), peer.key);
    case WGPEER_A_PRESHARED_KEY:  // all zero where there is none
      peer.has_preshared_key =
          std::ranges::any_of(attribute.payload, [](auto b) { return b != 0; });
      return true;
    case WGPEER_A_ENDPOINT:
      return put(endpoint_of(attribute.payload), peer.endpoint);
    case WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL:
      return put(attribute.as<std::uint16_t>(), peer.keepalive_seconds);
    case WGPEER_A_LAST_HANDSHAKE_TIME:
      return put_handshake(attribute.payload, peer.last_handshake);
    case WGPEER_A_RX_BYTES:
      return put(attribute.as<std::uint64_t>(), peer.received_bytes);
    case WGPEER_A_TX_BYTES:
      return put(attribute.as<std::uint64_t>(), peer.sent_bytes);
    case WGPEER_A_ALLOWEDIPS:
      return take_each(Attributes(attribute.payload), [&](const Attribute& nest) {
        return add_allowed_ip(nest, peer.allowed_ips);
      });
    default:
      return true;
  }
}

bool add_peer(const Attribute& nest, std::vector<WgPeer>& to) {
  const Attributes attributes(nest.payload);
  const auto key = attributes.find(WGPEER_A_PUBLIC_KEY);
  if (!key) {
    return false;
  }
  if (to.empty() || key_of(key->payload) != to.back().key) {
    to.emplace_back();
  }
  return take_each(attributes, [&](const Attribute& attribute) {
    return put_peer_attribute(attribute, to.back());
  });
}

bool put_device_attribute(const Attribute& attribute, WgDevice& device) {
  switch (attribute.type) {
    case WGDEVICE_A_IFNAME:
      device.name = attribute.text();
      return true;
    case WGDEVICE_A_PUBLIC_KEY:
      return put(key_of(attribute.payload), device.public_key);
    case WGDEVICE_A_LISTEN_PORT:
      return put(attribute.as<std::uint16_t>(), device.listen_port);
    case WGDEVICE_A_FWMARK:
      return put(attribute.as<std::uint32_t>(), device.fwmark);
    case WGDEVICE_A_PEERS:
      return take_each(Attributes(attribute.payload),
                       [&](const Attribute& nest) { return add_peer(nest, device.peers); });
    default:
      return true;
  }
}

}  // namespace

std::vector<std::uint8_t> encode_dump(const std::string& device, std::uint16_t family) {
  genlmsghdr header{};
  header.cmd = WG_CMD_GET_DEVICE;
  header.version = WG_GENL_VERSION;
  MessageWriter out(family, NLM_F_REQUEST | NLM_F_DUMP);
  out.header(header);
  out.text(WGDEVICE_A_IFNAME, device);
  return out.take();
}

void WgDeviceDump::take(const Message& message) {
  const bool read = take_each(
      Attributes(message.payload, sizeof(genlmsghdr)),
      [this](const Attribute& attribute) { return put_device_attribute(attribute, device_); });
  malformed_ = malformed_ || !read;
}

Result<WgDevice> WgDeviceDump::finish() && {
  if (malformed_) {
    return Error::make(ErrorKind::Bug, "what the kernel tells of the device cannot be read");
  }
  for (auto& peer : device_.peers) {
    std::ranges::sort(peer.allowed_ips);
  }
  std::ranges::sort(device_.peers, {}, &WgPeer::key);
  return std::move(device_);
}

}  // namespace cw::netlink
