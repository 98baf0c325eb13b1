// SPDX-License-Identifier: Apache-2.0
#include "netlink/socket/replication.h"

#include <array>
#include <cerrno>
#include <utility>

#include <linux/filter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_compat.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include "netlink/codec/connection_filter.h"
#include "netlink/codec/conntrack_codec.h"

namespace cw::netlink {

namespace {

// An event is one message of less than a page.
constexpr std::size_t kDatagramLimit = 8192;

// Of one call, so that the loop goes on; a few milliseconds.
constexpr int kEventsPerRead = 2'000;

constexpr auto kListing = "cannot list tracked connections";

// Some hundred requests: the answers to all of them, should they all fail, fit the socket's
// receive buffer (net.core.rmem_default, 208 KiB).
constexpr std::size_t kMostBytesAtOnce = 32'768;

constexpr std::array kGroups = {NFNLGRP_CONNTRACK_NEW, NFNLGRP_CONNTRACK_UPDATE,
                                NFNLGRP_CONNTRACK_DESTROY};

constexpr auto kListening = "cannot listen to tracked connections";

Result<> attach(const UniqueFd& fd, std::vector<sock_filter> code) {
  const sock_fprog program{.len = static_cast<unsigned short>(code.size()), .filter = code.data()};
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) {
    return Error::from_errno(errno, kListening);
  }
  return {};
}

Result<UniqueFd> listen(const std::vector<net::Prefix>& ours) {
  UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER));
  if (!fd) {
    return Error::from_errno(errno, kListening);
  }
  // Past net.core.rmem_max with CAP_NET_ADMIN over the host; within a container as far as it goes.
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kEventBuffer, sizeof kEventBuffer) != 0 &&
      ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &kEventBuffer, sizeof kEventBuffer) != 0) {
    return Error::from_errno(errno, kListening);
  }
  CW_TRY(attach(fd, connection_filter(ours)));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return Error::from_errno(errno, kListening);
  }
  for (const int group : kGroups) {
    if (::setsockopt(fd.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0) {
      return Error::from_errno(errno, kListening);
    }
  }
  return fd;
}

// Asks the kernel for as many at once as it answers without loss; `on_refusal` gets the item.
template <class Item, class Write, class OnRefusal>
Result<> in_batches(Channel& channel, std::span<const Item> items, const std::string& what,
                    const Write& write, const OnRefusal& on_refusal) {
  std::vector<std::uint8_t> batch;
  for (std::size_t first = 0; first < items.size();) {
    batch.clear();
    std::size_t next = first;
    for (; next < items.size() && batch.size() < kMostBytesAtOnce; ++next) {
      const auto one = write(items[next]);
      batch.insert(batch.end(), one.begin(), one.end());
    }
    CW_TRY(channel.exchange_each(batch, what, [&](std::size_t index, const Error& error) {
      on_refusal(items[first + index], error);
    }));
    first = next;
  }
  return {};
}

}  // namespace

ReplicationSocket::ReplicationSocket(std::vector<net::Prefix> ours, UniqueFd events, Channel list,
                                     Channel change)
    : ours_(std::move(ours)),
      events_(std::move(events)),
      list_(std::move(list)),
      change_(std::move(change)),
      buffer_(kDatagramLimit) {}

Result<ReplicationSocket> ReplicationSocket::create(std::vector<net::Prefix> ours) {
  auto list = CW_TRY_IN(Channel::open(NETLINK_NETFILTER), "opening conntrack");
  auto change = CW_TRY_IN(Channel::open(NETLINK_NETFILTER), "opening conntrack");
  // Has the kernel load ctnetlink, before which nobody can listen to it.
  auto request = count_flows();
  CW_TRY(list.exchange(request, "cannot ask for tracked connections"));
  auto events = CW_TRY(listen(ours));
  return ReplicationSocket(std::move(ours), std::move(events), std::move(list), std::move(change));
}

