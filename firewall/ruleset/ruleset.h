// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firewall/ruleset/set_elements.h"

// The one nft table `inet causeway` as a value: a structure (base chains and what they always
// have), which changes with gateways and settings, and its contents, which change with peers and
// policy. Nft text, numbers only. Pure; transactions.h says how one becomes another, the sink is
// firewall/nft.
//
// What may be allowed to somebody is a chain with sets of its own, named by what they hold and so
// never edited. A new one is built beside the old one, and then those it is for jump to it: in one
// transaction, the rules count before the contents of new sets of ranges are found, and packets
// that were allowed before and after would be lost in between.
//
// In the kernel the table carries what it is: set `digest` has one 128-bit element written in the
// same transaction as each change, and set `seal` the hash of how the kernel shows chains, rules,
// counters and declarations of sets, so that a later start can tell an edited table from an
// untouched one without remembering anything.
namespace cw::firewall {

inline constexpr auto kTable = "causeway";  // family inet

struct SetContent {
  std::string name;
  SetElements elements;  // "100.64.0.5", or "100.64.0.5 : goto g_all"; sorted

  friend bool operator==(const SetContent&, const SetContent&) = default;
};

// A chain that is one jump, which is all that ever changes in it.
struct Jump {
  std::string chain;
  std::string to;

  friend auto operator<=>(const Jump&, const Jump&) = default;
};

// Each sorted, by name. In full, or the part of it that somebody asked for.
struct Contents {
  std::vector<std::string> counters;  // of rules
  std::vector<std::string> rights;    // chains with sets of their own (rights_chains.h)
  std::vector<Jump> jumps;            // to the rights, from where a peer's packets go
  std::vector<SetContent> sets;       // those of the rights, too

  friend bool operator==(const Contents&, const Contents&) = default;
};

// First half: the structure. Second half: the contents. Accidents do not collide in 64 bits;
// whoever could collide on purpose is root already.
struct Digest {
  std::uint64_t structure = 0;
  std::uint64_t contents = 0;

  [[nodiscard]] std::string to_text() const;  // as an IPv6 address, the type of the set's element

  friend bool operator==(const Digest&, const Digest&) = default;
};

struct Ruleset {
  std::string structure;  // body of the table, without `digest`, `seal` and the contents
  Contents contents;
  bool ipv6 = true;    // the rights have sets for it
  Digest digest = {};  // of both; whoever makes a ruleset fills it in

  friend bool operator==(const Ruleset&, const Ruleset&) = default;
};

// Digest::structure.
[[nodiscard]] std::uint64_t hash_of(const std::string& structure);

// Digest::contents: a sum over the hashes of all parts, so that it follows a change without looking
// at the rest: what came is added, what went is taken away.
// Elements of the sets in `but` do not count.
[[nodiscard]] std::uint64_t sum_of(const Contents& contents,
                                   std::initializer_list<std::string_view> but = {});
[[nodiscard]] std::uint64_t sum_of(std::string_view set, const SetElements& elements);

// Linear in the text, so it is kept with what it is of.
[[nodiscard]] Digest digest_of(const Ruleset& ruleset);

// Its structure without what is allowed: no rights, nobody in the sets, and every jump refuses.
[[nodiscard]] Ruleset closed(const Ruleset& ruleset);

struct SetChange {
  std::string name;
  std::vector<std::string> added;
  std::vector<std::string> removed;

  friend bool operator==(const SetChange&, const SetChange&) = default;
};

// From one contents to another of the same structure.
struct Exchange {
  std::vector<std::string> counters_added;
  std::vector<std::string> counters_removed;
  std::vector<std::string> rights_added;
  std::vector<std::string> rights_removed;
  std::vector<SetContent> filled;  // sets of the rights that are added
  std::vector<Jump> jumps_added;
  std::vector<Jump> jumps_changed;  // as they are to be
  std::vector<std::string> jumps_removed;
  std::vector<SetChange> changes;  // of sets that stay, those that differ
  bool ipv6 = true;

  [[nodiscard]] bool empty() const;
  // Changes what the seal is of.
  [[nodiscard]] bool changes_chains() const;
  // Something may be allowed before it that is not after it.
  [[nodiscard]] bool takes_away() const;

  friend bool operator==(const Exchange&, const Exchange&) = default;
};

// Of sets, those count that `to` has.
[[nodiscard]] Exchange exchange(const Contents& from, const Ruleset& to);

// What the kernel has.
struct TableState {
  bool present = false;
  std::optional<Digest> digest;  // none: no digest, so no table of ours
  // Depth::Full only: the structure does not list as it did when it was sealed, or it was never
  // sealed. False where nobody looked.
  bool edited = false;
  // Only where it had to be listed: at start and after somebody else's change.
  std::optional<Contents> contents;

  friend bool operator==(const TableState&, const TableState&) = default;
};

}  // namespace cw::firewall
