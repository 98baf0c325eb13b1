// SPDX-License-Identifier: Apache-2.0
#include "firewall/ruleset/ruleset.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>
#include <sodium.h>

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

constexpr auto kDigestSet = "digest";
constexpr auto kSealSet = "seal";

void append_elements(std::string& text, std::string_view verb, const std::string& set,
                     const std::vector<std::string>& elements) {
  if (elements.empty()) {
    return;
  }
  text += fmt::format("{} element inet {} {} {{ ", verb, kTable, set);
  for (const auto& element : elements) {
    text += element;
    text += ", ";
  }
  text.resize(text.size() - 2);
  text += " }\n";
}

// Deleting from a map names the key alone: nft 1.0.6 refuses the verdict there.
std::vector<std::string> keys_of(const std::vector<std::string>& elements) {
  std::vector<std::string> keys;
  keys.reserve(elements.size());
  for (const auto& element : elements) {
    keys.push_back(element.substr(0, element.find(" : ")));
  }
  return keys;
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

Digest digest_of(const Ruleset& ruleset) {
  Hash structure;
  structure.add(ruleset.structure);
  Hash contents;
  for (const auto& set : ruleset.sets) {
    contents.add(set.name);
    for (const auto& element : set.elements) {
      contents.add(element);
    }
    contents.add({});  // ends a set: no element is empty
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

}  // namespace

std::vector<SetChange> diff(const std::vector<SetContent>& from,
                            const std::vector<SetContent>& to) {
  std::vector<SetChange> changes;
  static const std::vector<std::string> kNothing;
  auto at = from.begin();  // both are by name, so the next is mostly the right one
  for (const auto& set : to) {
    auto old = std::ranges::find(at, from.end(), set.name, &SetContent::name);
    if (old == from.end()) {
      old = std::ranges::find(from, set.name, &SetContent::name);
    }
    auto change = difference(set, old == from.end() ? kNothing : old->elements);
    if (old != from.end()) {
      at = old + 1;
    }
    if (!change.added.empty() || !change.removed.empty()) {
      changes.push_back(std::move(change));
    }
  }
  return changes;
}

std::string replace_text(const Ruleset& ruleset) {
  // The first line makes the delete succeed where there is no table yet; one transaction all the
  // same, so there is no moment without the old or the new rules.
  std::string text = fmt::format(
      "add table inet {0}\n"
      "delete table inet {0}\n"
      "table inet {0} {{\n"
      "  set {1} {{ type ipv6_addr; elements = {{ {3} }}; }}\n"
      "  set {2} {{ type ipv6_addr; }}\n"
      "{4}}}\n",
      kTable, kDigestSet, kSealSet, ruleset.digest.to_text(), ruleset.structure);
  for (const auto& set : ruleset.sets) {
    append_elements(text, "add", set.name, set.elements);
  }
  return text;
}

std::string update_text(const std::vector<SetChange>& changes, const Digest& after) {
  std::string text;
  for (const auto& change : changes) {
    // Deletes first: a key whose verdict changed is in both lists. One transaction: nobody sees
    // the state between them.
    append_elements(text, "delete", change.name, keys_of(change.removed));
    append_elements(text, "add", change.name, change.added);
  }
  text += fmt::format("flush set inet {} {}\n", kTable, kDigestSet);
  append_elements(text, "add", kDigestSet, {after.to_text()});
  return text;
}

std::string remove_text() {
  return fmt::format("add table inet {0}\ndelete table inet {0}\n", kTable);
}

}  // namespace cw::firewall
