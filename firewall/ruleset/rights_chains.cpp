// SPDX-License-Identifier: Apache-2.0
#include "firewall/ruleset/rights_chains.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <set>
#include <string_view>
#include <utility>

#include <endian.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace cw::firewall {

namespace {

using firewall::text_of;  // beside those below

using Names = std::vector<std::string>;

// Of both families, or of IPv4 alone.
Names named(const std::string& rights, std::initializer_list<std::string_view> parts, bool ipv6) {
  Names names;
  for (const auto part : parts) {
    names.push_back(fmt::format("{}_{}4", rights, part));
    if (ipv6) {
      names.push_back(fmt::format("{}_{}6", rights, part));
    }
  }
  return names;
}

void declare_sets(Writer& out, const std::string& name, int number) {
  const auto address = fmt::format("ipv{}_addr", number);
  const auto service = address + " . inet_proto . inet_service";
  for (const auto& [part, type] :
       {std::pair("all", address), std::pair("icmp", address), std::pair("port", service)}) {
    out.declare(
        fmt::format("set {}_{}{} {{ type {}; flags interval; }}", name, part, number, type));
  }
  out.declare(
      fmt::format("map {}_new{} {{ type {} : counter; flags interval; }}", name, number, service));
}

template <class T>
std::string range_text(T first, T last) {
  return first == last ? fmt::format("{}", first) : fmt::format("{}-{}", first, last);
}

std::string text_of(const Grant& grant) {
  return fmt::format("{} . {} . {}", text_of(grant.to), static_cast<int>(grant.protocol),
                     range_text(grant.first, grant.last));
}

std::string text_of(const RuleBox& box, const std::string& counter) {
  return fmt::format("{} . {} . {} : \"{}\"", box.to.to_text(),
                     range_text(box.first_protocol, box.last_protocol),
                     range_text(box.first_port, box.last_port), counter);
}

template <class T>
SetContent set_of(std::string name, const std::vector<T>& items) {
  std::vector<std::string> texts;
  texts.reserve(items.size());
  for (const auto& item : items) {
    texts.push_back(text_of(item));
  }
  sort_addresses(texts);
  return {.name = std::move(name), .elements = SetElements(texts)};
}

void note_left_out(const std::vector<Grant>& grants, const RuleBoxes& boxes,
                   std::set<std::uint32_t>& partly) {
  if (!boxes.left_out_from) {
    return;
  }
  for (const auto& grant : grants) {
    if (grant.rule >= *boxes.left_out_from) {
      partly.insert(grant.rule);
    }
  }
}

}  // namespace

std::string text_of(const net::Prefix& prefix) {
  return prefix.is_host() ? prefix.address().to_text() : prefix.to_text();
}

// What those may reach who share these rights: three sets a family, of one form for everybody.
// `ip protocol` and `ip6 nexthdr`, because nft 1.0.6 writes `meta l4proto` in a concatenation in a
// way that kernel 6.12 refuses.
//
// Before them, a connection is counted by its first packet: all that goes one way before the first
// answer is `new`, but only the first is of a connection that the kernel has not confirmed yet.
// What no element of the map holds goes on uncounted.
void write_rights(Writer& out, const std::string& name) {
  constexpr auto kFirst = "ct state new ct status & confirmed == 0";
  declare_sets(out, name, 4);
  if (out.ipv6()) {
    declare_sets(out, name, 6);
  }
  out.open("chain " + name);
  out.line("{} counter name ip daddr . ip protocol . th dport map @{}_new4", kFirst, name);
  out.line6("{} counter name ip6 daddr . ip6 nexthdr . th dport map @{}_new6", kFirst, name);
  out.line("ip daddr @{}_all4 goto pass", name);
  out.line("ip daddr . ip protocol . th dport @{}_port4 goto pass", name);
  out.line("ip protocol 1 ip daddr @{}_icmp4 goto pass", name);
  out.line6("ip6 daddr @{}_all6 goto pass", name);
  out.line6("ip6 daddr . ip6 nexthdr . th dport @{}_port6 goto pass", name);
  out.line6("ip6 nexthdr 58 ip6 daddr @{}_icmp6 goto pass", name);
  out.line("goto refuse_forwarded");
  out.close();
}

Names sets_of_rights(const std::string& name, bool ipv6) {
  return named(name, {"all", "icmp", "port"}, ipv6);
}

Names maps_of_rights(const std::string& name, bool ipv6) {
  return named(name, {"new"}, ipv6);
}

std::string rights_of_set(const std::string& set) {
  const auto end = set.rfind('_');
  return end == std::string::npos ? std::string() : set.substr(0, end);
}

