// SPDX-License-Identifier: Apache-2.0
#include "netlink/socket/route_request.h"

#include <cstddef>
#include <memory>

#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/addr.h>
#include <netlink/msg.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <netlink/route/rule.h>

#include <fmt/format.h>

namespace cw::netlink {

namespace {

template <auto release>
struct Release {
  template <class T>
  void operator()(T* object) const {
    release(object);
  }
};

template <class T, auto release>
using Owned = std::unique_ptr<T, Release<release>>;

using OwnedLink = Owned<rtnl_link, rtnl_link_put>;
using OwnedAddress = Owned<rtnl_addr, rtnl_addr_put>;
using OwnedRoute = Owned<rtnl_route, rtnl_route_put>;
using OwnedRule = Owned<rtnl_rule, rtnl_rule_put>;
using OwnedNlAddress = Owned<nl_addr, nl_addr_put>;

int family_of(net::Family family) {
  return family == net::Family::V4 ? AF_INET : AF_INET6;
}

Error out_of_memory() {
  return Error::from_errno(ENOMEM, "cannot build a netlink request");
}

// libnl refuses only what it cannot express, and we give it nothing of that kind.
Result<> built(int code) {
  if (code < 0) {
    return Error::make(ErrorKind::Bug,
                       fmt::format("libnl cannot build a request: {}", nl_geterror(code)));
  }
  return {};
}

// Takes over `message`.
Result<Request> bytes_of(int code, nl_msg* message) {
  CW_TRY(built(code));
  const Owned<nl_msg, nlmsg_free> owned(message);
  auto* header = nlmsg_hdr(message);
  header->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(header);
  return Request(bytes, bytes + header->nlmsg_len);
}

Result<OwnedNlAddress> nl_address(const net::Ip& ip, std::uint8_t length) {
  const auto bytes = ip.bytes();
  OwnedNlAddress address(nl_addr_build(family_of(ip.family()), bytes.data(), bytes.size()));
  if (!address) {
    return out_of_memory();
  }
  nl_addr_set_prefixlen(address.get(), length);
  return address;
}

Result<OwnedLink> new_link() {
  OwnedLink link(rtnl_link_alloc());
  if (!link) {
    return out_of_memory();
  }
  return link;
}

Result<Request> change_link(int index, rtnl_link* changes) {
  const auto original = CW_TRY(new_link());
  rtnl_link_set_ifindex(original.get(), index);
  nl_msg* message = nullptr;
  const int code = rtnl_link_build_change_request(original.get(), changes, 0, &message);
  return bytes_of(code, message);
}

std::uint8_t kernel_type(RouteType type) {
  switch (type) {
    case RouteType::Unicast:
      return RTN_UNICAST;
    case RouteType::Unreachable:
      return RTN_UNREACHABLE;
    case RouteType::Blackhole:
      return RTN_BLACKHOLE;
  }
  return RTN_UNSPEC;
}

std::uint8_t kernel_action(RuleAction action) {
  switch (action) {
    case RuleAction::Lookup:
      return FR_ACT_TO_TBL;
    case RuleAction::Prohibit:
      return FR_ACT_PROHIBIT;
    case RuleAction::Blackhole:
      return FR_ACT_BLACKHOLE;
    case RuleAction::Unreachable:
      return FR_ACT_UNREACHABLE;
  }
  return FR_ACT_UNSPEC;
}

}  // namespace

Result<Request> new_wireguard(const std::string& device, std::uint32_t mtu) {
  const auto link = CW_TRY(new_link());
  rtnl_link_set_name(link.get(), device.c_str());
  rtnl_link_set_mtu(link.get(), mtu);
  CW_TRY(built(rtnl_link_set_type(link.get(), "wireguard")));
  nl_msg* message = nullptr;
  const int code = rtnl_link_build_add_request(link.get(), NLM_F_CREATE | NLM_F_EXCL, &message);
  return bytes_of(code, message);
}

Result<Request> change_mtu(int index, std::uint32_t mtu) {
  const auto changes = CW_TRY(new_link());
  rtnl_link_set_mtu(changes.get(), mtu);
  return change_link(index, changes.get());
}

Result<Request> change_to_up(int index) {
  const auto changes = CW_TRY(new_link());
  rtnl_link_set_flags(changes.get(), IFF_UP);
  return change_link(index, changes.get());
}

Result<Request> delete_link(const std::string& device) {
  const auto link = CW_TRY(new_link());
  rtnl_link_set_name(link.get(), device.c_str());
  nl_msg* message = nullptr;
  const int code = rtnl_link_build_delete_request(link.get(), &message);
  return bytes_of(code, message);
}

Result<Request> new_address(const Address& address, int index) {
  const OwnedAddress out(rtnl_addr_alloc());
  if (!out) {
    return out_of_memory();
  }
  const auto local = CW_TRY(nl_address(address.prefix.address(), address.prefix.length()));
  rtnl_addr_set_ifindex(out.get(), index);
  CW_TRY(built(rtnl_addr_set_local(out.get(), local.get())));
  rtnl_addr_set_flags(out.get(), IFA_F_NOPREFIXROUTE);
  nl_msg* message = nullptr;
  const int code = rtnl_addr_build_add_request(out.get(), NLM_F_CREATE | NLM_F_EXCL, &message);
  return bytes_of(code, message);
}

Result<Request> new_route(const Route& route, int index, const Ownership& ownership) {
  const OwnedRoute out(rtnl_route_alloc());
  if (!out) {
    return out_of_memory();
  }
  const auto destination =
      CW_TRY(nl_address(route.destination.address(), route.destination.length()));
  CW_TRY(built(rtnl_route_set_dst(out.get(), destination.get())));
  rtnl_route_set_table(out.get(), ownership.table);
  rtnl_route_set_protocol(out.get(), ownership.protocol);
  CW_TRY(built(rtnl_route_set_type(out.get(), kernel_type(route.type))));
  const bool unicast = route.type == RouteType::Unicast;
  rtnl_route_set_scope(out.get(),
                       unicast && route.destination.is_v4() ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE);
  if (route.preferred_source) {
    const auto source =
        CW_TRY(nl_address(*route.preferred_source, net::bits(route.preferred_source->family())));
    CW_TRY(built(rtnl_route_set_pref_src(out.get(), source.get())));
  }
  if (route.mtu != 0) {
    CW_TRY(built(rtnl_route_set_metric(out.get(), RTAX_MTU, route.mtu)));
  }
  if (unicast) {
    auto* hop = rtnl_route_nh_alloc();
    if (hop == nullptr) {
      return out_of_memory();
    }
    rtnl_route_nh_set_ifindex(hop, index);
    rtnl_route_add_nexthop(out.get(), hop);  // takes it over
  }
  nl_msg* message = nullptr;
  const int code = rtnl_route_build_add_request(out.get(), NLM_F_CREATE | NLM_F_REPLACE, &message);
  return bytes_of(code, message);
}

Result<Request> new_rule(const Rule& rule, const Ownership& ownership) {
  const OwnedRule out(rtnl_rule_alloc());
  if (!out) {
    return out_of_memory();
  }
  rtnl_rule_set_family(out.get(), family_of(rule.family));
  rtnl_rule_set_prio(out.get(), rule.priority);
  rtnl_rule_set_action(out.get(), kernel_action(rule.action));
  CW_TRY(built(rtnl_rule_set_protocol(
      out.get(), rule.gate_protocol != 0 ? rule.gate_protocol : ownership.protocol)));
  if (rule.ip_protocol != 0) {
    CW_TRY(built(rtnl_rule_set_ipproto(out.get(), rule.ip_protocol)));
  }
  if (rule.source_port != 0) {
    CW_TRY(built(rtnl_rule_set_sport(out.get(), rule.source_port)));
  }
  if (rule.action == RuleAction::Lookup) {
    rtnl_rule_set_table(out.get(), rule.table);
  }
  if (!rule.iif.empty()) {
    CW_TRY(built(rtnl_rule_set_iif(out.get(), rule.iif.c_str())));
  }
  if (rule.destination) {
    const auto destination =
        CW_TRY(nl_address(rule.destination->address(), rule.destination->length()));
    CW_TRY(built(rtnl_rule_set_dst(out.get(), destination.get())));
  }
  if (rule.mark) {
    rtnl_rule_set_mark(out.get(), rule.mark->value);
    rtnl_rule_set_mask(out.get(), rule.mark->mask);
  }
  nl_msg* message = nullptr;
  const int code = rtnl_rule_build_add_request(out.get(), NLM_F_CREATE | NLM_F_EXCL, &message);
  return bytes_of(code, message);
}

}  // namespace cw::netlink
