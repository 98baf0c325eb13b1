// SPDX-License-Identifier: Apache-2.0
#include "firewall/ruleset/transactions.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "firewall/ruleset/outer.h"
#include "firewall/ruleset/rights_chains.h"
#include "firewall/ruleset/writer.h"

namespace cw::firewall {

namespace {

template <class Texts>
void append_elements(std::string& text, std::string_view verb, const std::string& set,
                     const Texts& elements) {
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

void append(std::string& text, std::string_view command, std::string_view name) {
  text += fmt::format("{} inet {} {}\n", command, kTable, name);
}

std::string declarations(const std::vector<std::string>& counters,
                         const std::vector<std::string>& rights, bool ipv6) {
  Writer out(ipv6);
  for (const auto& counter : counters) {
    out.declare(fmt::format("counter {} {{ }}", counter));
  }
  for (const auto& name : rights) {
    write_rights(out, name);
  }
  return out.take();
}

// Of a text for libnftables, which takes up to a hundred times as much memory while it has it.
constexpr std::size_t kPieceBytes = std::size_t{256} * 1024;

// Puts together in turn what fits.
void append_piece(std::vector<std::string>& pieces, std::string text) {
  if (pieces.empty() || pieces.back().size() + text.size() > kPieceBytes) {
    pieces.emplace_back();
  }
  pieces.back() += text;
}

// A piece is one table's block: each that is opened costs libnftables as much as some rights.
std::vector<std::string> declare(const Exchange& exchange) {
  std::vector<std::string> pieces;
  if (!exchange.counters_added.empty()) {
    append_piece(pieces, declarations(exchange.counters_added, {}, exchange.ipv6));
  }
  for (const auto& name : exchange.rights_added) {
    append_piece(pieces, declarations({}, {name}, exchange.ipv6));
  }
  for (auto& piece : pieces) {
    piece = fmt::format("table inet {} {{\n{}}}\n", kTable, piece);
  }
  return pieces;
}

// Jumps, too: a packet may see an element of a map a moment before the rule of a new chain. Nothing
// asks for any of it yet, so it may come in pieces; what a piece names is in it or before it.
std::vector<std::string> build(const Exchange& exchange) {
  auto pieces = declare(exchange);
  for (const auto& set : exchange.filled) {
    std::string text;
    append_elements(text, "add", set.name, set.elements);
    append_piece(pieces, std::move(text));
  }
  for (const auto& jump : exchange.jumps_added) {
    std::string text;
    append(text, "add chain", jump.chain);
    append(text, "add rule", jump.chain + " goto " + jump.to);
    append_piece(pieces, std::move(text));
  }
  return pieces;
}

// Elements are deleted first: a key whose verdict changed is in both lists.
std::string turn(const Exchange& exchange, const Digest& after) {
  std::string text;
  for (const auto& jump : exchange.jumps_changed) {
    append(text, "flush chain", jump.chain);
    append(text, "add rule", jump.chain + " goto " + jump.to);
  }
  for (const auto& change : exchange.changes) {
    append_elements(text, "delete", change.name, keys_of(change.removed));
    append_elements(text, "add", change.name, change.added);
  }
  append(text, "flush set", kDigestSet);
  append_elements(text, "add", kDigestSet, std::array{after.to_text()});
  return text;
}

}  // namespace

std::string replace_text(const Ruleset& ruleset, const std::vector<net::SocketAddress>& clients) {
  const auto& contents = ruleset.contents;
  Writer jumps(ruleset.ipv6);
  for (const auto& jump : contents.jumps) {
    jumps.open("chain " + jump.chain);
    jumps.line("goto {}", jump.to);
    jumps.close();
  }
  // The first line makes the delete succeed where there is no table yet; one transaction all the
  // same, so there is no moment without the old or the new rules.
  std::string text = fmt::format(
      "add table inet {0}\n"
      "delete table inet {0}\n"
      "table inet {0} {{\n"
      "  set {1} {{ type ipv6_addr; elements = {{ {3} }}; }}\n"
      "  set {2} {{ type ipv6_addr; }}\n"
      "{4}{5}{6}}}\n",
      kTable, kDigestSet, kSealSet, ruleset.digest.to_text(),
      declarations(contents.counters, contents.rights, ruleset.ipv6), jumps.take(),
      ruleset.structure);
  for (const auto& set : contents.sets) {
    append_elements(text, "add", set.name, set.elements);
  }
  return text + remember_text(clients, ruleset.ipv6);
}

std::vector<std::string> start_texts(const Ruleset& ruleset,
                                     const std::vector<net::SocketAddress>& clients) {
  // As many as a policy of some thousand peers has.
  constexpr std::size_t kElementsAtOnce = 10'000;
  std::size_t elements = 0;
  for (const auto& set : ruleset.contents.sets) {
    elements += set.elements.size();
  }
  if (elements <= kElementsAtOnce) {
    return {replace_text(ruleset, clients)};
  }
  const auto first = closed(ruleset);
  std::vector<std::string> texts{replace_text(first, clients)};
  std::ranges::move(exchange_texts(exchange(first.contents, ruleset), ruleset.digest),
                    std::back_inserter(texts));
  return texts;
}

std::vector<std::string> exchange_texts(const Exchange& exchange, const Digest& after) {
  auto texts = build(exchange);
  texts.push_back(turn(exchange, after));
  return texts;
}

std::string clear_text(const Exchange& exchange) {
  std::string text;
  for (const auto& chain : exchange.jumps_removed) {
    append(text, "delete chain", chain);
  }
  for (const auto& name : exchange.rights_removed) {
    append(text, "delete chain", name);
  }
  for (const auto& name : exchange.rights_removed) {
    for (const auto& set : sets_of_rights(name, exchange.ipv6)) {
      append(text, "delete set", set);
    }
    for (const auto& map : maps_of_rights(name, exchange.ipv6)) {
      append(text, "delete map", map);
    }
  }
  for (const auto& counter : exchange.counters_removed) {
    append(text, "delete counter", counter);
  }
  return text;
}

std::string remove_text() {
  return fmt::format("add table inet {0}\ndelete table inet {0}\n", kTable);
}

}  // namespace cw::firewall
