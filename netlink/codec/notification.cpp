// SPDX-License-Identifier: Apache-2.0
#include "netlink/codec/notification.h"

#include <algorithm>
#include <utility>

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/netconf.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>

namespace cw::netlink {

namespace {

// NFTA_CHAIN_TABLE, NFTA_RULE_TABLE, NFTA_SET_TABLE and so on: the table's name has this number in
// every object.
constexpr std::uint16_t kAnyTableName = NFTA_TABLE_NAME;
static_assert(NFTA_CHAIN_TABLE == kAnyTableName && NFTA_RULE_TABLE == kAnyTableName &&
              NFTA_SET_TABLE == kAnyTableName && NFTA_SET_ELEM_LIST_TABLE == kAnyTableName &&
              NFTA_OBJ_TABLE == kAnyTableName && NFTA_FLOWTABLE_TABLE == kAnyTableName);

std::optional<Notification> link(const Message& message) {
  const auto link = decode_link(message);
  if (!link) {
    return std::nullopt;
  }
  return Notification{.what = What::Link, .name = link->name};
}

std::optional<Notification> address(const Message& message, const DeviceName& name) {
  const auto header = front<ifaddrmsg>(message.payload);
  if (!header) {
    return std::nullopt;
  }
  return Notification{.what = What::Address, .name = name(static_cast<int>(header->ifa_index))};
}

std::optional<Notification> route(const Message& message) {
  const auto header = front<rtmsg>(message.payload);
  if (!header) {
    return std::nullopt;
  }
  std::uint32_t table = header->rtm_table;
  if (const auto wide = Attributes(message.payload, sizeof *header).find(RTA_TABLE)) {
    table = wide->as<std::uint32_t>().value_or(table);
  }
  return Notification{.what = What::Route, .name = {}, .number = table};
}

std::optional<Notification> rule(const Message& message) {
  const auto header = front<fib_rule_hdr>(message.payload);
  if (!header) {
    return std::nullopt;
  }
  const auto priority = Attributes(message.payload, sizeof *header).find(FRA_PRIORITY);
  return Notification{.what = What::Rule,
                      .name = {},
                      .number = priority ? priority->as<std::uint32_t>().value_or(0) : 0};
}

std::optional<Notification> filter(const Message& message, const DeviceName& name) {
  const auto header = front<tcmsg>(message.payload);
  if (!header) {
    return std::nullopt;
  }
  return Notification{.what = What::Filter, .name = name(header->tcm_ifindex)};
}

std::optional<Notification> netconf(const Message& message, const DeviceName& name) {
  const Attributes attributes(message.payload, sizeof(netconfmsg));
  const auto device = attributes.find(NETCONFA_IFINDEX);
  if (!device || (!attributes.find(NETCONFA_FORWARDING) && !attributes.find(NETCONFA_RP_FILTER))) {
    return std::nullopt;
  }
  Notification notification{.what = What::Netconf};
  const auto index = device->as<int>().value_or(0);
  if (index == NETCONFA_IFINDEX_ALL) {
    notification.name = "all";
  } else if (index == NETCONFA_IFINDEX_DEFAULT) {
    notification.name = "default";
  } else {
    notification.name = name(index);
  }
  return notification;
}

std::optional<Notification> decode_foreign(const Message& message, const DeviceName& name) {
  switch (message.header.nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return link(message);
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return address(message, name);
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      return route(message);
    case RTM_NEWRULE:
    case RTM_DELRULE:
      return rule(message);
    case RTM_NEWTFILTER:
    case RTM_DELTFILTER:
    case RTM_DELQDISC:  // and all filters with it
      return filter(message, name);
    case RTM_NEWNETCONF:
      return netconf(message, name);
    default:
      return std::nullopt;
  }
}

}  // namespace

bool concerns(const Notification& notification, const Interest& interest) {
  if (notification.origin == Origin::Own) {
    return false;
  }
  const auto& ours = interest.ownership;
  const auto site_device = [&] {
    return std::ranges::find(interest.site_devices, notification.name) !=
           interest.site_devices.end();
  };
  switch (notification.what) {
    case What::Link:
      return is_ours(notification.name, ours) || site_device();
    case What::Address:
    case What::Filter:
      // A device that has no name any more has been announced as a link, too.
      return is_ours(notification.name, ours);
    case What::Route:
      return notification.number == ours.table;
    case What::Rule:
      return notification.number >= ours.first_priority &&
             notification.number <= ours.last_priority;
    case What::Netconf:
      return notification.name == "all" || notification.name == "default" ||
             is_ours(notification.name, ours) || site_device();
    case What::Table:
      return notification.name == interest.nft_table;
    case What::Overflow:
      return true;
  }
  return true;
}

std::optional<Notification> decode_route_notification(const Message& message,
                                                      const std::vector<std::uint32_t>& own_ports,
                                                      const DeviceName& name) {
  auto notification = decode_foreign(message, name);
  // Port 0 is the kernel itself, and no socket has it.
  if (notification && std::ranges::find(own_ports, message.header.nlmsg_pid) != own_ports.end()) {
    notification->origin = Origin::Own;
  }
  return notification;
}

void LinkNames::learn(int index, const std::string& name) {
  if (is_ours(name, ownership_)) {
    names_.insert_or_assign(index, name);
  }
}

std::optional<std::string> LinkNames::renamed(const Message& message) {
  const auto type = message.header.nlmsg_type;
  const auto link =
      type == RTM_NEWLINK || type == RTM_DELLINK ? decode_link(message) : std::nullopt;
  if (!link) {
    return std::nullopt;
  }
  const auto known = names_.find(link->index);
  std::optional<std::string> before;
  if (known != names_.end() && known->second != link->name) {
    before = known->second;
  }
  if (known != names_.end() && (before || type == RTM_DELLINK)) {
    names_.erase(known);
  }
  if (type == RTM_NEWLINK) {
    learn(link->index, link->name);
  }
  return before;
}

std::optional<Notification> NftTransactions::take(const Message& message) {
  const auto type = message.header.nlmsg_type;
  const auto header = front<nfgenmsg>(message.payload);
  if (!header || NFNL_SUBSYS_ID(type) != NFNL_SUBSYS_NFTABLES) {
    return std::nullopt;
  }
  const Attributes attributes(message.payload, sizeof *header);
  if (NFNL_MSG_TYPE(type) != NFT_MSG_NEWGEN) {
    const auto table = attributes.find(kAnyTableName);
    touched_ =
        touched_ || (table && header->nfgen_family == NFPROTO_INET && table->text() == table_);
    return std::nullopt;
  }
  if (!std::exchange(touched_, false)) {
    return std::nullopt;
  }
  const auto process = attributes.find(NFTA_GEN_PROC_PID);
  const bool own = process && process->as_big<std::uint32_t>() == own_process_;
  return Notification{
      .what = What::Table, .origin = own ? Origin::Own : Origin::Foreign, .name = table_};
}

}  // namespace cw::netlink
