// SPDX-License-Identifier: Apache-2.0
#include "firewall/codec/fingerprint.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "firewall/codec/request.h"

namespace cw::firewall {

namespace {

using netlink::Attribute;
using netlink::Attributes;
using netlink::Bytes;

// Expressions whose data are what they have counted.
bool counts(std::string_view expression) {
  return expression == "counter" || expression == "quota" || expression == "last";
}

bool counts(std::uint32_t object_type) {
  return object_type == NFT_OBJECT_COUNTER || object_type == NFT_OBJECT_QUOTA;
}

void put(std::vector<std::uint8_t>& into, std::uint16_t type, Bytes payload) {
  // The length keeps attributes apart.
  const auto size = payload.size();
  for (const auto number : {std::size_t{type}, size}) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
      into.push_back(static_cast<std::uint8_t>(number >> shift));
    }
  }
  into.insert(into.end(), payload.begin(), payload.end());
}

void put_expressions(std::vector<std::uint8_t>& into, const Attribute& list) {
  Attributes nests(list.payload);
  while (const auto nest = nests.next()) {
    const Attributes expression(nest->payload);
    const auto name = expression.find(NFTA_EXPR_NAME);
    const auto data = expression.find(NFTA_EXPR_DATA);
    if (name) {
      put(into, NFTA_EXPR_NAME, name->payload);
    }
    if (data && !(name && counts(name->text()))) {
      put(into, NFTA_EXPR_DATA, data->payload);
    }
  }
}

void put_some(std::vector<std::uint8_t>& into, Attributes attributes,
              std::initializer_list<std::uint16_t> which) {
  while (const auto attribute = attributes.next()) {
    if (std::ranges::find(which, attribute->type) != which.end()) {
      put(into, attribute->type, attribute->payload);
    }
  }
}

void put_object(std::vector<std::uint8_t>& into, const Attributes& attributes) {
  put_some(into, attributes, {NFTA_OBJ_NAME, NFTA_OBJ_TYPE, NFTA_OBJ_HANDLE});
  const auto type = attributes.find(NFTA_OBJ_TYPE);
  if (!type || !counts(type->as_big<std::uint32_t>().value_or(0))) {
    put_some(into, attributes, {NFTA_OBJ_DATA});
  }
}

void put_set(Fingerprint& fingerprint, const Attributes& attributes) {
  put_some(
      fingerprint.bytes, attributes,
      {NFTA_SET_NAME, NFTA_SET_FLAGS, NFTA_SET_KEY_TYPE, NFTA_SET_KEY_LEN, NFTA_SET_DATA_TYPE,
       NFTA_SET_DATA_LEN, NFTA_SET_POLICY, NFTA_SET_TIMEOUT, NFTA_SET_OBJ_TYPE, NFTA_SET_HANDLE});
  const auto flags = attributes.find(NFTA_SET_FLAGS);
  const auto name = attributes.find(NFTA_SET_NAME);
  if (flags && name &&
      (flags->as_big<std::uint32_t>().value_or(0) & std::uint32_t{NFT_SET_ANONYMOUS}) != 0) {
    fingerprint.anonymous_sets.emplace_back(name->text());
  }
}

}  // namespace

void append(Fingerprint& fingerprint, const netlink::Message& message, const std::string& table) {
  const auto found = attributes_of(message, table);
  if (!found) {
    return;
  }
  const auto& attributes = *found;
  const auto kind = static_cast<std::uint16_t>(NFNL_MSG_TYPE(message.header.nlmsg_type));
  auto& bytes = fingerprint.bytes;
  put(bytes, kind, {});
  switch (kind) {
    case NFT_MSG_NEWTABLE:
      put_some(bytes, attributes, {NFTA_TABLE_FLAGS, NFTA_TABLE_HANDLE});
      break;
    case NFT_MSG_NEWCHAIN:
      put_some(bytes, attributes,
               {NFTA_CHAIN_NAME, NFTA_CHAIN_HANDLE, NFTA_CHAIN_HOOK, NFTA_CHAIN_POLICY,
                NFTA_CHAIN_TYPE, NFTA_CHAIN_FLAGS});
      break;
    case NFT_MSG_NEWRULE:
      put_some(bytes, attributes, {NFTA_RULE_CHAIN, NFTA_RULE_HANDLE});
      if (const auto list = attributes.find(NFTA_RULE_EXPRESSIONS)) {
        put_expressions(bytes, *list);
      }
      break;
    case NFT_MSG_NEWSET:
      put_set(fingerprint, attributes);
      break;
    case NFT_MSG_NEWOBJ:
      put_object(bytes, attributes);
      break;
    case NFT_MSG_NEWFLOWTABLE:
      put_some(
          bytes, attributes,
          {NFTA_FLOWTABLE_NAME, NFTA_FLOWTABLE_HOOK, NFTA_FLOWTABLE_FLAGS, NFTA_FLOWTABLE_HANDLE});
      break;
    default:
      break;
  }
}

void collect_elements(std::vector<std::vector<std::uint8_t>>& elements,
                      const netlink::Message& message) {
  const auto list = Attributes(message.payload, sizeof(nfgenmsg)).find(NFTA_SET_ELEM_LIST_ELEMENTS);
  if (!list) {
    return;
  }
  Attributes nests(list->payload);
  while (const auto nest = nests.next()) {
    elements.emplace_back(nest->payload.begin(), nest->payload.end());
  }
}

void append(Fingerprint& fingerprint, std::vector<std::vector<std::uint8_t>> elements) {
  std::ranges::sort(elements);
  for (const auto& element : elements) {
    put(fingerprint.bytes, NFTA_LIST_ELEM, element);
  }
}

}  // namespace cw::firewall
