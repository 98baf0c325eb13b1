// SPDX-License-Identifier: Apache-2.0
#include "firewall/ruleset/rights_chains.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace cw::firewall {

namespace {

using firewall::text_of;  // beside those below

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

// What those may reach who share these rights: three sets a family, of one form for everybody.
// `ip protocol` and `ip6 nexthdr`, because nft 1.0.6 writes `meta l4proto` in a concatenation in a
// way that kernel 6.12 refuses.
//
// Before them, a connection is counted by its first packet: all that goes one way before the first
// answer is `new`, but only the first is of a connection that the kernel has not confirmed yet.
// What no element of the map holds goes on uncounted.
void write_chain(Writer& out, const std::string& name) {
  constexpr auto kFirst = "ct state new ct status & confirmed == 0";
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
  SetContent set{.name = std::move(name)};
  for (const auto& item : items) {
    set.elements.push_back(text_of(item));
  }
  return set;
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

RightsChains::RightsChains(const Filter& filter, const std::vector<Rights>& rights)
    : filter_(filter) {
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

// Sorted, so that rules may change places without the structure being another one.
void RightsChains::write(Writer& out) const {
  for (const auto& counter : std::set(counters_.begin(), counters_.end())) {
    out.declare(fmt::format("counter {} {{ }}", counter));
  }
  for (const auto& chain : chains_) {
    declare_sets(out, chain.name, 4);
    if (out.ipv6()) {
      declare_sets(out, chain.name, 6);
    }
    write_chain(out, chain.name);
  }
}

void RightsChains::add_contents(std::vector<SetContent>& sets) const {
  const auto add = [&](const Chain& chain, const RuleBoxes& boxes, net::Family family, int number) {
    const auto parts = disjoint(*chain.grants, family);
    sets.push_back(set_of(fmt::format("{}_all{}", chain.name, number), parts.all));
    sets.push_back(set_of(fmt::format("{}_icmp{}", chain.name, number), parts.icmp));
    sets.push_back(set_of(fmt::format("{}_port{}", chain.name, number), parts.ports));
    SetContent counts{.name = fmt::format("{}_new{}", chain.name, number)};
    counts.elements.reserve(boxes.boxes.size());
    for (const auto& box : boxes.boxes) {
      counts.elements.push_back(text_of(box, counters_[box.rule]));
    }
    sets.push_back(std::move(counts));
  };
  for (const auto& chain : chains_) {
    add(chain, chain.boxes4, net::Family::V4, 4);
    if (filter_.ipv6) {
      add(chain, chain.boxes6, net::Family::V6, 6);
    }
  }
}

}  // namespace cw::firewall
