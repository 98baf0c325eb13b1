// SPDX-License-Identifier: Apache-2.0
#include "netlink/socket/channel.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <libmnl/libmnl.h>

#include "net/key.h"

namespace cw::netlink {

namespace {

// What the kernel fills at most with one part of a dump (linux/netlink.h, NLMSG_GOODSIZE and
// netlink_dump()).
constexpr std::size_t kDatagramLimit = 32768;

Result<> enable(mnl_socket* socket, int option, const char* name) {
  int on = 1;
  if (mnl_socket_setsockopt(socket, option, &on, sizeof on) < 0) {
    return Error::from_errno(errno, fmt::format("cannot set {} on a netlink socket", name));
  }
  return {};
}

Error failed(const Ack& ack, const std::string& what) {
  return Error::from_errno(
      ack.error, ack.text.empty() ? what : fmt::format("{} (the kernel: {})", what, ack.text));
}

}  // namespace

void Channel::Close::operator()(mnl_socket* socket) const {
  mnl_socket_close(socket);
}

Channel::Channel(mnl_socket* socket) : socket_(socket), buffer_(kDatagramLimit) {}

Result<Channel> Channel::open(int bus) {
  mnl_socket* socket = mnl_socket_open2(bus, SOCK_CLOEXEC);
  if (socket == nullptr) {
    return Error::from_errno(errno, "cannot open a netlink socket");
  }
  Channel channel(socket);
  CW_TRY(enable(socket, NETLINK_EXT_ACK, "NETLINK_EXT_ACK"));
  CW_TRY(enable(socket, NETLINK_CAP_ACK, "NETLINK_CAP_ACK"));
  CW_TRY(enable(socket, NETLINK_GET_STRICT_CHK, "NETLINK_GET_STRICT_CHK"));
  if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
    return Error::from_errno(errno, "cannot bind a netlink socket");
  }
  return channel;
}

std::uint32_t Channel::port() const {
  return mnl_socket_get_portid(socket_.get());
}

void Channel::wipe() {
  net::wipe(buffer_);
}

Result<> Channel::begin(std::span<std::uint8_t> request, const std::string& what) {
  ++sequence_;
  interrupted_ = false;
  std::memcpy(request.data() + offsetof(nlmsghdr, nlmsg_seq), &sequence_, sizeof sequence_);
  if (mnl_socket_sendto(socket_.get(), request.data(), request.size()) < 0) {
    return Error::from_errno(errno, what);
  }
  return {};
}

Result<bool> Channel::read_part(const std::string& what, const OnReply& on_reply) {
  if (!CW_TRY(receive(what, on_reply))) {
    return false;
  }
  if (interrupted_) {
    return Error::make(ErrorKind::Interrupted,
                       what + ": it changed while it was being read, again and again");
  }
  return true;
}

Result<> Channel::exchange(std::span<std::uint8_t> request, const std::string& what,
                           const OnReply& on_reply) {
  CW_TRY(begin(request, what));
  while (!CW_TRY(read_part(what, on_reply))) {
  }
  return {};
}

Result<> Channel::exchange_all(std::span<std::uint8_t> requests, const std::string& what,
                               int expected) {
  Result<> result;
  CW_TRY(exchange_each(requests, what, [&](std::size_t, const Error& error) {
    if (error.os != expected && result) {
      result = error;
    }
  }));
  return result;
}

// Each request gets its number; only the last is acknowledged where all goes well.
Result<> Channel::exchange_each(std::span<std::uint8_t> requests, const std::string& what,
                                const OnRefusal& on_refusal) {
  const auto before = sequence_;
  for (std::size_t at = 0; at < requests.size();) {
    nlmsghdr header{};
    std::memcpy(&header, requests.data() + at, sizeof header);
    const auto next = at + aligned(header.nlmsg_len);
    header.nlmsg_seq = ++sequence_;
    if (next >= requests.size()) {
      header.nlmsg_flags |= NLM_F_ACK;
    }
    std::memcpy(requests.data() + at, &header, sizeof header);
    at = next;
  }
  if (mnl_socket_sendto(socket_.get(), requests.data(), requests.size()) < 0) {
    return Error::from_errno(errno, what);
  }
  for (bool answered = false; !answered;) {
    const auto bytes = CW_TRY(receive_bytes(what));
    Messages messages(bytes);
    while (const auto message = messages.next()) {
      // Numbers wrap, and an answer that was given up may still come.
      const auto count = message->header.nlmsg_seq - before;
      const auto ack = decode_ack(*message);
      if (!ack || count == 0 || count > sequence_ - before) {
        continue;
      }
      if (ack->error != 0) {
        on_refusal(count - 1, failed(*ack, what));
      }
      answered = message->header.nlmsg_seq == sequence_;
    }
  }
  return {};
}

// One datagram; an empty one where a signal came first.
Result<Bytes> Channel::receive_bytes(const std::string& what) {
  const auto size = mnl_socket_recvfrom(socket_.get(), buffer_.data(), buffer_.size());
  if (size < 0) {
    if (errno == EINTR) {
      return Bytes();
    }
    return Error::from_errno(errno, what);
  }
  return Bytes(buffer_).first(static_cast<std::size_t>(size));
}

Result<bool> Channel::receive(const std::string& what, const OnReply& on_reply) {
  const auto bytes = CW_TRY(receive_bytes(what));
  Messages messages(bytes);
  while (const auto message = messages.next()) {
    if (message->header.nlmsg_seq != sequence_) {
      continue;  // the rest of an answer that was given up
    }
    interrupted_ = interrupted_ || (message->header.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
    if (const auto ack = decode_ack(*message)) {
      if (ack->error != 0) {
        return failed(*ack, what);
      }
      return true;
    }
    if (on_reply) {
      on_reply(*message);
    }
  }
  if (messages.malformed()) {
    return Error::make(ErrorKind::Bug, what + ": the kernel's answer cannot be read");
  }
  return false;
}

}  // namespace cw::netlink
