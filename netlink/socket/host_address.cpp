// SPDX-License-Identifier: Apache-2.0
#include "netlink/socket/host_address.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <fmt/format.h>

namespace cw::netlink {

namespace {

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
  auto result =
      channel_.exchange(request, fmt::format("cannot add address {} of {}", ip.to_text(), device));
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
