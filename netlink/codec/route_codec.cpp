// SPDX-License-Identifier: Apache-2.0
#include "netlink/codec/route_codec.h"

#include <algorithm>

#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <fmt/format.h>

namespace cw::netlink {

namespace {

// The metric the kernel gives an IPv6 route that was added without one (linux/ipv6_route.h).
constexpr std::uint32_t kIpv6DefaultMetric = 1024;
// FRA_SUPPRESS_PREFIXLEN of a rule that suppresses nothing: -1.
constexpr std::uint32_t kSuppressNothing = 0xffffffff;

// Some VPNs take the default route in two halves, 0.0.0.0/1 and 128.0.0.0/1.
constexpr std::uint8_t kDefaultInHalves = 1;

std::optional<net::Family> family_of(std::uint8_t family) {
  switch (family) {
    case AF_INET:
      return net::Family::V4;
    case AF_INET6:
      return net::Family::V6;
    default:
      return std::nullopt;
  }
}

net::Ip any_of(net::Family family) {
  return family == net::Family::V4 ? net::Ip::v4(0) : net::Ip::v6({});
}

bool all_zero(Bytes bytes) {
  return std::ranges::all_of(bytes, [](auto byte) { return byte == 0; });
}

// Collects what a value cannot express.
class Extra {
 public:
  void add(std::string what) { text_ += (text_.empty() ? "" : ", ") + std::move(what); }

  void add_if(bool there, const char* what) {
    if (there) {
      add(what);
    }
  }

  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

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

void add_rule_attribute(const Attribute& attribute, Extra& extra) {
  // The one kind whose zero says something: no default route.
  if (attribute.type == FRA_SUPPRESS_PREFIXLEN || attribute.type == FRA_SUPPRESS_IFGROUP) {
    extra.add_if(attribute.as<std::uint32_t>() != kSuppressNothing, "suppressor");
    return;
  }
  if (all_zero(attribute.payload)) {
    return;
  }
  switch (attribute.type) {
    case FRA_PROTOCOL:
      return;  // who wrote it: whatever stands at one of our priorities is ours
    case FRA_SRC:
      extra.add("from");
      return;
    case FRA_OIFNAME:
      extra.add("oif");
      return;
    case FRA_UID_RANGE:
      extra.add("uidrange");
      return;
    case FRA_IP_PROTO:
      extra.add("ipproto");
      return;
    case FRA_SPORT_RANGE:
    case FRA_DPORT_RANGE:
      extra.add("port range");
      return;
    case FRA_GOTO:
      extra.add("goto");
      return;
    case FRA_L3MDEV:
      extra.add("l3mdev");
      return;
    default:
      extra.add(fmt::format("attribute {}", attribute.type));
  }
}

// What only rules of gates have.
bool add_gate_attribute(const Attribute& attribute, Rule& rule) {
  if (attribute.type == FRA_IP_PROTO) {
    rule.ip_protocol = attribute.as<std::uint8_t>().value_or(0);
    return true;
  }
  const auto ports = front<fib_rule_port_range>(attribute.payload);
  if (attribute.type != FRA_SPORT_RANGE || !ports || ports->start != ports->end) {
    return false;
  }
  rule.source_port = ports->start;
  return true;
}

bool is_ours(const Rule& rule, std::uint8_t protocol, const Ownership& ownership) {
  if (rule.priority > ownership.last_priority) {
    return false;
  }
  return rule.priority >= ownership.first_priority ||
         (ownership.gate_protocol != 0 && rule.priority >= ownership.gate_priority &&
          (protocol == ownership.protocol || protocol == ownership.gate_protocol));
}

void set_action(Rule& rule, std::uint8_t action, Extra& extra) {
  switch (action) {
    case FR_ACT_TO_TBL:
      rule.action = RuleAction::Lookup;
      return;
    case FR_ACT_PROHIBIT:
      rule.action = RuleAction::Prohibit;
      return;
    case FR_ACT_BLACKHOLE:
      rule.action = RuleAction::Blackhole;
      return;
    case FR_ACT_UNREACHABLE:
      rule.action = RuleAction::Unreachable;
      return;
    default:
      extra.add(fmt::format("action {}", action));
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

std::optional<Rule> decode_rule(const Message& message, const Ownership& ownership) {
  const auto header = front<fib_rule_hdr>(message.payload);
  const auto family = header ? family_of(header->family) : std::nullopt;
  if (!family) {
    return std::nullopt;
  }
  Rule rule;
  rule.family = *family;
  rule.table = header->table;
  Extra extra;
  extra.add_if((header->flags & FIB_RULE_INVERT) != 0, "not");
  extra.add_if(header->tos != 0, "tos");
  set_action(rule, header->action, extra);
  Mark mark;
  Attributes attributes(message.payload, sizeof *header);
  const auto writer = attributes.find(FRA_PROTOCOL);
  const auto protocol =
      writer ? writer->as<std::uint8_t>().value_or(std::uint8_t{0}) : std::uint8_t{0};
  if (protocol == ownership.gate_protocol) {
    rule.gate_protocol = protocol;
  }
  while (const auto attribute = attributes.next()) {
    switch (attribute->type) {
      case FRA_PRIORITY:
        rule.priority = attribute->as<std::uint32_t>().value_or(0);
        break;
      case FRA_IIFNAME:
        rule.iif = attribute->text();
        break;
      case FRA_DST:
        if (const auto ip = net::Ip::from_bytes(attribute->payload)) {
          rule.destination = net::Prefix::of(*ip, header->dst_len);
        }
        break;
      case FRA_FWMARK:
        mark.value = attribute->as<std::uint32_t>().value_or(0);
        break;
      case FRA_FWMASK:
        mark.mask = attribute->as<std::uint32_t>().value_or(0);
        break;
      case FRA_TABLE:
        rule.table = attribute->as<std::uint32_t>().value_or(0);
        break;
      default:
        if (rule.gate_protocol == 0 || !add_gate_attribute(*attribute, rule)) {
          add_rule_attribute(*attribute, extra);
        }
    }
  }
  if (attributes.malformed() || !is_ours(rule, protocol, ownership)) {
    return std::nullopt;
  }
  if (mark != Mark{}) {
    rule.mark = mark;
  }
  if (rule.action != RuleAction::Lookup) {
    rule.table = 0;
  }
  rule.extra = extra.take();
  return rule;
}

}  // namespace cw::netlink