void sort_addresses(std::vector<std::string>& texts) {
  struct Key {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    std::size_t index = 0;
  };

  if (texts.empty()) {
    return;
  }
  std::size_t alike = texts.front().size();
  for (const auto& text : texts) {
    const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(alike, text.size()));
    alike = static_cast<std::size_t>(
        std::ranges::mismatch(text.begin(), end, texts.front().begin(), texts.front().end()).in1 -
        text.begin());
  }
  std::vector<Key> keys(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    std::array<std::uint64_t, 2> next{};
    texts[i].copy(reinterpret_cast<char*>(next.data()), sizeof next, alike);
    keys[i] = {.high = be64toh(next[0]), .low = be64toh(next[1]), .index = i};
  }
  std::ranges::sort(keys, [&](const Key& a, const Key& b) {
    if (a.high != b.high) {
      return a.high < b.high;
    }
    return a.low != b.low ? a.low < b.low : texts[a.index] < texts[b.index];
  });
  std::vector<std::string> sorted;
  sorted.reserve(texts.size());
  for (const auto& key : keys) {
    sorted.push_back(std::move(texts[key.index]));
  }
  texts = std::move(sorted);
}

RightsChains::RightsChains(const Filter& filter, const std::vector<Rights>& rights)
    : filter_(filter) {
  Writer form(filter.ipv6);
  write_rights(form, "");
  form_ = form.take();
  chains_.reserve(rights.size() + 1);
  add_chain(kFromSite, filter.from_site);
  for (const auto& each : rights) {
    add_chain(each.name, each.grants);
  }
  std::set<std::uint32_t> partly;
  for (const auto& chain : chains_) {
    note_left_out(*chain.grants, chain.boxes4, partly);
    note_left_out(*chain.grants, chain.boxes6, partly);
  }
  counters_.reserve(filter.rules.size());
  for (std::uint32_t rule = 0; rule < filter.rules.size(); ++rule) {
    counters_.push_back(
        counter_name(filter.rules[rule], partly.contains(rule) ? Counts::Part : Counts::All));
  }
}

void RightsChains::add_chain(const std::string& name, const std::vector<Grant>& grants) {
  Chain chain{
      .name = name, .grants = &grants, .boxes4 = rule_boxes(grants, net::Family::V4), .boxes6 = {}};
  if (filter_.ipv6) {
    chain.boxes6 = rule_boxes(grants, net::Family::V6);
  }
  chains_.push_back(std::move(chain));
}

// Its sets, named by what is in them and what is done with it: the same for the same, whoever it is
// for.
void RightsChains::add_rights(const Chain& chain, Contents& contents) const {
  std::vector<SetContent> sets;
  const auto add = [&](const RuleBoxes& boxes, net::Family family, int number) {
    const auto parts = disjoint(*chain.grants, family);
    sets.push_back(set_of(fmt::format("_all{}", number), parts.all));
    sets.push_back(set_of(fmt::format("_icmp{}", number), parts.icmp));
    sets.push_back(set_of(fmt::format("_port{}", number), parts.ports));
    std::vector<std::string> counts;
    counts.reserve(boxes.boxes.size());
    for (const auto& box : boxes.boxes) {
      counts.push_back(text_of(box, counters_[box.rule]));
    }
    sort_addresses(counts);
    sets.push_back({.name = fmt::format("_new{}", number), .elements = SetElements(counts)});
  };
  add(chain.boxes4, net::Family::V4, 4);
  if (filter_.ipv6) {
    add(chain.boxes6, net::Family::V6, 6);
  }
  auto all = form_;
  for (const auto& set : sets) {
    all += fmt::format("{}\n{}\n", set.name, fmt::join(set.elements, "\n"));
  }
  const auto name = fmt::format("{}{}", kRightsPrefix, short_hash(all));
  contents.jumps.push_back({.chain = chain.name, .to = name});
  const auto known = std::ranges::lower_bound(contents.rights, name);
  if (known != contents.rights.end() && *known == name) {
    return;
  }
  contents.rights.insert(known, name);
  for (auto& set : sets) {
    set.name = name + set.name;
    contents.sets.push_back(std::move(set));
  }
}

void RightsChains::add_to(Contents& contents) const {
  const std::set counters(counters_.begin(), counters_.end());
  contents.counters.assign(counters.begin(), counters.end());
  for (const auto& chain : chains_) {
    add_rights(chain, contents);
  }
  std::ranges::sort(contents.jumps);
}

}  // namespace cw::firewall
