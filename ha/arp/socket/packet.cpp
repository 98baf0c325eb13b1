// SPDX-License-Identifier: Apache-2.0
#include "ha/arp/socket/packet.h"

#include <cerrno>
#include <utility>

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <fmt/format.h>

namespace cw::ha::arp {

Result<PacketSocket> PacketSocket::open(int index, std::uint16_t ether_type, const Filter& filter) {
  const auto what = fmt::format("cannot listen to frames of type {:#06x}", ether_type);
  // Of no protocol, so that nothing comes before the filter is there; bind() names it.
  UniqueFd fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) {
    return Error::from_errno(errno, what);
  }
  auto program = filter;
  const sock_fprog attached{.len = static_cast<unsigned short>(program.size()),
                            .filter = program.data()};
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof attached) != 0) {
    return Error::from_errno(errno, what);
  }
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ether_type);
  address.sll_ifindex = index;
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return Error::from_errno(errno, what);
  }
  return PacketSocket(std::move(fd), index);
}

Result<> PacketSocket::send(Bytes frame) {
  // Bound to the interface: needs no address.
  ssize_t sent = 0;
  do {
    sent = ::send(fd_.get(), frame.data(), frame.size(), 0);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) {
    return Error::from_errno(errno, "cannot send a frame");
  }
  return {};
}

Result<std::optional<Bytes>> PacketSocket::receive() {
  for (;;) {
    const auto size = ::recv(fd_.get(), buffer_.data(), buffer_.size(), 0);
    if (size >= 0) {
      return std::optional(Bytes(buffer_).first(static_cast<std::size_t>(size)));
    }
    // ENETDOWN is told once, and whoever asks next sees that the interface is down.
    if (errno == EAGAIN || errno == ENETDOWN) {
      return std::optional<Bytes>();
    }
    if (errno != EINTR) {
      return Error::from_errno(errno, "cannot read a frame");
    }
  }
}

}  // namespace cw::ha::arp
