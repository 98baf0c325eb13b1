// SPDX-License-Identifier: Apache-2.0
#include "netlink/codec/wireguard_codec.h"

#include <algorithm>

#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "netlink/codec/message.h"

namespace cw::netlink {

namespace {

std::uint16_t family_of(const net::Ip& ip) {
  return ip.is_v4() ? AF_INET : AF_INET6;
}

std::size_t allowed_ip_size(const net::Prefix& prefix) {
  return attribute_size(0) + attribute_size(sizeof(std::uint16_t)) +
         attribute_size(prefix.address().bytes().size()) + attribute_size(sizeof(std::uint8_t));
}

void put_allowed_ip(MessageWriter& out, const net::Prefix& prefix) {
  const auto nest = out.open(0);
  out.number(WGALLOWEDIP_A_FAMILY, family_of(prefix.address()));
  out.bytes(WGALLOWEDIP_A_IPADDR, prefix.address().bytes());
  out.number(WGALLOWEDIP_A_CIDR_MASK, prefix.length());
  out.close(nest);
}

void put_endpoint(MessageWriter& out, const net::SocketAddress& endpoint) {
  const auto address = endpoint.ip.bytes();
  const auto put = [&out](const auto& value) {
    out.bytes(WGPEER_A_ENDPOINT, {reinterpret_cast<const std::uint8_t*>(&value), sizeof value});
  };
  if (endpoint.ip.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(endpoint.port);
    std::memcpy(&in.sin_addr, address.data(), address.size());
    put(in);
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(endpoint.port);
    std::memcpy(&in.sin6_addr, address.data(), address.size());
    put(in);
  }
}

std::uint32_t flags_of(const WgPeerChange& peer, bool continued) {
  if (peer.verb == PeerVerb::Remove) {
    return WGPEER_F_REMOVE_ME;
  }
  std::uint32_t flags = 0;
  if (continued || peer.verb == PeerVerb::Update) {
    flags |= WGPEER_F_UPDATE_ONLY;
  }
  if (!continued && peer.replace_allowed_ips) {
    flags |= WGPEER_F_REPLACE_ALLOWEDIPS;
  }
  return flags;
}

// All of a peer but its allowed IPs.
void put_peer_head(MessageWriter& out, const WgPeerChange& peer, bool continued) {
  out.bytes(WGPEER_A_PUBLIC_KEY, peer.key.bytes());
  if (const auto flags = flags_of(peer, continued); flags != 0) {
    out.number(WGPEER_A_FLAGS, flags);
  }
  if (continued || peer.verb == PeerVerb::Remove) {
    return;
  }
  if (peer.clear_preshared_key) {
    constexpr net::KeyBytes kNoKey{};
    out.bytes(WGPEER_A_PRESHARED_KEY, kNoKey);
  }
  if (peer.endpoint) {
    put_endpoint(out, *peer.endpoint);
  }
  if (peer.keepalive_seconds) {
    out.number(WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, *peer.keepalive_seconds);
  }
}

class Encoder {
 public:
  Encoder(const WgDeviceChange& change, std::uint16_t family) : change_(change), family_(family) {
    begin();
    put_device();
    if (!change.peers.empty()) {
      peers_ = out_.open(WGDEVICE_A_PEERS);
    }
  }

  void put_peer(const WgPeerChange& peer) {
    std::size_t done = 0;
    bool continued = false;
    while (!put_part(peer, continued, done)) {
      out_.close(peers_);
      messages_.push_back(out_.take());
      begin();
      peers_ = out_.open(WGDEVICE_A_PEERS);
      continued = done > 0;
    }
  }

  std::vector<std::vector<std::uint8_t>> finish() {
    if (!change_.peers.empty()) {
      out_.close(peers_);
    }
    messages_.push_back(out_.take());
    return std::move(messages_);
  }

 private:
  // Reserved whole at once: a buffer that grows leaves copies of the private key behind.
  void begin() {
    out_ = MessageWriter(family_, NLM_F_REQUEST | NLM_F_ACK, kMessageLimit);
    genlmsghdr header{};
    header.cmd = WG_CMD_SET_DEVICE;
    header.version = WG_GENL_VERSION;
    out_.header(header);
    out_.text(WGDEVICE_A_IFNAME, change_.device);
  }

  void put_device() {
    if (change_.private_key != nullptr) {
      out_.bytes(WGDEVICE_A_PRIVATE_KEY, change_.private_key->expose());
    }
    if (change_.listen_port) {
      out_.number(WGDEVICE_A_LISTEN_PORT, *change_.listen_port);
    }
    if (change_.fwmark) {
      out_.number(WGDEVICE_A_FWMARK, *change_.fwmark);
    }
  }

  [[nodiscard]] std::size_t room() const {
    return kPeersLimit - (out_.size() - peers_ - attribute_size(0));
  }

  // Writes `peer` from its allowed IP number `done` on, as far as it fits. False: go on in another
  // message.
  bool put_part(const WgPeerChange& peer, bool continued, std::size_t& done) {
    const auto start = out_.size();
    const auto room_before = room();
    const auto nest = out_.open(0);
    put_peer_head(out_, peer, continued);
    if (peer.verb == PeerVerb::Remove) {
      done = peer.allowed_ips.size();
    }
    bool fits = out_.size() - start <= room_before;
    if (fits && done < peer.allowed_ips.size()) {
      fits = put_allowed_ips(peer, done);
    }
    if (!fits && done == 0) {
      out_.cut(start);  // not one allowed IP went in: the whole peer goes to the next message
      return false;
    }
    out_.close(nest);
    return fits;
  }

  bool put_allowed_ips(const WgPeerChange& peer, std::size_t& done) {
    if (room() < attribute_size(0) + allowed_ip_size(peer.allowed_ips[done])) {
      return false;
    }
    const auto nest = out_.open(WGPEER_A_ALLOWEDIPS);
    while (done < peer.allowed_ips.size() && room() >= allowed_ip_size(peer.allowed_ips[done])) {
      put_allowed_ip(out_, peer.allowed_ips[done++]);
    }
    out_.close(nest);
    return done == peer.allowed_ips.size();
  }

  const WgDeviceChange& change_;
  std::uint16_t family_;
  MessageWriter out_{0, 0};
  std::size_t peers_ = 0;  // the open nest
  std::vector<std::vector<std::uint8_t>> messages_;
};

}  // namespace

std::vector<std::vector<std::uint8_t>> encode(const WgDeviceChange& change, std::uint16_t family) {
  if (change.private_key == nullptr && !change.listen_port && !change.fwmark &&
      change.peers.empty()) {
    return {};
  }
  Encoder encoder(change, family);
  for (const auto& peer : change.peers) {
    encoder.put_peer(peer);
  }
  return encoder.finish();
}

}  // namespace cw::netlink
