// SPDX-License-Identifier: Apache-2.0
#include "firewall/codec/request.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>

namespace cw::firewall {

namespace {

using netlink::Attributes;
using netlink::MessageWriter;

// Attribute number of the table's name in every kind of object.
constexpr std::uint16_t kTableName = NFTA_TABLE_NAME;

MessageWriter request(int type, std::uint8_t family, bool dump) {
  MessageWriter out(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type),
                    static_cast<std::uint16_t>(NLM_F_REQUEST | (dump ? NLM_F_DUMP : NLM_F_ACK)));
  nfgenmsg header{};
  header.nfgen_family = family;
  header.version = NFNETLINK_V0;
  out.header(header);
  return out;
}

std::vector<std::uint8_t> list_of_table(int type, std::uint16_t attribute,
                                        const std::string& table) {
  auto out = request(type, NFPROTO_INET, true);
  out.text(attribute, table);
  return out.take();
}

const char* family_name(std::uint8_t family) {
  switch (family) {
    case NFPROTO_IPV4:
      return "ip";
    case NFPROTO_IPV6:
      return "ip6";
    case NFPROTO_INET:
      return "inet";
    default:
      return nullptr;
  }
}

std::uint8_t family_number(const std::string& name) {
  for (const auto family : {NFPROTO_IPV4, NFPROTO_IPV6, NFPROTO_INET}) {
    if (name == family_name(static_cast<std::uint8_t>(family))) {
      return static_cast<std::uint8_t>(family);
    }
  }
  return NFPROTO_UNSPEC;
}

// Expressions that let every packet go on to the next one.
bool passes_all(std::string_view expression) {
  return expression == "counter" || expression == "log" || expression == "last";
}

bool is_drop(const netlink::Attribute& data) {
  const auto value = Attributes(data.payload).find(NFTA_IMMEDIATE_DATA);
  const auto verdict = value ? Attributes(value->payload).find(NFTA_DATA_VERDICT) : std::nullopt;
  const auto code = verdict ? Attributes(verdict->payload).find(NFTA_VERDICT_CODE) : std::nullopt;
  return code && code->as_big<std::uint32_t>() == std::uint32_t{NF_DROP};
}

// What iptables writes and nft has no word for.
bool is_reject_target(const netlink::Attribute& data) {
  const auto name = Attributes(data.payload).find(NFTA_TARGET_NAME);
  return name && name->text() == "REJECT";
}

const char* hook_name(std::uint32_t hook) {
  switch (hook) {
    case NF_INET_LOCAL_IN:
      return "input";
    case NF_INET_FORWARD:
      return "forward";
    default:
      return nullptr;
  }
}

}  // namespace

std::vector<std::uint8_t> get_table(const std::string& table) {
  auto out = request(NFT_MSG_GETTABLE, NFPROTO_INET, false);
  out.text(NFTA_TABLE_NAME, table);
  return out.take();
}

std::vector<std::uint8_t> get_set(const std::string& table, const std::string& set) {
  auto out = request(NFT_MSG_GETSET, NFPROTO_INET, false);
  out.text(NFTA_SET_TABLE, table);
  out.text(NFTA_SET_NAME, set);
  return out.take();
}

std::vector<std::uint8_t> list_elements(const std::string& table, const std::string& set) {
  auto out = request(NFT_MSG_GETSETELEM, NFPROTO_INET, true);
  out.text(NFTA_SET_ELEM_LIST_TABLE, table);
  out.text(NFTA_SET_ELEM_LIST_SET, set);
  return out.take();
}

std::vector<std::uint8_t> list_chains() {
  return request(NFT_MSG_GETCHAIN, NFPROTO_UNSPEC, true).take();
}

std::vector<std::uint8_t> list_rules(const std::string& table) {
  return list_of_table(NFT_MSG_GETRULE, NFTA_RULE_TABLE, table);
}

std::vector<std::uint8_t> list_sets(const std::string& table) {
  return list_of_table(NFT_MSG_GETSET, NFTA_SET_TABLE, table);
}

std::vector<std::uint8_t> list_objects(const std::string& table) {
  return list_of_table(NFT_MSG_GETOBJ, NFTA_OBJ_TABLE, table);
}

std::vector<std::uint8_t> list_flowtables(const std::string& table) {
  return list_of_table(NFT_MSG_GETFLOWTABLE, NFTA_FLOWTABLE_TABLE, table);
}

std::vector<std::uint8_t> list_counters(const std::string& table) {
  auto out = request(NFT_MSG_GETOBJ, NFPROTO_INET, true);
  out.text(NFTA_OBJ_TABLE, table);
  out.number(NFTA_OBJ_TYPE, std::uint32_t{htonl(NFT_OBJECT_COUNTER)});
  return out.take();
}

std::optional<Attributes> attributes_of(const netlink::Message& message, const std::string& table) {
  const auto header = netlink::front<nfgenmsg>(message.payload);
  if (!header || header->nfgen_family != NFPROTO_INET) {
    return std::nullopt;
  }
  const Attributes attributes(message.payload, sizeof *header);
  const auto owner = attributes.find(kTableName);
  return owner && owner->text() == table ? std::optional(attributes) : std::nullopt;
}

