// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "ha/arp/socket/packet.h"
#include "ha/gate/values.h"
#include "ha/reset/resets.h"
#include "netlink/codec/wireguard_values.h"

// Tells the clients of a gateway of connections that ended with the router before, through the
// gateway's WireGuard device: packet sockets, so that no rule of the firewall has to let this pass,
// and what clients send is only listened to. What is sent is in ha/reset. Behind a closed gate
// nothing leaves. Needs CAP_NET_RAW, and CAP_NET_ADMIN for its buffer. One thread; never blocks.
namespace cw::failover {

// Segments read in one go; what waits behind them waits for timers, too.
inline constexpr int kMostSegments = 256;
// What is sent waits in WireGuard while a peer has no session, and counts against the socket: of
// peers that are asleep until it is given up. Some 80,000 packets. And what clients say without
// data: to whoever downloads by a connection that goes on, each ACK is one.
inline constexpr int kResetBuffer = 64 * 1024 * 1024;

// The clients' side of these connections, those of the peers first that were active last. `kicks`:
// whom to shake hands with, in that order; `peers`: of the device, for their addresses.
[[nodiscard]] std::vector<netlink::Tuple> by_activity(
    const std::vector<netlink::Connection>& connections, const std::vector<ha::gate::Kick>& kicks,
    std::span<const netlink::WgPeer> peers);

class ResetSender {
 public:
  // NotFound: there is no such device.
  static Result<ResetSender> open(const std::string& device,
                                  const std::vector<netlink::Tuple>& clients, ha::Time now);

  [[nodiscard]] std::vector<int> fds() const;

  // Something was heard.
  Result<> on_ready(ha::Time now);

  Result<> step(ha::Time now);

  [[nodiscard]] const ha::reset::Resets& resets() const { return resets_; }

 private:
  explicit ResetSender(ha::reset::Resets resets) : resets_(std::move(resets)) {}

  Result<> send(const ha::reset::Packet& packet);

  ha::reset::Resets resets_;
  std::vector<ha::arp::PacketSocket> sockets_;  // of each family that there is a client of
  std::vector<net::Family> families_;           // theirs
};

}  // namespace cw::failover
