// SPDX-License-Identifier: Apache-2.0
#include <linux/fib_rules.h>

#include <fmt/format.h>

#include "netlink/codec/route_codec.h"
#include "netlink/codec/route_extra.h"

namespace cw::netlink {

namespace {

// FRA_SUPPRESS_PREFIXLEN of a rule that suppresses nothing: -1.
constexpr std::uint32_t kSuppressNothing = 0xffffffff;

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
