// SPDX-License-Identifier: Apache-2.0
#include "netlink/socket/host_address.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <fmt/format.h>
#include <poll.h>

#include "base/unique_fd.h"

namespace cw::netlink {

namespace {

// The kernel takes an IPv6 address into use a moment after it said yes, in a worker of its own
// (addrconf_dad_work(), net/ipv6/addrconf.c), which waits for the lock of all such changes: some
// microseconds, on a host where networks of containers come and go a tenth of a second. Less than
// siblings take for silence (ha/timers.h).
constexpr std::chrono::milliseconds kMostSettling{300};

// More than one notification of a route takes.
constexpr std::size_t kNotificationSize = 8192;

// Hears when the route to an IPv6 address of this host is there: with it, packets are taken.
class Settling {
 public:
  static Result<Settling> listen() {
    UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_IPV6_ROUTE;
    if (!fd || ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      return Error::from_errno(errno, "cannot listen to rtnetlink");
    }
    return Settling(std::move(fd));
  }

  Result<> wait(const net::Ip& ip, int index) {
    const auto end = std::chrono::steady_clock::now() + kMostSettling;
    for (;;) {
      // What waits is read even where we were held up past the end.
      const auto left = std::max(
          std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()),
          std::chrono::milliseconds(0));
      pollfd waiting{.fd = fd_.get(), .events = POLLIN, .revents = 0};
      if (::poll(&waiting, 1, static_cast<int>(left.count())) == 0 && left.count() == 0) {
        return Error::make(ErrorKind::Retryable,
                           fmt::format("the kernel has added address {} and not taken it into use "
                                       "within {} ms",
                                       ip.to_text(), kMostSettling.count()));
      }
      // What fails here, ENOBUFS say, was not the one: the next, or the time, decides.
      const auto size = ::recv(fd_.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
      Messages messages(Bytes(buffer_).first(size > 0 ? static_cast<std::size_t>(size) : 0));
      while (const auto message = messages.next()) {
        if (is_local_route(*message, ip, index)) {
          return {};
        }
      }
    }
  }

 private:
  explicit Settling(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
  std::array<std::uint8_t, kNotificationSize> buffer_{};
};

std::string name_of(int index) {
  std::array<char, IF_NAMESIZE> name{};
  return if_indextoname(static_cast<unsigned>(index), name.data()) != nullptr ? name.data() : "";
}

}  // namespace

Result<HostAddressSocket> HostAddressSocket::create(std::uint8_t protocol) {
  auto channel = CW_TRY_IN(Channel::open(NETLINK_ROUTE), "opening rtnetlink");
  return HostAddressSocket(protocol, std::move(channel));
}

Result<EthernetLink> HostAddressSocket::ethernet_link(const std::string& device) {
  MessageWriter request(RTM_GETLINK, NLM_F_REQUEST | NLM_F_ACK);
  request.header(ifinfomsg{});
  request.text(IFLA_IFNAME, device);
  request.number(IFLA_EXT_MASK, std::uint32_t{RTEXT_FILTER_SKIP_STATS});
  auto bytes = request.take();
  std::optional<EthernetLink> link;
  CW_TRY(channel_.exchange(bytes, fmt::format("cannot look at device {}", device),
                           [&](const Message& message) { link = decode_ethernet_link(message); }));
  if (!link) {
    return Error::make(ErrorKind::Unsupported, fmt::format("{} is no Ethernet device", device));
  }
  return *link;
}

Result<std::vector<HostAddress>> HostAddressSocket::addresses() {
  return retry_interrupted([this]() -> Result<std::vector<HostAddress>> {
    MessageWriter request(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP);
    request.header(ifaddrmsg{});
    auto bytes = request.take();
    std::vector<HostAddress> found;
    CW_TRY(channel_.exchange(bytes, "cannot list the addresses", [&](const Message& message) {
      if (auto address = decode_any_address(message, name_of)) {
        found.push_back(std::move(*address));
      }
    }));
    std::ranges::sort(found);
    return found;
  });
}

Result<std::optional<HostAddress>> HostAddressSocket::find(const std::string& device,
                                                           const net::Ip& ip) {
  const auto all = CW_TRY(addresses());
  const auto found = std::ranges::find_if(all, [&](const HostAddress& address) {
    return address.device == device && address.ip == ip;
  });
  std::optional<HostAddress> result;
  if (found != all.end()) {
    result = *found;
  }
  return result;
}

Result<> HostAddressSocket::add(const std::string& device, const net::Ip& ip, AddressScope scope) {
  const auto index = if_nametoindex(device.c_str());
  if (index == 0) {
    return Error::from_errno(errno, fmt::format("no device {}", device));
  }
  auto request = new_host_address({.device = device, .ip = ip, .protocol = protocol_},
                                  static_cast<int>(index), scope);
  std::optional<Settling> settling;
  if (!ip.is_v4()) {
    settling = CW_TRY(Settling::listen());
  }
  auto result =
      channel_.exchange(request, fmt::format("cannot add address {} of {}", ip.to_text(), device));
  if (result && settling) {
    return settling->wait(ip, static_cast<int>(index));
  }
  if (result || result.error().os != EEXIST) {
    return result;
  }
  const auto there = CW_TRY(find(device, ip));
  if (there && there->protocol != protocol_) {
    return Error::make(
        ErrorKind::Exists,
        fmt::format("{0} is configured on {1}, and not by Causeway; take it out of the host's "
                    "network configuration, and remove it with `ip address delete {0}/{2} dev {1}`",
                    ip.to_text(), device, net::bits(ip.family())));
  }
  return {};
}

Result<> HostAddressSocket::remove(const std::string& device, const net::Ip& ip) {
  const auto there = CW_TRY(find(device, ip));
  const auto index = if_nametoindex(device.c_str());
  if (!there || index == 0) {
    return {};
  }
  if (there->protocol != protocol_) {
    return Error::make(ErrorKind::Bug,
                       fmt::format("address {} of {} is not ours to remove", ip.to_text(), device));
  }
  auto request = delete_host_address(*there, static_cast<int>(index));
  auto result = channel_.exchange(
      request, fmt::format("cannot remove address {} of {}", ip.to_text(), device));
  const bool gone = !result && (result.error().os == EADDRNOTAVAIL || result.error().os == ENODEV);
  return gone ? Result<>() : result;
}

}  // namespace cw::netlink
