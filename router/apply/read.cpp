// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "router/apply/apply.h"
#include "router/model/ownership.h"

namespace cw::router {

namespace {

constexpr auto kWireguardKind = "wireguard";  // IFLA_INFO_KIND

template <class T>
Dump<T> to_dump(Result<std::vector<T>> result, std::string_view what, std::vector<Error>& errors) {
  if (!result) {
    errors.push_back(std::move(result.error()).with_context(fmt::format("reading {}", what)));
    return {};
  }
  return {.items = std::move(*result), .complete = true};
}

Dump<netlink::Link> our_links(Sinks& sinks, std::vector<Error>& errors) {
  auto links = to_dump(sinks.routes.links(), "links", errors);
  std::erase_if(links.items,
                [](const auto& link) { return !link.name.starts_with(kDevicePrefix); });
  return links;
}

Dump<netlink::WgDevice> our_devices(Sinks& sinks, const Dump<netlink::Link>& links,
                                    std::vector<Error>& errors) {
  Dump<netlink::WgDevice> devices{.items = {}, .complete = links.complete};
  for (const auto& link : links.items) {
    if (link.kind != kWireguardKind) {
      continue;  // somebody else's, whatever its name
    }
    auto device = sinks.wireguard.device(link.name);
    if (device) {
      devices.items.push_back(std::move(*device));
    } else {
      devices.complete = false;
      errors.push_back(
          std::move(device.error()).with_context(fmt::format("reading device {}", link.name)));
    }
  }
  return devices;
}

Dump<netlink::Address> our_addresses(Sinks& sinks, const Dump<netlink::Link>& links,
                                     std::vector<Error>& errors) {
  auto addresses = to_dump(sinks.routes.addresses(), "addresses", errors);
  std::erase_if(addresses.items, [&](const netlink::Address& address) {
    const auto link = std::ranges::find(links.items, address.device, &netlink::Link::name);
    return link != links.items.end() && link->kind != kWireguardKind;
  });
  return addresses;
}

// Also what a translator has left whose device has gone: its counters.
std::vector<via6::Attached> our_translators(Sinks& sinks, const Dump<netlink::Link>& links,
                                            std::vector<Error>& errors) {
  std::vector<via6::Attached> translators;
  for (const auto& link : links.items) {
    if (link.kind != kWireguardKind) {
      continue;
    }
    auto there = sinks.translators.attached(link.name);
    if (there) {
      translators.push_back(std::move(*there));
    } else if (there.error().kind == ErrorKind::Unsupported) {  // so nothing is attached
      translators.push_back({.device = link.name});
    } else {
      errors.push_back(std::move(there.error())
                           .with_context(fmt::format("reading the translator of {}", link.name)));
    }
  }
  for (auto& name : links.complete ? sinks.translators.counted() : std::vector<std::string>()) {
    if (name.starts_with(kDevicePrefix) &&
        std::ranges::find(links.items, name, &netlink::Link::name) == links.items.end()) {
      translators.push_back({.device = std::move(name), .counted = true});
    }
  }
  return translators;
}

std::optional<firewall::TableState> our_table(Sinks& sinks, const DesiredState& desired,
                                              firewall::Depth depth, std::vector<Error>& errors) {
  std::vector<std::string> sets;
  if (desired.firewall) {
    for (const auto& set : desired.firewall->contents.sets) {
      sets.push_back(set.name);
    }
  }
  auto table = sinks.firewall.read(depth, sets);
  if (!table) {
    errors.push_back(std::move(table.error()).with_context("reading the firewall"));
    return std::nullopt;
  }
  return std::move(*table);
}

Dump<netlink::WgDevice> as_left(std::vector<Device> left, const Dump<netlink::Link>& links) {
  Dump<netlink::WgDevice> devices{.items = {}, .complete = links.complete};
  for (auto& device : left) {
    const auto link = std::ranges::find(links.items, device.name, &netlink::Link::name);
    if (link == links.items.end() || link->kind != kWireguardKind) {
      continue;
    }
    auto& there = devices.items.emplace_back(netlink::WgDevice{.name = device.name,
                                                               .public_key = device.public_key,
                                                               .listen_port = device.listen_port,
                                                               .fwmark = device.fwmark});
    there.peers.reserve(device.peers.size());
    for (auto& peer : device.peers) {
      there.peers.push_back({.key = peer.key, .allowed_ips = std::move(peer.allowed_ips)});
    }
  }
  return devices;
}

void read_around_devices(Sinks& sinks, const DesiredState& desired, firewall::Depth depth,
                         Reading& reading) {
  auto& state = reading.state;
  state.addresses = our_addresses(sinks, state.links, reading.errors);
  state.routes = to_dump(sinks.routes.routes(), "routes", reading.errors);
  state.rules = to_dump(sinks.routes.rules(), "rules", reading.errors);
  state.translators = our_translators(sinks, state.links, reading.errors);
  for (const auto& sysctl : desired.sysctls) {
    auto value = sinks.sysctls.read(sysctl.key);
    if (value) {
      state.sysctls.push_back({sysctl.key, std::move(*value)});
    } else if (value.error().kind != ErrorKind::NotFound) {
      reading.errors.push_back(std::move(value).error());
    }
  }
  state.firewall = our_table(sinks, desired, depth, reading.errors);
}

}  // namespace

Reading read_kernel(Sinks& sinks, const DesiredState& desired, firewall::Depth depth) {
  Reading reading;
  reading.state.links = our_links(sinks, reading.errors);
  reading.state.devices = our_devices(sinks, reading.state.links, reading.errors);
  read_around_devices(sinks, desired, depth, reading);
  return reading;
}

Reading read_all_but_devices(Sinks& sinks, const DesiredState& desired, std::vector<Device> left) {
  Reading reading;
  reading.state.links = our_links(sinks, reading.errors);
  reading.state.devices = as_left(std::move(left), reading.state.links);
  read_around_devices(sinks, desired, firewall::Depth::Digest, reading);
  return reading;
}

}  // namespace cw::router
