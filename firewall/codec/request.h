// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "firewall/ruleset/sink.h"
#include "netlink/codec/message.h"

// Questions to nf_tables, as whole netlink messages, and answers to them that are not about
// elements. Pure. `table` is of family inet.
namespace cw::firewall {

[[nodiscard]] std::vector<std::uint8_t> get_table(const std::string& table);
[[nodiscard]] std::vector<std::uint8_t> get_set(const std::string& table, const std::string& set);
[[nodiscard]] std::vector<std::uint8_t> list_elements(const std::string& table,
                                                      const std::string& set);
[[nodiscard]] std::vector<std::uint8_t> list_chains();  // of all tables: the kernel has no filter
[[nodiscard]] std::vector<std::uint8_t> list_rules(const std::string& table);
[[nodiscard]] std::vector<std::uint8_t> list_sets(const std::string& table);
[[nodiscard]] std::vector<std::uint8_t> list_objects(const std::string& table);
[[nodiscard]] std::vector<std::uint8_t> list_flowtables(const std::string& table);

// What a message of a dump says of an object of that table (NEWTABLE, NEWCHAIN, NEWRULE, NEWSET,
// NEWOBJ, NEWFLOWTABLE); none for one of another's.
[[nodiscard]] std::optional<netlink::Attributes> attributes_of(const netlink::Message& message,
                                                               const std::string& table);

// Devices that a flowtable of that table spans; none for anything else. From NFT_MSG_NEWFLOWTABLE.
[[nodiscard]] std::vector<std::string> decode_flowtable_devices(const netlink::Message& message,
                                                                const std::string& table);

// The table's counters, with what they have counted.
[[nodiscard]] std::vector<std::uint8_t> list_counters(const std::string& table);

// None for what is no counter of that table. From NFT_MSG_NEWOBJ.
[[nodiscard]] std::optional<Counter> decode_counter(const netlink::Message& message,
                                                    const std::string& table);

[[nodiscard]] std::vector<std::uint8_t> get_generation();

// The number of transactions that nf_tables has seen in this network namespace, from
// NFT_MSG_NEWGEN.
[[nodiscard]] std::optional<std::uint32_t> decode_generation(const netlink::Message& message);

// A base chain of family ip, ip6 or inet on the input or forward hook that is not in our table;
// none for all others. From NFT_MSG_NEWCHAIN.
[[nodiscard]] std::optional<ForeignChain> decode_foreign_chain(const netlink::Message& message);

// The rules of that chain, in their order.
[[nodiscard]] std::vector<std::uint8_t> list_rules(const ForeignChain& chain);

// Does the rule drop or reject every packet that comes to it? None for what is no rule. From
// NFT_MSG_NEWRULE.
[[nodiscard]] std::optional<bool> decode_drops_all(const netlink::Message& message);

}  // namespace cw::firewall