Result<ReplicationSocket::Read> ReplicationSocket::read() {
  Read result;
  for (int i = 0; i < kEventsPerRead; ++i) {
    sockaddr_nl sender{};
    socklen_t sender_size = sizeof sender;
    const auto size = ::recvfrom(events_.get(), buffer_.data(), buffer_.size(), MSG_TRUNC,
                                 reinterpret_cast<sockaddr*>(&sender), &sender_size);
    if (size < 0) {
      if (errno == EAGAIN) {
        return result;
      }
      if (errno == ENOBUFS) {
        result.lost = true;
      } else if (errno != EINTR) {
        return Error::from_errno(errno, "cannot read events of tracked connections");
      }
      continue;
    }
    if (sender.nl_pid != 0) {
      continue;  // not from the kernel
    }
    if (static_cast<std::size_t>(size) > buffer_.size()) {
      result.lost = true;
      continue;
    }
    Messages messages(Bytes(buffer_).first(static_cast<std::size_t>(size)));
    while (const auto message = messages.next()) {
      auto event = decode_connection(*message);
      if (event && concerns(event->connection, ours_)) {
        result.events.push_back(*event);
      }
    }
  }
  result.more = true;
  return result;
}

Result<> ReplicationSocket::begin_dump() {
  if (dumping_) {
    list_ = CW_TRY_IN(Channel::open(NETLINK_NETFILTER), "opening conntrack");
    dumping_ = false;
  }
  auto request = list_connections();
  CW_TRY(list_.begin(request, kListing));
  dumping_ = true;
  return {};
}

Result<ReplicationSocket::Part> ReplicationSocket::dump_part() {
  Part part;
  std::size_t told = 0;
  const auto take = [&](const Message& message) {
    ++told;
    auto event = decode_connection(message);
    if (event && concerns(event->connection, ours_)) {
      part.connections.push_back(event->connection);
    }
  };
  while (!part.last && told < kMostPerPart) {
    part.last = CW_TRY(list_.read_part(kListing, take));
  }
  dumping_ = !part.last;
  return part;
}

Result<std::vector<Connection>> ReplicationSocket::dump() {
  return retry_interrupted([this]() -> Result<std::vector<Connection>> {
    CW_TRY(begin_dump());
    std::vector<Connection> all;
    for (bool last = false; !last;) {
      const auto part = CW_TRY(dump_part());
      all.insert(all.end(), part.connections.begin(), part.connections.end());
      last = part.last;
    }
    return all;
  });
}

Result<ReplicationSocket::Injected> ReplicationSocket::inject(
    std::span<const Connection> connections) {
  constexpr auto kWhat = "cannot inject a tracked connection";
  Injected injected;
  Result<> first;
  const auto fail = [&](const Error& error) {
    if (first) {
      first = error;
    }
  };
  std::vector<Connection> there;
  injected.made = connections.size();
  CW_TRY(in_batches(change_, connections, kWhat, create_connection,
                    [&](const Connection& connection, const Error& error) {
                      --injected.made;
                      if (error.os == EEXIST) {
                        there.push_back(connection);
                      } else {
                        fail(error);
                      }
                    }));
  for (const auto& connection : there) {
    if (const auto replaced = replace(connection, injected); !replaced) {
      fail(replaced.error());
    }
  }
  CW_TRY(std::move(first));
  return injected;
}

// Something has one of its tuples: itself, which is refreshed, or what has to go.
Result<> ReplicationSocket::replace(const Connection& connection, Injected& injected) {
  constexpr auto kWhat = "cannot replace a tracked connection";
  std::optional<Connection> there;
  const auto look = [&](std::vector<std::uint8_t> request) -> Result<> {
    there.reset();
    auto found = change_.exchange(request, kWhat, [&](const Message& message) {
      if (auto told = decode_connection(message)) {
        there = told->connection;
      }
    });
    if (!found && found.error().os != ENOENT) {
      return found;
    }
    return {};
  };
  CW_TRY(look(find_connection(connection.id)));
  if (there && there->id == connection.id && there->reply == connection.reply) {
    auto request = refresh_connection(connection);
    CW_TRY(change_.exchange_all(request, kWhat, 0));
    ++injected.refreshed;
    return {};
  }
  for (const bool by_reply : {false, true}) {
    if (by_reply) {
      CW_TRY(look(find_by_reply(connection)));
    }
    if (there) {
      auto request = delete_connection(there->id);
      CW_TRY(change_.exchange_all(request, kWhat, ENOENT));
    }
  }
  auto request = create_connection(connection);
  CW_TRY(change_.exchange_all(request, kWhat, 0));
  ++injected.replaced;
  return {};
}

Result<> ReplicationSocket::remove(std::span<const ConnectionId> connections) {
  Result<> first;
  CW_TRY(in_batches(change_, connections, "cannot remove a tracked connection", delete_connection,
                    [&](const ConnectionId&, const Error& error) {
                      if (error.os != ENOENT && first) {
                        first = error;
                      }
                    }));
  return first;
}

}  // namespace cw::netlink
