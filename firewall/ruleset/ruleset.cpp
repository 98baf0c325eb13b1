// SPDX-License-Identifier: Apache-2.0
#include "firewall/ruleset/ruleset.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <sodium.h>

#include "firewall/ruleset/rights_chains.h"
#include "net/ip.h"

namespace cw::firewall {

namespace {

constexpr std::size_t kHashSize = 16;  // the smallest that libsodium's BLAKE2b gives

class Hash {
 public:
  Hash() { crypto_generichash_init(&state_, nullptr, 0, kHashSize); }

  void add(const std::string& text) {
    // The terminating zero keeps "ab" + "c" apart from "a" + "bc".
    crypto_generichash_update(&state_, reinterpret_cast<const unsigned char*>(text.c_str()),
                              text.size() + 1);
  }

  std::uint64_t first_64_bits() {
    std::array<unsigned char, kHashSize> hash{};
    crypto_generichash_final(&state_, hash.data(), hash.size());
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i) {
      value = value << 8 | hash[i];
    }
    return value;
  }

 private:
  crypto_generichash_state state_{};
};

}  // namespace

std::string Digest::to_text() const {
  net::Ip::V6Bytes bytes{};
  for (unsigned i = 0; i < 8; ++i) {
    bytes[i] = static_cast<std::uint8_t>(structure >> (56 - 8 * i));
    bytes[8 + i] = static_cast<std::uint8_t>(contents >> (56 - 8 * i));
  }
  return net::Ip::v6(bytes).to_text();
}

Digest digest_of(const Ruleset& ruleset) {
  Hash structure;
  structure.add(ruleset.structure);
  Hash contents;
  const auto add_all = [&contents](const std::vector<std::string>& texts) {
    for (const auto& text : texts) {
      contents.add(text);
    }
    contents.add({});  // ends a list: none of them is empty
  };
  add_all(ruleset.contents.counters);
  add_all(ruleset.contents.rights);
  for (const auto& jump : ruleset.contents.jumps) {
    contents.add(jump.chain);
    contents.add(jump.to);
  }
  contents.add({});
  for (const auto& set : ruleset.contents.sets) {
    contents.add(set.name);
    add_all(set.elements);
  }
  return {.structure = structure.first_64_bits(), .contents = contents.first_64_bits()};
}

namespace {

// One pass over two sorted lists: of tens of thousands, a few differ.
SetChange difference(const SetContent& to, const std::vector<std::string>& from) {
  SetChange change{.name = to.name};
  auto old = from.begin();
  auto fresh = to.elements.begin();
  while (old != from.end() && fresh != to.elements.end()) {
    const int order = old->compare(*fresh);
    if (order < 0) {
      change.removed.push_back(*old);
    } else if (order > 0) {
      change.added.push_back(*fresh);
    }
    old += order <= 0 ? 1 : 0;
    fresh += order >= 0 ? 1 : 0;
  }
  change.removed.insert(change.removed.end(), old, from.end());
  change.added.insert(change.added.end(), fresh, to.elements.end());
  return change;
}

// Those of one sorted list that are not in the other.
std::vector<std::string> without(const std::vector<std::string>& some,
                                 const std::vector<std::string>& others) {
  std::vector<std::string> left;
  std::ranges::set_difference(some, others, std::back_inserter(left));
  return left;
}

void exchange_jumps(const std::vector<Jump>& from, const std::vector<Jump>& to, Exchange& into) {
  for (const auto& jump : to) {
    const auto old = std::ranges::lower_bound(from, jump.chain, {}, &Jump::chain);
    if (old == from.end() || old->chain != jump.chain) {
      into.jumps_added.push_back(jump);
    } else if (*old != jump) {
      into.jumps_changed.push_back(jump);
    }
  }
  for (const auto& jump : from) {
    if (!std::ranges::binary_search(to, jump.chain, {}, &Jump::chain)) {
      into.jumps_removed.push_back(jump.chain);
    }
  }
}

void exchange_sets(const std::vector<SetContent>& from, const std::vector<SetContent>& to,
                   Exchange& into) {
  static const std::vector<std::string> kNothing;
  for (const auto& set : to) {
    if (std::ranges::binary_search(into.rights_added, rights_of_set(set.name))) {
      into.filled.push_back(set);
      continue;
    }
    const auto old = std::ranges::lower_bound(from, set.name, {}, &SetContent::name);
    const bool there = old != from.end() && old->name == set.name;
    auto change = difference(set, there ? old->elements : kNothing);
    if (!change.added.empty() || !change.removed.empty()) {
      into.changes.push_back(std::move(change));
    }
  }
}

}  // namespace

bool Exchange::changes_chains() const {
  return !counters_added.empty() || !counters_removed.empty() || !rights_added.empty() ||
         !rights_removed.empty() || !jumps_added.empty() || !jumps_changed.empty() ||
         !jumps_removed.empty();
}

bool Exchange::empty() const {
  return changes.empty() && !changes_chains();
}

bool Exchange::takes_away() const {
  return !jumps_changed.empty() || !jumps_removed.empty() ||
         std::ranges::any_of(changes, [](const SetChange& set) { return !set.removed.empty(); });
}

Exchange exchange(const Contents& from, const Ruleset& to) {
  Exchange made{.counters_added = without(to.contents.counters, from.counters),
                .counters_removed = without(from.counters, to.contents.counters),
                .rights_added = without(to.contents.rights, from.rights),
                .rights_removed = without(from.rights, to.contents.rights),
                .ipv6 = to.ipv6};
  exchange_jumps(from.jumps, to.contents.jumps, made);
  exchange_sets(from.sets, to.contents.sets, made);
  return made;
}

}  // namespace cw::firewall
