// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "firewall/ruleset/ruleset.h"
#include "netlink/codec/message.h"

// What chains and counters our table has, from the kernel's dumps. Pure.
namespace cw::firewall {

// Takes what one message of a dump (NEWCHAIN, NEWRULE, NEWOBJ) says of it, if it is of that table
// of family inet. In the order of the dump; sort() comes after the last.
void append(Contents& contents, const netlink::Message& message, const std::string& table);

void sort(Contents& contents);

}  // namespace cw::firewall
