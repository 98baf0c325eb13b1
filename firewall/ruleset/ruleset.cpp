// SPDX-License-Identifier: Apache-2.0
#include "firewall/ruleset/ruleset.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

#include <sodium.h>

#include "firewall/ruleset/rights_chains.h"
#include "net/ip.h"

namespace cw::firewall {

namespace {

template <std::size_t Size>
std::uint64_t first_64_bits(const std::array<unsigned char, Size>& hash) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i) {
    value = value << 8 | hash[i];
  }
  return value;
}

// Anybody may know it: accidents are to be told apart, not attempts.
constexpr std::array<unsigned char, crypto_shorthash_KEYBYTES> kKey = {
    'c', 'a', 'u', 's', 'e', 'w', 'a', 'y', ' ', 'c', 'o', 'n', 't', 'e', 'n', 't'};

// Of one text of a list; the same text of another list is another part.
class Part {
 public:
  explicit Part(std::string_view list) : text_(list), list_(list.size() + 1) {
    text_.push_back('\0');  // keeps "ab" + "c" apart from "a" + "bc"
  }

  std::uint64_t operator()(const std::string& text) {
    text_.resize(list_);
    text_ += text;
    std::array<unsigned char, crypto_shorthash_BYTES> hash{};
    crypto_shorthash(hash.data(), reinterpret_cast<const unsigned char*>(text_.data()),
                     text_.size(), kKey.data());
    return first_64_bits(hash);
  }

 private:
  std::string text_;
  std::size_t list_;
};

template <class Texts>
std::uint64_t sum(Part&& part, const Texts& texts) {
  std::uint64_t all = 0;
  for (const auto& text : texts) {
    all += part(text);
  }
  return all;
}

}  // namespace

std::string Digest::to_text() const {
  net::Ip::V6Bytes bytes{};
  for (unsigned i = 0; i < 8; ++i) {
    bytes[i] = static_cast<std::uint8_t>(structure >> (56 - 8 * i));
    bytes[8 + i] = static_cast<std::uint8_t>(contents >> (56 - 8 * i));
  }
  return net::Ip::v6(bytes).to_text();
}

std::uint64_t hash_of(const std::string& structure) {
  std::array<unsigned char, crypto_generichash_BYTES_MIN> hash{};
  // With the zero at its end.
  crypto_generichash(hash.data(), hash.size(),
                     reinterpret_cast<const unsigned char*>(structure.c_str()),
                     structure.size() + 1, nullptr, 0);
  return first_64_bits(hash);
}

std::uint64_t sum_of(std::string_view set, const SetElements& elements) {
  return sum(Part("set " + std::string(set)), elements);
}

std::uint64_t sum_of(const Contents& contents, std::initializer_list<std::string_view> but) {
  auto all = sum(Part("counters"), contents.counters) + sum(Part("rights"), contents.rights);
  Part jumps("jumps");
  for (const auto& jump : contents.jumps) {
    all += jumps(jump.chain + " " + jump.to);
  }
  Part sets("sets");
  for (const auto& set : contents.sets) {
    all += sets(set.name);
    if (std::ranges::find(but, set.name) == but.end()) {
      all += sum_of(set.name, set.elements);
    }
  }
  return all;
}

Digest digest_of(const Ruleset& ruleset) {
  return {.structure = hash_of(ruleset.structure), .contents = sum_of(ruleset.contents)};
}

Ruleset closed(const Ruleset& ruleset) {
  Ruleset made{.structure = ruleset.structure, .contents = {}, .ipv6 = ruleset.ipv6};
  made.contents.jumps = ruleset.contents.jumps;
  for (auto& jump : made.contents.jumps) {
    jump.to = "refuse_forwarded";
  }
  made.digest = digest_of(made);
  return made;
}

namespace {

// One pass over two sorted lists: of tens of thousands, a few differ.
SetChange difference(const SetContent& to, const SetElements& from) {
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
    if (order <= 0) {
      ++old;
    }
    if (order >= 0) {
      ++fresh;
    }
  }
  std::ranges::copy(std::move(old), from.end(), std::back_inserter(change.removed));
  std::ranges::copy(std::move(fresh), to.elements.end(), std::back_inserter(change.added));
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
  static const SetElements kNothing;
  for (const auto& set : to) {
    if (std::ranges::binary_search(into.rights_added, rights_of_set(set.name))) {
      into.filled.push_back(set);
      continue;
    }
    const auto old = std::ranges::lower_bound(from, set.name, {}, &SetContent::name);
    const bool there = old != from.end() && old->name == set.name;
    const auto& before = there ? old->elements : kNothing;
    if (before != set.elements) {
      into.changes.push_back(difference(set, before));
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
