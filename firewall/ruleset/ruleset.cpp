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

Digest digest(const Ruleset& ruleset) {
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

std::vector<SetChange> diff(const std::vector<SetContent>& from,
                            const std::vector<SetContent>& to) {
  std::vector<SetChange> changes;
  static const std::vector<std::string> kNothing;
  for (const auto& set : to) {
    const auto old = std::ranges::find(from, set.name, &SetContent::name);
    const auto& before = old == from.end() ? kNothing : old->elements;
    SetChange change{.name = set.name};
    std::ranges::set_difference(set.elements, before, std::back_inserter(change.added));
    std::ranges::set_difference(before, set.elements, std::back_inserter(change.removed));
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
      kTable, kDigestSet, kSealSet, digest(ruleset).to_text(), ruleset.structure);
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
