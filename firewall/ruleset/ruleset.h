// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// The one nft table `inet causeway` as a value: a structure (chains, declarations of sets and
// maps) that changes rarely, and the elements of its sets, which change with every peer. Both are
// nft text, numbers only. Pure; the sink is firewall/nft.
//
// In the kernel the table carries what it is: set `digest` has one 128-bit element written in the
// same transaction as each change, and set `seal` the hash of how the kernel shows the structure,
// so that a later start can tell an edited table from an untouched one without remembering
// anything.
namespace cw::firewall {

inline constexpr auto kTable = "causeway";  // family inet

struct SetContent {
  std::string name;
  std::vector<std::string> elements;  // "100.64.0.5", or "100.64.0.5 : goto g_all"; sorted

  friend bool operator==(const SetContent&, const SetContent&) = default;
};

// First half: the structure. Second half: the contents of the sets. Accidents do not collide in 64
// bits; whoever could collide on purpose is root already.
struct Digest {
  std::uint64_t structure = 0;
  std::uint64_t contents = 0;

  [[nodiscard]] std::string to_text() const;  // as an IPv6 address, the type of the set's element

  friend bool operator==(const Digest&, const Digest&) = default;
};

struct Ruleset {
  std::string structure;         // body of the table, without `digest` and `seal`
  std::vector<SetContent> sets;  // by name; every one is declared in the structure
  Digest digest = {};            // of both; whoever makes a ruleset fills it in

  friend bool operator==(const Ruleset&, const Ruleset&) = default;
};

// Linear in the text, so it is kept with what it is of.
[[nodiscard]] Digest digest_of(const Ruleset& ruleset);

struct SetChange {
  std::string name;
  std::vector<std::string> added;
  std::vector<std::string> removed;

  friend bool operator==(const SetChange&, const SetChange&) = default;
};

// From one content to another of the same structure; sets without a difference are left out.
[[nodiscard]] std::vector<SetChange> diff(const std::vector<SetContent>& from,
                                          const std::vector<SetContent>& to);

// Transactions. `replace_text` builds the table anew in place of whatever is there;
// `update_text` changes elements only; both set the digest. `remove_text` is `causeway down`.
[[nodiscard]] std::string replace_text(const Ruleset& ruleset);
[[nodiscard]] std::string update_text(const std::vector<SetChange>& changes, const Digest& after);
[[nodiscard]] std::string remove_text();

// What the kernel has.
struct TableState {
  bool present = false;
  std::optional<Digest> digest;  // none: no digest, so no table of ours
  // Depth::Full only: the structure does not list as it did when it was sealed, or it was never
  // sealed. False where nobody looked.
  bool edited = false;
  // Only where it had to be listed: at start and after somebody else's change.
  std::optional<std::vector<SetContent>> sets;

  friend bool operator==(const TableState&, const TableState&) = default;
};

}  // namespace cw::firewall
