// SPDX-License-Identifier: Apache-2.0
#include "ha/arp/presence.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace cw::ha::arp {

namespace {

// Documentation/networking/ip-sysctl.rst: arp_ignore and arp_announce.
constexpr int kNotOfOtherDevices = 1;
constexpr int kNotOfHostScope = 3;
constexpr std::array kQuiet = {kNotOfOtherDevices, 2, kNotOfHostScope, 8};
constexpr int kBestLocal = 2;

bool is_at(const Places& places, const std::string& device, const net::Ip& ip) {
  return std::ranges::any_of(places.ours, [&](const netlink::HostAddress& address) {
    return address.device == device && address.ip == ip;
  });
}

bool is_loud(const Places& places, const net::Ip& ip) {
  return is_at(places, places.interface, ip);
}

bool is_quiet(const Places& places, const net::Ip& ip) {
  return is_at(places, kQuietDevice, ip);
}

}  // namespace

Places places(const std::vector<netlink::HostAddress>& all, std::string interface,
              std::uint8_t protocol) {
  Places result{.interface = std::move(interface), .ours = {}};
  std::ranges::copy_if(
      all, std::back_inserter(result.ours),
      [&](const netlink::HostAddress& address) { return address.protocol == protocol; });
  return result;
}

Presence presence(const Places& places, const std::vector<net::Ip>& addresses) {
  const auto loud =
      std::ranges::count_if(addresses, [&](const net::Ip& ip) { return is_loud(places, ip); });
  const auto quiet =
      std::ranges::count_if(addresses, [&](const net::Ip& ip) { return is_quiet(places, ip); });
  if (loud == std::ssize(addresses)) {
    return Presence::Loud;
  }
  return loud == 0 && quiet > 0 ? Presence::Quiet : Presence::Absent;
}

std::vector<AddressChange> to_loud(const Places& places, const std::vector<net::Ip>& addresses) {
  std::vector<AddressChange> changes;
  for (const auto& ip : addresses) {
    if (!is_loud(places, ip)) {
      changes.push_back({.add = true, .device = places.interface, .ip = ip});
    }
  }
  for (const auto& ip : addresses) {
    if (is_quiet(places, ip)) {
      changes.push_back({.add = false, .device = kQuietDevice, .ip = ip});
    }
  }
  return changes;
}

std::vector<AddressChange> to_quiet(const Places& places, const std::vector<net::Ip>& addresses) {
  std::vector<AddressChange> changes;
  for (const auto& ip : addresses) {
    if (is_loud(places, ip) && !is_quiet(places, ip)) {
      changes.push_back({.add = true, .device = kQuietDevice, .ip = ip});
    }
  }
  for (const auto& ip : addresses) {
    if (is_loud(places, ip)) {
      changes.push_back({.add = false, .device = places.interface, .ip = ip});
    }
  }
  return changes;
}

std::vector<AddressChange> to_released(const Places& places,
                                       const std::vector<net::Ip>& addresses) {
  std::vector<AddressChange> changes;
  for (const auto& ip : addresses) {
    if (is_quiet(places, ip)) {
      changes.push_back({.add = false, .device = kQuietDevice, .ip = ip});
    }
  }
  return changes;
}

std::vector<AddressChange> to_silent(const Places& places, const std::vector<net::Ip>& addresses) {
  std::vector<AddressChange> changes;
  for (const auto& ip : addresses) {
    if (is_loud(places, ip)) {
      changes.push_back({.add = false, .device = places.interface, .ip = ip});
    }
  }
  std::ranges::move(to_released(places, addresses), std::back_inserter(changes));
  return changes;
}

std::vector<AddressChange> of_nobody(const Places& places, const std::vector<Moving>& gateways) {
  std::vector<AddressChange> changes;
  for (const auto& address : places.ours) {
    const bool here = address.device == places.interface || address.device == kQuietDevice;
    const bool wanted = std::ranges::any_of(gateways, [&](const Moving& moving) {
      return std::ranges::find(moving.addresses, address.ip) != moving.addresses.end();
    });
    if (!here || !wanted) {
      changes.push_back({.add = false, .device = address.device, .ip = address.ip});
    }
  }
  return changes;
}

std::vector<netlink::Sysctl> for_quiet(const std::string& interface, const ArpSettings& settings) {
  std::vector<netlink::Sysctl> changes;
  const int ignore = std::max(settings.ignore_all, settings.ignore);
  const bool quiet = std::ranges::find(kQuiet, ignore) != kQuiet.end() &&
                     (ignore != kNotOfHostScope || !settings.localnet);
  if (!quiet) {
    changes.push_back(
        {.key = fmt::format("net/ipv4/conf/{}/arp_ignore", interface),
         .value = fmt::format("{}", settings.localnet ? kNotOfOtherDevices : kNotOfHostScope)});
  }
  if (std::max(settings.announce_all, settings.announce) < kBestLocal) {
    changes.push_back({.key = fmt::format("net/ipv4/conf/{}/arp_announce", interface),
                       .value = fmt::format("{}", kBestLocal)});
  }
  return changes;
}

}  // namespace cw::ha::arp
