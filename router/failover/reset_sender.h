// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
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

// By a peer's address, how many peers were active later. Who has no rank comes last.
using Ranks = std::map<net::Ip, std::size_t>;

// `kicks`: whom to shake hands with, who was active last first; `peers`: of the device, for their
// addresses.
[[nodiscard]] Ranks by_activity(const std::vector<ha::gate::Kick>& kicks,
                                std::span<const netlink::WgPeer> peers);

class ResetSender {
 public:
  // NotFound: there is no such device.
  static Result<ResetSender> open(const std::string& device, Ranks ranks, ha::Time now);

  // Some more of them: as many as the caller's loop can spare the time for. Where it fails, those
  // of one family are not told.
  Result<> add(std::span<const netlink::Connection> ended);

  // Of each family that there was one of; more after add().
  [[nodiscard]] std::vector<int> fds() const;

  // Something was heard.
  Result<> on_ready(ha::Time now);

  Result<> step(ha::Time now);

  [[nodiscard]] const ha::reset::Resets& resets() const { return resets_; }

 private:
  ResetSender(int device, Ranks ranks, ha::Time now)
      : device_(device), ranks_(std::move(ranks)), resets_(now) {}

  Result<> listen(net::Family family);
  Result<> send(const ha::reset::Packet& packet);

  int device_;
  Ranks ranks_;
  ha::reset::Resets resets_;
  std::vector<ha::arp::PacketSocket> sockets_;  // of each family that there is a client of
  std::vector<net::Family> families_;           // theirs
};

}  // namespace cw::failover
