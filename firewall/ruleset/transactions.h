// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "firewall/ruleset/ruleset.h"
#include "net/endpoint.h"

// How the kernel's table becomes another one, as nft text; each text is one transaction. Pure.
namespace cw::firewall {

// Sets of one element each that every table of ours has (ruleset.h).
inline constexpr auto kDigestSet = "digest";
inline constexpr auto kSealSet = "seal";

// Builds the table anew in place of whatever is there, and remembers `clients` (outer.h). Some
// packets that were allowed before and after may be refused meanwhile: their sets are found a
// moment after the rules that ask for them.
[[nodiscard]] std::string replace_text(const Ruleset& ruleset,
                                       const std::vector<net::SocketAddress>& clients = {});

// The same where there is no table: nothing was allowed, so it need not be one transaction, for
// which libnftables takes some 45 bytes of memory a byte. Where it is much, the first makes a table
// that allows nothing, and those of exchange_texts() follow.
[[nodiscard]] std::vector<std::string> start_texts(
    const Ruleset& ruleset, const std::vector<net::SocketAddress>& clients = {});

// One after the other, and no packet is lost to any: what is new is built, in pieces where it is
// much, then all that counts changes at once, with the digest.
[[nodiscard]] std::vector<std::string> exchange_texts(const Exchange& exchange,
                                                      const Digest& after);

// Behind them: what nothing asks for any more goes. Empty where there is nothing.
[[nodiscard]] std::string clear_text(const Exchange& exchange);

// `causeway down`.
[[nodiscard]] std::string remove_text();

}  // namespace cw::firewall
