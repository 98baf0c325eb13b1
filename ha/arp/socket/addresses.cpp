// SPDX-License-Identifier: Apache-2.0
#include "ha/arp/socket/addresses.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace cw::ha::arp {

namespace {

bool is_link_local(const net::Ip& ip) {
  return !ip.is_v4() && ip.bytes()[0] == 0xfe && (ip.bytes()[1] & 0xc0U) == 0x80;
}

Result<int> read_number(netlink::SysctlSink& sysctls, const std::string& key) {
  const auto text = CW_TRY(sysctls.read(key));
  int value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc()) {
    return Error::invalid(fmt::format("{} is no number: {}", key, text));
  }
  return value;
}

}  // namespace

Addresses::Addresses(std::string interface, std::uint8_t protocol,
                     netlink::HostAddressSocket kernel)
    : interface_(std::move(interface)), protocol_(protocol), kernel_(std::move(kernel)) {}

Result<Addresses> Addresses::open(std::string interface, std::uint8_t protocol) {
  auto kernel = CW_TRY(netlink::HostAddressSocket::create(protocol));
  return Addresses(std::move(interface), protocol, std::move(kernel));
}

Result<Places> Addresses::read() {
  const auto all = CW_TRY(kernel_.addresses());
  const auto own = std::ranges::find_if(all, [this](const netlink::HostAddress& address) {
    return address.device == interface_ && is_link_local(address.ip);
  });
  link_local_ = own == all.end() ? std::nullopt : std::optional(own->ip);
  return places(all, interface_, protocol_);
}

Result<> Addresses::change(const AddressChange& change) {
  const auto scope =
      change.device == kQuietDevice ? netlink::AddressScope::Host : netlink::AddressScope::Global;
  return change.add ? kernel_.add(change.device, change.ip, scope)
                    : kernel_.remove(change.device, change.ip);
}

Result<> Addresses::prepare_quiet() {
  const auto of = [](const std::string& device, const char* name) {
    return fmt::format("net/ipv4/conf/{}/{}", device, name);
  };
  ArpSettings settings;
  settings.ignore_all = CW_TRY(read_number(sysctls_, of("all", "arp_ignore")));
  settings.ignore = CW_TRY(read_number(sysctls_, of(interface_, "arp_ignore")));
  settings.announce_all = CW_TRY(read_number(sysctls_, of("all", "arp_announce")));
  settings.announce = CW_TRY(read_number(sysctls_, of(interface_, "arp_announce")));
  const int localnet_all = CW_TRY(read_number(sysctls_, of("all", "route_localnet")));
  const int localnet = CW_TRY(read_number(sysctls_, of(kQuietDevice, "route_localnet")));
  settings.localnet = localnet_all != 0 || localnet != 0;
  for (const auto& sysctl : for_quiet(interface_, settings)) {
    CW_TRY(sysctls_.write(sysctl));
  }
  return {};
}

Result<> Addresses::make_loud(const Places& places, const std::vector<net::Ip>& addresses,
                              bool& began) {
  for (const auto& each : to_loud(places, addresses)) {
    if (auto result = change(each); !result) {
      const auto left = read();
      began = !left || *left != places;
      return result;
    }
  }
  return {};
}

Result<> Addresses::make_quiet(const std::vector<net::Ip>& addresses) {
  const auto places = CW_TRY(read());
  const auto changes = to_quiet(places, addresses);
  if (changes.empty()) {
    return {};
  }
  const bool any_v4 =
      std::ranges::any_of(changes, [](const auto& each) { return each.ip.is_v4(); });
  auto result = any_v4 ? prepare_quiet() : Result<>();
  Result<> late;
  for (const auto& each : changes) {
    result = result ? change(each) : std::move(result);
    if (!result && each.add && result.error().kind == ErrorKind::Retryable) {
      late = std::exchange(result, {});  // it will be taken into use, and is claimed no more
    }
  }
  if (result) {
    return late;
  }
  // Not to claim it comes before accepting what still arrives.
  const auto left = CW_TRY(read());
  for (const auto& each : to_silent(left, addresses)) {
    CW_TRY_IN(change(each), "taking the address away");
  }
  return in_context(std::move(result),
                    "keeping the address for what still arrives, so it is gone instead");
}

Result<> Addresses::release(const std::vector<net::Ip>& addresses) {
  const auto places = CW_TRY(read());
  for (const auto& each : to_released(places, addresses)) {
    CW_TRY(change(each));
  }
  return {};
}

Result<> Addresses::remove_all_but(const std::vector<Moving>& gateways) {
  const auto places = CW_TRY(read());
  for (const auto& each : of_nobody(places, gateways)) {
    CW_TRY(change(each));
  }
  return {};
}

}  // namespace cw::ha::arp
