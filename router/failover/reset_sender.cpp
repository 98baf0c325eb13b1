// SPDX-License-Identifier: Apache-2.0
#include "router/failover/reset_sender.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <linux/if_ether.h>
#include <net/if.h>
#include <sys/socket.h>

namespace cw::failover {

static_assert(ha::reset::kMostRead <= ha::arp::kMostRead);

Result<ResetSender> ResetSender::open(const std::string& device,
                                      const std::vector<netlink::Tuple>& clients, ha::Time now) {
  const auto index = ::if_nametoindex(device.c_str());
  if (index == 0) {
    return Error::make(ErrorKind::NotFound, "no device " + device);
  }
  ResetSender sender(ha::reset::Resets(clients, now));
  for (const auto family : {net::Family::V4, net::Family::V6}) {
    const auto is_of = [&](const netlink::Tuple& client) {
      return client.source.family() == family;
    };
    if (std::ranges::none_of(clients, is_of)) {
      continue;
    }
    auto socket = CW_TRY(ha::arp::PacketSocket::open(
        static_cast<int>(index), family == net::Family::V4 ? ETH_P_IP : ETH_P_IPV6,
        ha::reset::filter(family)));
    if (::setsockopt(socket.fd(), SOL_SOCKET, SO_SNDBUFFORCE, &kResetBuffer, sizeof kResetBuffer) !=
            0 &&
        ::setsockopt(socket.fd(), SOL_SOCKET, SO_SNDBUF, &kResetBuffer, sizeof kResetBuffer) != 0) {
      return Error::from_errno(errno, "cannot have room for what waits in WireGuard");
    }
    sender.sockets_.push_back(std::move(socket));
    sender.families_.push_back(family);
  }
  return sender;
}

std::vector<int> ResetSender::fds() const {
  std::vector<int> fds;
  for (const auto& socket : sockets_) {
    fds.push_back(socket.fd());
  }
  return fds;
}

Result<> ResetSender::on_ready(ha::Time now) {
  for (auto& socket : sockets_) {
    for (int i = 0; i < kMostSegments; ++i) {
      const auto received = CW_TRY(socket.receive());
      if (!received) {
        break;
      }
      const auto segment = ha::reset::read(*received);
      if (!segment) {
        continue;
      }
      if (const auto answer = resets_.heard(*segment, now)) {
        CW_TRY(send(*answer));
      }
    }
  }
  return {};
}

// One that is not sent is as one that is lost: repeated.
Result<> ResetSender::step(ha::Time now) {
  Result<> first;
  for (const auto& packet : resets_.step(now)) {
    if (auto sent = send(packet); !sent && first) {
      first = std::move(sent);
    }
  }
  return first;
}

Result<> ResetSender::send(const ha::reset::Packet& packet) {
  const auto family = packet.front() >> 4U == 4 ? net::Family::V4 : net::Family::V6;
  for (std::size_t i = 0; i < sockets_.size(); ++i) {
    if (families_[i] == family) {
      return sockets_[i].send(packet);
    }
  }
  return {};
}

}  // namespace cw::failover
