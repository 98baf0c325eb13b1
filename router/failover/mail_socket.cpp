// SPDX-License-Identifier: Apache-2.0
#include "router/failover/mail_socket.h"

#include <cerrno>
#include <cstring>
#include <ctime>

#include <netinet/in.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "router/failover/socket_address.h"

namespace cw::failover {

namespace {

std::optional<std::int64_t> received_at(msghdr& message) {
  for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr;
       each = CMSG_NXTHDR(&message, each)) {
    if (each->cmsg_level == SOL_SOCKET && each->cmsg_type == SCM_TIMESTAMPNS) {
      timespec at{};
      std::memcpy(&at, CMSG_DATA(each), sizeof at);
      constexpr std::int64_t kMilli = 1000;
      constexpr std::int64_t kNanosInMilli = 1'000'000;
      return at.tv_sec * kMilli + at.tv_nsec / kNanosInMilli;
    }
  }
  return std::nullopt;
}

}  // namespace

Result<MailSocket> MailSocket::open(net::Family family, std::uint16_t port) {
  const bool v4 = family == net::Family::V4;
  UniqueFd fd(::socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) {
    return Error::from_errno(errno, "cannot make the heartbeats' socket");
  }
  const int on = 1;
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);  // receive() says
  if (!v4 && ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) {
    return Error::from_errno(errno, "cannot set IPV6_V6ONLY");
  }
  // A courtesy of the network's.
  (void)::setsockopt(fd.get(), v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TOS : IPV6_TCLASS,
                     &kTrafficClass, sizeof kTrafficClass);
  auto any = name_of({.ip = v4 ? net::Ip::v4(0) : net::Ip::v6({}), .port = port});
  if (::bind(fd.get(), any.generic(), any.size) != 0) {
    return Error::from_errno(
        errno, fmt::format("cannot listen for heartbeats on UDP port {} (failover.port)", port));
  }
  return MailSocket(std::move(fd));
}

Result<> MailSocket::send(const net::SocketAddress& to, std::span<const std::uint8_t> bytes) {
  auto address = name_of(to);
  if (::sendto(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL, address.generic(),
               address.size) < 0) {
    return Error::from_errno(errno, "cannot send to " + to.to_text());
  }
  return {};
}

Result<std::optional<Received>> MailSocket::receive() {
  alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(timespec))> control{};
  iovec part{.iov_base = buffer_.data(), .iov_len = buffer_.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  for (;;) {
    const auto got = ::recvmsg(fd_.get(), &message, 0);
    if (got >= 0) {
      return std::optional(
          Received{.bytes = std::span(buffer_.data(), static_cast<std::size_t>(got)),
                   .wall = received_at(message)});
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return std::optional<Received>();
    }
    // What a sibling's host answered to an earlier datagram (it does not listen yet) is no matter.
    if (errno != EINTR && errno != ECONNREFUSED && errno != EHOSTUNREACH && errno != ENETUNREACH) {
      return Error::from_errno(errno, "cannot receive heartbeats");
    }
  }
}

}  // namespace cw::failover
