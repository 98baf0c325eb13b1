// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "netlink/codec/message.h"

// The structure of an nft table as bytes to be hashed: its chains, rules, declarations of sets,
// objects and flowtables, and the elements of anonymous sets, which are parts of rules. What
// changes without anybody's edit is left out: counters, quotas, use counts, the elements of named
// sets. The handles are in, so that a rule that was replaced by its like shows as well; so the
// bytes compare within one life of a table. Pure.
namespace cw::firewall {

struct Fingerprint {
  std::vector<std::uint8_t> bytes;
  std::vector<std::string> anonymous_sets;  // in this table; their elements belong to it
};

// Appends one message of a dump (NEWTABLE, NEWCHAIN, NEWRULE, NEWSET, NEWOBJ, NEWFLOWTABLE), if it
// is of that table of family inet.
void append(Fingerprint& fingerprint, const netlink::Message& message, const std::string& table);

// Collects the elements of an anonymous set from NEWSETELEM, to be appended when it is complete:
// the order in which the kernel lists them may change.
void collect_elements(std::vector<std::vector<std::uint8_t>>& elements,
                      const netlink::Message& message);
void append(Fingerprint& fingerprint, std::vector<std::vector<std::uint8_t>> elements);

}  // namespace cw::firewall
