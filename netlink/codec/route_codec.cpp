// SPDX-License-Identifier: Apache-2.0
#include "netlink/codec/route_codec.h"

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <fmt/format.h>

#include "netlink/codec/route_extra.h"

namespace cw::netlink {

namespace {

// The metric the kernel gives an IPv6 route that was added without one (linux/ipv6_route.h).
constexpr std::uint32_t kIpv6DefaultMetric = 1024;

// Some VPNs take the default route in two halves, 0.0.0.0/1 and 128.0.0.0/1.
constexpr std::uint8_t kDefaultInHalves = 1;

net::Ip any_of(net::Family family) {
  return family == net::Family::V4 ? net::Ip::v4(0) : net::Ip::v6({});
}

std::string kind_of(const Attribute& link_info) {
  const auto kind = Attributes(link_info.payload).find(IFLA_INFO_KIND);
  return kind ? std::string(kind->text()) : std::string();
}

std::optional<net::Prefix> prefix_of(const Attribute& attribute, std::uint8_t length) {
  const auto ip = net::Ip::from_bytes(attribute.payload);
  if (!ip || length > net::bits(ip->family())) {
    return std::nullopt;
  }
  return net::Prefix::of(*ip, length);
}

void add_route_attribute(const Attribute& attribute, net::Family family, Extra& extra) {
  switch (attribute.type) {
    case RTA_PRIORITY: {
      const auto metric = attribute.as<std::uint32_t>().value_or(0);
      if (metric != (family == net::Family::V6 ? kIpv6DefaultMetric : 0)) {
        extra.add(fmt::format("metric {}", metric));
      }
      return;
    }
    case RTA_CACHEINFO:
      return;  // counters, no property
    case RTA_PREF:
      extra.add_if(!all_zero(attribute.payload), "router preference");
      return;
    case RTA_GATEWAY:
    case RTA_VIA:
      extra.add("gateway");
      return;
    case RTA_MULTIPATH:
      extra.add("multipath");
      return;
    case RTA_SRC:
      extra.add("source prefix");
      return;
    default:
      // A kernel newer than this code may show properties of its own with every route; one that
      // is zero is a default.
      if (!all_zero(attribute.payload)) {
        extra.add(fmt::format("attribute {}", attribute.type));
      }
  }
}

// The MTU; every other metric that is not zero is one too many.
std::uint32_t mtu_of(const Attribute& metrics, Extra& extra) {
  std::uint32_t mtu = 0;
  Attributes each(metrics.payload);
  while (const auto metric = each.next()) {
    if (metric->type == RTAX_MTU) {
      mtu = metric->as<std::uint32_t>().value_or(0);
    } else if (!all_zero(metric->payload)) {
      extra.add(fmt::format("metric of kind {}", metric->type));
    }
  }
  extra.add_if(each.malformed(), "metrics");
  return mtu;
}

std::optional<RouteType> route_type(std::uint8_t type) {
  switch (type) {
    case RTN_UNICAST:
      return RouteType::Unicast;
    case RTN_UNREACHABLE:
      return RouteType::Unreachable;
    case RTN_BLACKHOLE:
      return RouteType::Blackhole;
    default:
      return std::nullopt;
  }
}

}  // namespace

bool is_ours(const std::string& device, const Ownership& ownership) {
  return !device.empty() && device.starts_with(ownership.device_prefix);
}

std::optional<Link> decode_link(const Message& message) {
  const auto header = front<ifinfomsg>(message.payload);
  if (!header) {
    return std::nullopt;
  }
  Link link{.index = header->ifi_index,
            .name = {},
            .kind = {},
            .mtu = 0,
            .up = (header->ifi_flags & IFF_UP) != 0};
  Attributes attributes(message.payload, sizeof *header);
  while (const auto attribute = attributes.next()) {
    if (attribute->type == IFLA_IFNAME) {
      link.name = attribute->text();
    } else if (attribute->type == IFLA_MTU) {
      link.mtu = attribute->as<std::uint32_t>().value_or(0);
    } else if (attribute->type == IFLA_LINKINFO) {
      link.kind = kind_of(*attribute);
    }
  }
  if (attributes.malformed() || link.name.empty()) {
    return std::nullopt;
  }
  return link;
}

namespace {

struct DeviceAddress {
  std::string device;
  net::Ip ip;
  std::uint8_t length = 0;
};

std::optional<DeviceAddress> device_address(const Message& message, const DeviceName& name) {
  const auto header = front<ifaddrmsg>(message.payload);
  if (!header || !family_of(header->ifa_family)) {
    return std::nullopt;
  }
  // IFA_ADDRESS is the far end where there is one; the device's own is then in IFA_LOCAL.
  const Attributes attributes(message.payload, sizeof *header);
  auto own = attributes.find(IFA_LOCAL);
  if (!own) {
    own = attributes.find(IFA_ADDRESS);
  }
  if (!own) {
    return std::nullopt;
  }
  const auto ip = net::Ip::from_bytes(own->payload);
  if (!ip || header->ifa_prefixlen > net::bits(ip->family())) {
    return std::nullopt;
  }
  return DeviceAddress{.device = name(static_cast<int>(header->ifa_index)),
                       .ip = *ip,
                       .length = header->ifa_prefixlen};
}

}  // namespace

std::optional<Address> decode_address(const Message& message, const Ownership& ownership,
                                      const DeviceName& name) {
  const auto found = device_address(message, name);
  if (!found || !is_ours(found->device, ownership)) {
    return std::nullopt;
  }
  return Address{.device = found->device, .prefix = net::Prefix::of(found->ip, found->length)};
}

std::optional<HostPrefix> decode_host_address(const Message& message, const Ownership& ownership,
                                              const DeviceName& name) {
  const auto found = device_address(message, name);
  if (!found || is_ours(found->device, ownership)) {
    return std::nullopt;
  }
  // The rest of its network is a route.
  return HostPrefix{
      .prefix = net::Prefix::host(found->ip), .device = found->device, .route = false};
}

std::optional<HostPrefix> decode_host_route(const Message& message, const Ownership& ownership,
                                            const DeviceName& name) {
  const auto header = front<rtmsg>(message.payload);
  if (!header || !family_of(header->rtm_family) || header->rtm_type != RTN_UNICAST ||
      header->rtm_protocol == ownership.protocol || header->rtm_dst_len <= kDefaultInHalves ||
      (header->rtm_flags & RTM_F_CLONED) != 0) {
    return std::nullopt;
  }
  HostPrefix found{.prefix = {}, .device = {}, .route = true};
  std::uint32_t table = header->rtm_table;
  bool somewhere = false;
  Attributes attributes(message.payload, sizeof *header);
  while (const auto attribute = attributes.next()) {
    if (attribute->type == RTA_TABLE) {
      table = attribute->as<std::uint32_t>().value_or(0);
    } else if (attribute->type == RTA_OIF) {
      found.device = name(attribute->as<int>().value_or(0));
    } else if (attribute->type == RTA_DST) {
      const auto prefix = prefix_of(*attribute, header->rtm_dst_len);
      somewhere = prefix.has_value();
      found.prefix = prefix.value_or(net::Prefix());
    }
  }
  if (attributes.malformed() || !somewhere || table == RT_TABLE_LOCAL ||
      is_ours(found.device, ownership)) {
    return std::nullopt;
  }
  return found;
}

std::optional<Route> decode_route(const Message& message, const Ownership& ownership,
                                  const DeviceName& name) {
  const auto header = front<rtmsg>(message.payload);
  const auto family = header ? family_of(header->rtm_family) : std::nullopt;
  if (!family || header->rtm_protocol != ownership.protocol ||
      (header->rtm_flags & RTM_F_CLONED) != 0) {
    return std::nullopt;
  }
  Extra extra;
  Route route{.destination = net::Prefix::of(any_of(*family), 0),
              .type = RouteType::Unicast,
              .device = {},
              .preferred_source = {},
              .mtu = 0,
              .extra = {}};
  if (const auto type = route_type(header->rtm_type)) {
    route.type = *type;
  } else {
    extra.add(fmt::format("type {}", header->rtm_type));
  }
  extra.add_if(header->rtm_tos != 0, "tos");
  // IPv6 has no scopes of routes, and a route that goes nowhere has none worth the name.
  extra.add_if(family == net::Family::V4 && header->rtm_type == RTN_UNICAST &&
                   header->rtm_scope != RT_SCOPE_LINK,
               "scope");
  std::uint32_t table = header->rtm_table;
  Attributes attributes(message.payload, sizeof *header);
  while (const auto attribute = attributes.next()) {
    switch (attribute->type) {
      case RTA_TABLE:
        table = attribute->as<std::uint32_t>().value_or(0);
        break;
      case RTA_DST: {
        const auto prefix = prefix_of(*attribute, header->rtm_dst_len);
        if (!prefix) {
          return std::nullopt;
        }
        route.destination = *prefix;
        break;
      }
      case RTA_OIF:
        // IPv6 shows `lo` for a route that goes nowhere.
        if (route.type == RouteType::Unicast) {
          route.device = name(attribute->as<int>().value_or(0));
        }
        break;
      case RTA_PREFSRC:
        if (const auto ip = net::Ip::from_bytes(attribute->payload)) {
          route.preferred_source = *ip;
        }
        break;
      case RTA_METRICS:
        route.mtu = mtu_of(*attribute, extra);
        break;
      default:
        add_route_attribute(*attribute, *family, extra);
    }
  }
  if (attributes.malformed() || table != ownership.table) {
    return std::nullopt;
  }
  route.extra = extra.take();
  return route;
}

}  // namespace cw::netlink
