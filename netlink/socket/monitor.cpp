// SPDX-License-Identifier: Apache-2.0
#include "netlink/socket/monitor.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include "netlink/codec/message.h"

namespace cw::netlink {

namespace {

// A notification of nf_tables may be as large as one element's, or rule's, attributes; the kernel
// batches them in pages.
constexpr std::size_t kDatagramLimit = 65536;

// More than any burst; a flood must not keep the loop here for ever. What is left is taken at the
// next wake-up.
constexpr int kDatagramsPerRead = 100000;

constexpr std::array kRouteGroups = {RTNLGRP_LINK,       RTNLGRP_IPV4_IFADDR,  RTNLGRP_IPV6_IFADDR,
                                     RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,   RTNLGRP_IPV4_RULE,
                                     RTNLGRP_IPV6_RULE,  RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF,
                                     RTNLGRP_TC};

Result<UniqueFd> listen(int bus, std::span<const int> groups, const char* what) {
  UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, bus));
  if (!fd) {
    return Error::from_errno(errno, what);
  }
  // Past net.core.rmem_max with CAP_NET_ADMIN; without, as far as it goes.
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer) !=
          0 &&
      ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer) != 0) {
    return Error::from_errno(errno, what);
  }
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return Error::from_errno(errno, what);
  }
  for (const int group : groups) {
    if (::setsockopt(fd.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0) {
      return Error::from_errno(errno, what);
    }
  }
  return fd;
}

std::string device_name(int index) {
  std::array<char, IF_NAMESIZE> name{};
  return if_indextoname(static_cast<unsigned>(index), name.data()) != nullptr ? name.data() : "";
}

}  // namespace

Monitor::Monitor(Interest interest, std::vector<std::uint32_t> own_ports, std::uint32_t own_process,
                 UniqueFd route, UniqueFd nft)
    : interest_(std::move(interest)),
      own_ports_(std::move(own_ports)),
      transactions_(own_process, interest_.nft_table),
      names_(interest_.ownership),
      route_(std::move(route)),
      nft_(std::move(nft)),
      buffer_(kDatagramLimit) {
  // Listening came first, so none is missed; what cannot be listed is learnt when it changes.
  const std::unique_ptr<struct if_nameindex, decltype(&if_freenameindex)> links(if_nameindex(),
                                                                                if_freenameindex);
  for (const auto* link = links.get(); link != nullptr && link->if_index != 0; ++link) {
    names_.learn(static_cast<int>(link->if_index), link->if_name);
  }
}

Result<Monitor> Monitor::create(Interest interest, std::vector<std::uint32_t> own_ports,
                                std::uint32_t own_process) {
  std::array<int, kRouteGroups.size()> route_groups{};
  std::ranges::copy(kRouteGroups, route_groups.begin());
  auto route = CW_TRY(listen(NETLINK_ROUTE, route_groups, "cannot listen to rtnetlink"));
  constexpr std::array kNftGroups = {int{NFNLGRP_NFTABLES}};
  auto nft = CW_TRY(listen(NETLINK_NETFILTER, kNftGroups, "cannot listen to nf_tables"));
  return Monitor(std::move(interest), std::move(own_ports), own_process, std::move(route),
                 std::move(nft));
}

Result<Monitor::Got> Monitor::receive(const UniqueFd& socket) {
  for (;;) {
    sockaddr_nl sender{};
    socklen_t sender_size = sizeof sender;
    const auto size = ::recvfrom(socket.get(), buffer_.data(), buffer_.size(), MSG_TRUNC,
                                 reinterpret_cast<sockaddr*>(&sender), &sender_size);
    if (size < 0) {
      if (errno == EINTR) {
        continue;
      }
      if (errno == EAGAIN) {
        return Got::Nothing;
      }
      if (errno == ENOBUFS) {
        return Got::Overflow;
      }
      return Error::from_errno(errno, "cannot read notifications");
    }
    if (sender.nl_pid != 0) {
      continue;  // not from the kernel
    }
    if (static_cast<std::size_t>(size) > buffer_.size()) {
      return Got::Overflow;  // truncated
    }
    filled_ = static_cast<std::size_t>(size);
    return Got::Datagram;
  }
}

Result<> Monitor::read_route(std::vector<Notification>& into) {
  for (int i = 0; i < kDatagramsPerRead; ++i) {
    const auto got = CW_TRY(receive(route_));
    if (got == Got::Nothing) {
      break;
    }
    if (got == Got::Overflow) {
      into.push_back({.what = What::Overflow, .name = {}});
      continue;
    }
    Messages messages(Bytes(buffer_).first(filled_));
    while (const auto message = messages.next()) {
      if (auto before = names_.renamed(*message)) {
        into.push_back({.what = What::Link, .name = std::move(*before)});
      }
      if (auto notification = decode_route_notification(*message, own_ports_, device_name)) {
        into.push_back(std::move(*notification));
      }
    }
  }
  return {};
}

Result<> Monitor::read_nft(std::vector<Notification>& into) {
  for (int i = 0; i < kDatagramsPerRead; ++i) {
    const auto got = CW_TRY(receive(nft_));
    if (got == Got::Nothing) {
      break;
    }
    if (got == Got::Overflow) {
      transactions_.forget();
      into.push_back({.what = What::Overflow, .name = {}});
      continue;
    }
    Messages messages(Bytes(buffer_).first(filled_));
    while (const auto message = messages.next()) {
      if (auto notification = transactions_.take(*message)) {
        into.push_back(std::move(*notification));
      }
    }
  }
  return {};
}

Result<std::vector<Notification>> Monitor::read() {
  std::vector<Notification> notifications;
  CW_TRY(read_route(notifications));
  CW_TRY(read_nft(notifications));
  std::erase_if(notifications,
                [this](const auto& notification) { return !concerns(notification, interest_); });
  std::ranges::sort(notifications);
  const auto rest = std::ranges::unique(notifications);
  notifications.erase(rest.begin(), rest.end());
  return notifications;
}

}  // namespace cw::netlink
