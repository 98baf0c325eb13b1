// SPDX-License-Identifier: Apache-2.0
#include "router/failover/reset_sender.h"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include <linux/if_ether.h>
#include <net/if.h>
#include <sys/socket.h>

namespace cw::failover {

static_assert(ha::reset::kMostRead <= ha::arp::kMostRead);

namespace {

constexpr auto kLastRank = std::numeric_limits<std::size_t>::max();

// Past the host's limits with CAP_NET_ADMIN over it; within a container as far as they go.
Result<> make_room(int fd, int option, int forced) {
  if (::setsockopt(fd, SOL_SOCKET, forced, &kResetBuffer, sizeof kResetBuffer) != 0 &&
      ::setsockopt(fd, SOL_SOCKET, option, &kResetBuffer, sizeof kResetBuffer) != 0) {
    return Error::from_errno(errno, "cannot have room for what waits in WireGuard");
  }
  return {};
}

// It is repeated all the same. WireGuard says so of a peer whose endpoint nobody knows
// (EDESTADDRREQ) and of an address that is no peer's any more (ENOKEY); the others are a queue's.
bool is_as_lost(const Error& error) {
  return error.os == EDESTADDRREQ || error.os == ENOKEY || error.os == EAGAIN ||
         error.os == ENOBUFS;
}

}  // namespace

Result<ResetSender> ResetSender::open(const std::string& device, Ranks ranks, ha::Time now) {
  const auto index = ::if_nametoindex(device.c_str());
  if (index == 0) {
    return Error::make(ErrorKind::NotFound, "no device " + device);
  }
  return ResetSender(static_cast<int>(index), std::move(ranks), now);
}

Result<> ResetSender::add(std::span<const netlink::Connection> ended) {
  for (const auto& connection : ended) {
    const auto& client = connection.id.original;
    const auto rank = ranks_.find(client.source);
    resets_.add(client, rank == ranks_.end() ? kLastRank : rank->second);
  }
  for (const auto family : {net::Family::V4, net::Family::V6}) {
    const auto is_of = [&](const netlink::Connection& each) {
      return each.id.original.source.family() == family;
    };
    if (std::ranges::find(families_, family) == families_.end() &&
        std::ranges::any_of(ended, is_of)) {
      CW_TRY(listen(family));
    }
  }
  return {};
}

Result<> ResetSender::listen(net::Family family) {
  auto socket = CW_TRY(ha::arp::PacketSocket::open(
      device_, family == net::Family::V4 ? ETH_P_IP : ETH_P_IPV6, ha::reset::filter(family)));
  CW_TRY(make_room(socket.fd(), SO_SNDBUF, SO_SNDBUFFORCE));
  CW_TRY(make_room(socket.fd(), SO_RCVBUF, SO_RCVBUFFORCE));
  sockets_.push_back(std::move(socket));
  families_.push_back(family);
  return {};
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
      auto sent = sockets_[i].send(packet);
      return sent || is_as_lost(sent.error()) ? Result<>() : std::move(sent);
    }
  }
  return {};
}

}  // namespace cw::failover