std::vector<std::string> decode_flowtable_devices(const netlink::Message& message,
                                                  const std::string& table) {
  std::vector<std::string> devices;
  const auto attributes = attributes_of(message, table);
  if (!attributes || NFNL_MSG_TYPE(message.header.nlmsg_type) != NFT_MSG_NEWFLOWTABLE) {
    return devices;
  }
  const auto hook = attributes->find(NFTA_FLOWTABLE_HOOK);
  const auto list = hook ? Attributes(hook->payload).find(NFTA_FLOWTABLE_HOOK_DEVS) : std::nullopt;
  if (list) {
    Attributes names(list->payload);
    while (const auto name = names.next()) {
      devices.emplace_back(name->text());
    }
  }
  return devices;
}

std::optional<Counter> decode_counter(const netlink::Message& message, const std::string& table) {
  const auto attributes = attributes_of(message, table);
  if (!attributes || NFNL_MSG_TYPE(message.header.nlmsg_type) != NFT_MSG_NEWOBJ) {
    return std::nullopt;
  }
  const auto name = attributes->find(NFTA_OBJ_NAME);
  const auto type = attributes->find(NFTA_OBJ_TYPE);
  const auto data = attributes->find(NFTA_OBJ_DATA);
  if (!name || !data || !type ||
      type->as_big<std::uint32_t>() != std::uint32_t{NFT_OBJECT_COUNTER}) {
    return std::nullopt;
  }
  const Attributes counted(data->payload);
  const auto number = [&counted](std::uint16_t which) {
    const auto attribute = counted.find(which);
    return attribute ? attribute->as_big<std::uint64_t>() : std::nullopt;
  };
  const auto packets = number(NFTA_COUNTER_PACKETS);
  const auto bytes = number(NFTA_COUNTER_BYTES);
  if (!packets || !bytes) {
    return std::nullopt;
  }
  return Counter{.name = std::string(name->text()), .packets = *packets, .bytes = *bytes};
}

std::vector<std::uint8_t> get_generation() {
  return request(NFT_MSG_GETGEN, NFPROTO_UNSPEC, false).take();
}

std::optional<std::uint32_t> decode_generation(const netlink::Message& message) {
  const auto number = Attributes(message.payload, sizeof(nfgenmsg)).find(NFTA_GEN_ID);
  return number ? number->as_big<std::uint32_t>() : std::nullopt;
}

std::optional<ForeignChain> decode_foreign_chain(const netlink::Message& message) {
  const auto header = netlink::front<nfgenmsg>(message.payload);
  if (!header) {
    return std::nullopt;
  }
  const Attributes attributes(message.payload, sizeof *header);
  const auto* family = family_name(header->nfgen_family);
  const auto table = attributes.find(NFTA_CHAIN_TABLE);
  const auto name = attributes.find(NFTA_CHAIN_NAME);
  const auto hook = attributes.find(NFTA_CHAIN_HOOK);  // base chains only
  if (family == nullptr || !table || !name || !hook ||
      (header->nfgen_family == NFPROTO_INET && table->text() == kTable)) {
    return std::nullopt;
  }
  const auto number = Attributes(hook->payload).find(NFTA_HOOK_HOOKNUM);
  const auto* hook_text =
      number ? hook_name(number->as_big<std::uint32_t>().value_or(~0U)) : nullptr;
  if (hook_text == nullptr) {
    return std::nullopt;
  }
  const auto policy = attributes.find(NFTA_CHAIN_POLICY);
  return ForeignChain{
      .family = family,
      .table = std::string(table->text()),
      .name = std::string(name->text()),
      .hook = hook_text,
      .policy_drop = policy && policy->as_big<std::uint32_t>() == std::uint32_t{NF_DROP}};
}

std::vector<std::uint8_t> list_rules(const ForeignChain& chain) {
  auto out = request(NFT_MSG_GETRULE, family_number(chain.family), true);
  out.text(NFTA_RULE_TABLE, chain.table);
  out.text(NFTA_RULE_CHAIN, chain.name);
  return out.take();
}

std::optional<bool> decode_drops_all(const netlink::Message& message) {
  if (NFNL_MSG_TYPE(message.header.nlmsg_type) != NFT_MSG_NEWRULE) {
    return std::nullopt;
  }
  const auto list = Attributes(message.payload, sizeof(nfgenmsg)).find(NFTA_RULE_EXPRESSIONS);
  if (!list) {
    return false;
  }
  Attributes nests(list->payload);
  while (const auto nest = nests.next()) {
    const Attributes expression(nest->payload);
    const auto name = expression.find(NFTA_EXPR_NAME);
    const auto data = expression.find(NFTA_EXPR_DATA);
    if (!name || !passes_all(name->text())) {
      return name &&
             (name->text() == "reject" || (data && name->text() == "immediate" && is_drop(*data)) ||
              (data && name->text() == "target" && is_reject_target(*data)));
    }
  }
  return false;
}

}  // namespace cw::firewall
