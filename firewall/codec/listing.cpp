// SPDX-License-Identifier: Apache-2.0
#include "firewall/codec/listing.h"

#include <algorithm>
#include <optional>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "firewall/codec/request.h"
#include "firewall/ruleset/rights_chains.h"
#include "firewall/ruleset/tally.h"

namespace cw::firewall {

namespace {

using netlink::Attributes;

// Where a rule goes that does nothing else.
std::optional<std::string> target_of(const Attributes& rule) {
  const auto list = rule.find(NFTA_RULE_EXPRESSIONS);
  const auto first = list ? Attributes(list->payload).next() : std::nullopt;
  const auto data = first ? Attributes(first->payload).find(NFTA_EXPR_DATA) : std::nullopt;
  const auto name = first ? Attributes(first->payload).find(NFTA_EXPR_NAME) : std::nullopt;
  if (!data || !name || name->text() != "immediate") {
    return std::nullopt;
  }
  const auto value = Attributes(data->payload).find(NFTA_IMMEDIATE_DATA);
  const auto verdict = value ? Attributes(value->payload).find(NFTA_DATA_VERDICT) : std::nullopt;
  const auto chain = verdict ? Attributes(verdict->payload).find(NFTA_VERDICT_CHAIN) : std::nullopt;
  return chain ? std::optional<std::string>(chain->text()) : std::nullopt;
}

}  // namespace

void append(Contents& contents, const netlink::Message& message, const std::string& table) {
  const auto found = attributes_of(message, table);
  if (!found) {
    return;
  }
  const auto& attributes = *found;
  const auto kind = NFNL_MSG_TYPE(message.header.nlmsg_type);
  if (kind == NFT_MSG_NEWCHAIN) {
    const auto name = attributes.find(NFTA_CHAIN_NAME);
    if (name && name->text().starts_with(kRightsPrefix)) {
      contents.rights.emplace_back(name->text());
    }
  } else if (kind == NFT_MSG_NEWRULE) {
    const auto chain = attributes.find(NFTA_RULE_CHAIN);
    auto target = target_of(attributes);
    if (chain && target && target->starts_with(kRightsPrefix)) {
      contents.jumps.push_back({.chain = std::string(chain->text()), .to = std::move(*target)});
    }
  } else if (kind == NFT_MSG_NEWOBJ) {
    const auto name = attributes.find(NFTA_OBJ_NAME);
    const auto type = attributes.find(NFTA_OBJ_TYPE);
    if (name && name->text() != kRefusedCounter && type &&
        type->as_big<std::uint32_t>() == std::uint32_t{NFT_OBJECT_COUNTER}) {
      contents.counters.emplace_back(name->text());
    }
  }
}

void sort(Contents& contents) {
  std::ranges::sort(contents.counters);
  std::ranges::sort(contents.rights);
  std::ranges::sort(contents.jumps);
}

}  // namespace cw::firewall
