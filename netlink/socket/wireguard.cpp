// SPDX-License-Identifier: Apache-2.0
#include "netlink/socket/wireguard.h"

#include <algorithm>
#include <cerrno>
#include <memory>

#include <linux/genetlink.h>
#include <net/if.h>

#include <fmt/format.h>

#include "netlink/codec/wireguard_codec.h"

extern "C" {
#include <wireguard.h>  // embeddable-wg-library; it has its own copies of linux/wireguard.h's names
}

namespace cw::netlink {

namespace {

// Wipes the keys in it as well: the library is built with a free() that does (wipe_and_free.c).
struct FreeDevice {
  void operator()(wg_device* device) const { wg_free_device(device); }
};

net::PublicKey key_of(const wg_key& key) {
  net::KeyBytes bytes{};
  std::ranges::copy(key, bytes.begin());
  return net::PublicKey(bytes);
}

net::Ip ip_of(const in_addr& address) {
  return net::Ip::v4(ntohl(address.s_addr));
}

net::Ip ip_of(const in6_addr& address) {
  net::Ip::V6Bytes bytes{};
  std::ranges::copy(address.s6_addr, bytes.begin());
  return net::Ip::v6(bytes);
}

std::optional<net::SocketAddress> endpoint_of(const wg_peer& peer) {
  switch (peer.endpoint.addr.sa_family) {
    case AF_INET:
      return net::SocketAddress{.ip = ip_of(peer.endpoint.addr4.sin_addr),
                                .port = ntohs(peer.endpoint.addr4.sin_port)};
    case AF_INET6:
      return net::SocketAddress{.ip = ip_of(peer.endpoint.addr6.sin6_addr),
                                .port = ntohs(peer.endpoint.addr6.sin6_port)};
    default:
      return std::nullopt;
  }
}

std::optional<HandshakeTime> handshake_of(const wg_peer& peer) {
  const auto& time = peer.last_handshake_time;
  if (time.tv_sec == 0 && time.tv_nsec == 0) {
    return std::nullopt;
  }
  return HandshakeTime(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

std::vector<net::Prefix> allowed_ips_of(const wg_peer& peer) {
  std::vector<net::Prefix> prefixes;
  const wg_allowedip* allowed = nullptr;
  wg_for_each_allowedip(&peer, allowed) {
    prefixes.push_back(net::Prefix::of(
        allowed->family == AF_INET ? ip_of(allowed->ip4) : ip_of(allowed->ip6), allowed->cidr));
  }
  std::ranges::sort(prefixes);
  return prefixes;
}

WgPeer peer_of(const wg_peer& peer) {
  return {.key = key_of(peer.public_key),
          .allowed_ips = allowed_ips_of(peer),
          .endpoint = endpoint_of(peer),
          .last_handshake = handshake_of(peer),
          .received_bytes = peer.rx_bytes,
          .sent_bytes = peer.tx_bytes,
          .keepalive_seconds = peer.persistent_keepalive_interval,
          .has_preshared_key = (peer.flags & WGPEER_HAS_PRESHARED_KEY) != 0};
}

WgDevice device_of(const wg_device& device) {
  WgDevice out{.name = device.name,
               .public_key = std::nullopt,
               .listen_port = device.listen_port,
               .fwmark = device.fwmark,
               .peers = {}};
  if ((device.flags & WGDEVICE_HAS_PUBLIC_KEY) != 0 && !wg_key_is_zero(device.public_key)) {
    out.public_key = key_of(device.public_key);
  }
  const wg_peer* peer = nullptr;
  wg_for_each_peer(&device, peer) {
    out.peers.push_back(peer_of(*peer));
  }
  std::ranges::sort(out.peers, {}, &WgPeer::key);
  return out;
}

}  // namespace

Result<WireGuardSocket> WireGuardSocket::create() {
  return WireGuardSocket(CW_TRY_IN(Channel::open(NETLINK_GENERIC), "opening generic netlink"));
}

Result<WgDevice> WireGuardSocket::device(const std::string& name) {
  wg_device* raw = nullptr;
  const int code = wg_get_device(&raw, name.c_str());
  const std::unique_ptr<wg_device, FreeDevice> device(raw);
  if (!device) {
    auto error = Error::from_errno(-code, fmt::format("cannot read WireGuard device {}", name));
    if (error.os == EOPNOTSUPP) {  // a device of another kind
      error.kind = ErrorKind::NotFound;
    }
    return error;
  }
  return device_of(*device);
}

// Asked each time: the number is another one after the module was loaded anew, and asking loads it.
Result<std::uint16_t> WireGuardSocket::family() {
  genlmsghdr header{};
  header.cmd = CTRL_CMD_GETFAMILY;
  header.version = 1;
  MessageWriter request(GENL_ID_CTRL, NLM_F_REQUEST | NLM_F_ACK);
  request.header(header);
  request.text(CTRL_ATTR_FAMILY_NAME, "wireguard");
  auto bytes = request.take();
  std::uint16_t number = 0;
  CW_TRY(
      channel_.exchange(bytes, "this kernel has no WireGuard", [&number](const Message& message) {
        if (const auto id =
                Attributes(message.payload, sizeof(genlmsghdr)).find(CTRL_ATTR_FAMILY_ID)) {
          number = id->as<std::uint16_t>().value_or(0);
        }
      }));
  if (number == 0) {
    return Error::make(ErrorKind::Bug, "the kernel does not tell the number of its WireGuard");
  }
  return number;
}

Result<> WireGuardSocket::change(const WgDeviceChange& change) {
  const auto what = fmt::format("cannot change WireGuard device {}", change.device);
  auto messages = encode(change, CW_TRY_IN(family(), what));
  Result<> result;
  for (auto& message : messages) {
    if (result) {
      result = channel_.exchange(message, what);
    }
    net::wipe(message);
  }
  return result;
}

}  // namespace cw::netlink
