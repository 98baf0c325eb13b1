// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/endpoint.h"
#include "net/key.h"
#include "netlink/codec/wireguard_values.h"

// What happened to the peers between two looks at the kernel. WireGuard announces nothing, so each
// dump the agent makes anyway is compared with what it saw before. Pure; linear in the peers.
//
// One key on two devices shows as handshakes that come too soon after each other, from an endpoint
// that had been left. A single device makes one only every two minutes (REKEY_AFTER_TIME), also
// when it changes between two networks, and a NAT that rebinds never comes back to an old port.
namespace cw::agent {

// WireGuard's REKEY_AFTER_TIME: an undisturbed session is not made anew before.
inline constexpr std::chrono::seconds kRekeyAfter{120};

// A key is called flapping after this many such returns within the window (somebody who switches
// a phone's tunnel off and on elsewhere makes one or two), and no longer when a window passes
// without one.
inline constexpr int kFlappingReturns = 3;
inline constexpr std::chrono::minutes kFlappingWindow{10};

enum class PeerEventKind : std::uint8_t {
  Connected,  // a first handshake, or one after it had gone silent
  Roamed,     // its endpoint changed while it was active
  Silent,     // no handshake for api::kActiveFor: its session is over
  FlappingBegan,
  FlappingEnded,
};

struct PeerEvent {
  PeerEventKind kind = PeerEventKind::Connected;
  std::string device;
  net::PublicKey key;
  std::optional<net::SocketAddress> endpoint;
  std::optional<net::SocketAddress> before;  // Roamed, FlappingBegan: where it was

  friend bool operator==(const PeerEvent&, const PeerEvent&) = default;
};

// One peer on one device, as it was seen.
struct Track {
  std::optional<net::SocketAddress> endpoint;
  std::array<net::SocketAddress, 2> left;  // the endpoints before it, last first
  netlink::HandshakeTime last_handshake{};
  std::array<netlink::HandshakeTime, kFlappingReturns> returns{};  // latest first
  bool active = false;
  bool flapping = false;
};

// All that is remembered; only this agent's life long. A first look gives no events, or every
// restart would announce everybody.
class PeerHistory {
 public:
  // `devices` is a complete dump; a device that is not in it keeps its history.
  [[nodiscard]] std::vector<PeerEvent> observe(const std::vector<netlink::WgDevice>& devices,
                                               netlink::HandshakeTime now);

  [[nodiscard]] bool flapping(const std::string& device, const net::PublicKey& key) const;

 private:
  using Tracks = std::map<net::PublicKey, Track>;

  std::map<std::string, Tracks> devices_;
  bool looked_ = false;
};

}  // namespace cw::agent
