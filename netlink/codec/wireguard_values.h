// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/endpoint.h"
#include "net/key.h"
#include "net/prefix.h"

// A WireGuard device as the kernel shows it, and a change to one (linux/wireguard.h). A change
// names only what changes; it can never replace all peers at once, and cannot set a peer's
// endpoint or session by accident: both are optional and left out by reconciliation.
namespace cw::netlink {

using HandshakeTime = std::chrono::sys_time<std::chrono::nanoseconds>;

struct WgPeer {
  net::PublicKey key;
  std::vector<net::Prefix> allowed_ips;  // sorted
  std::optional<net::SocketAddress> endpoint;
  std::optional<HandshakeTime> last_handshake;
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_bytes = 0;
  std::uint16_t keepalive_seconds = 0;
  bool has_preshared_key = false;

  friend bool operator==(const WgPeer&, const WgPeer&) = default;
};

struct WgDevice {
  std::string name;
  std::optional<net::PublicKey> public_key;  // none: no private key is set
  std::uint16_t listen_port = 0;
  std::uint32_t fwmark = 0;
  std::vector<WgPeer> peers;  // sorted by key

  friend bool operator==(const WgDevice&, const WgDevice&) = default;
};

enum class PeerVerb : std::uint8_t {
  Set,     // create or change
  Update,  // change, but never create (WGPEER_F_UPDATE_ONLY)
  Remove,
};

struct WgPeerChange {
  net::PublicKey key;
  PeerVerb verb = PeerVerb::Set;
  bool replace_allowed_ips = false;  // WGPEER_F_REPLACE_ALLOWEDIPS
  bool clear_preshared_key = false;
  std::vector<net::Prefix> allowed_ips;  // given to this peer, taken from whoever had them
  std::optional<net::SocketAddress> endpoint;
  std::optional<std::uint16_t> keepalive_seconds;  // 0 to N starts a handshake at once

  friend bool operator==(const WgPeerChange&, const WgPeerChange&) = default;
};

struct WgDeviceChange {
  std::string device;
  const net::PrivateKey* private_key = nullptr;  // borrowed for the call
  std::optional<std::uint16_t> listen_port;
  std::optional<std::uint32_t> fwmark;
  std::vector<WgPeerChange> peers;
};

}  // namespace cw::netlink
