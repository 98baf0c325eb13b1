// SPDX-License-Identifier: Apache-2.0
#include "firewall/ruleset/contents.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "firewall/ruleset/peer_changes.h"
#include "firewall/ruleset/rights_chains.h"

namespace cw::firewall {

namespace {

using Texts = std::vector<std::string>;

constexpr auto kPeer4 = "peer4";
constexpr auto kPeer6 = "peer6";

// Of the peers, sorted.
struct PeerElements {
  SetElements peer4;
  SetElements peer6;
};

// To which the packets of a peer go.
std::string chain_of(const PeerFilter& peer, const Filter& filter) {
  if (!filter.rights) {
    return "every_route";
  }
  return peer.rights.empty() ? "refuse_forwarded" : peer.rights;
}

SetElements sorted(Texts texts) {
  sort_addresses(texts);
  return SetElements(texts);
}

PeerElements elements_of(const std::vector<PeerFilter>& peers, const Filter& filter) {
  Texts peer4;
  Texts peer6;
  peer4.reserve(peers.size() * 2);
  peer6.reserve(filter.ipv6 ? peers.size() : 0);
  for (const auto& peer : peers) {
    const auto verdict = " : goto " + chain_of(peer, filter);
    peer4.push_back(peer.address.to_text() + verdict);
    peer4.push_back(peer.image.to_text() + verdict);
    if (filter.ipv6) {
      peer6.push_back(peer.address_ipv6.to_text() + verdict);
    }
  }
  return {.peer4 = sorted(std::move(peer4)), .peer6 = sorted(std::move(peer6))};
}

// All but the elements of the peers.
Contents without_peers(const Filter& filter) {
  Texts route4;
  Texts route6;
  for (const auto& route : filter.routes) {
    (route.is_v4() ? route4 : route6).push_back(text_of(route));
  }
  Contents made;
  auto& sets = made.sets;
  sets.push_back({.name = kPeer4});
  sets.push_back({.name = "route4", .elements = sorted(std::move(route4))});
  if (filter.ipv6) {
    sets.push_back({.name = kPeer6});
    sets.push_back({.name = "route6", .elements = sorted(std::move(route6))});
  }
  if (filter.rights) {
    RightsChains(filter, *filter.rights).add_to(made);
  }
  std::ranges::sort(sets, {}, &SetContent::name);
  return made;
}

void put(SetElements elements, const char* name, Contents& into) {
  const auto set = std::ranges::lower_bound(into.sets, name, {}, &SetContent::name);
  if (set != into.sets.end() && set->name == name) {
    set->elements = std::move(elements);
  }
}

const SetElements& elements_in(const Contents& contents, const char* name) {
  static const SetElements kNothing;
  const auto set = std::ranges::lower_bound(contents.sets, name, {}, &SetContent::name);
  return set != contents.sets.end() && set->name == name ? set->elements : kNothing;
}

SetElements changed(const SetElements& from, const SetElements& gone, const SetElements& came) {
  Texts stays;
  stays.reserve(from.size());
  std::ranges::set_difference(from, gone, std::back_inserter(stays));
  Texts all;
  all.reserve(stays.size() + came.size());
  std::ranges::merge(stays, came, std::back_inserter(all));
  return SetElements(all);
}

std::uint64_t sum_of_peers(const PeerElements& elements) {
  return sum_of(kPeer4, elements.peer4) + sum_of(kPeer6, elements.peer6);
}

}  // namespace

Contents contents_of(const Filter& filter) {
  auto made = without_peers(filter);
  auto peers = elements_of(filter.peers, filter);
  put(std::move(peers.peer4), kPeer4, made);
  put(std::move(peers.peer6), kPeer6, made);
  return made;
}

Digested contents_after(const Filter& before, const Ruleset& made, const Filter& filter) {
  const auto changes = peer_changes(before.peers, filter.peers);
  if (!changes || before.ipv6 != filter.ipv6 ||
      before.rights.has_value() != filter.rights.has_value()) {
    auto contents = contents_of(filter);
    const auto digest = sum_of(contents);
    return {.contents = std::move(contents), .digest = digest};
  }
  const auto gone = elements_of(changes->gone, before);
  const auto came = elements_of(changes->came, filter);
  Digested after{.contents = without_peers(filter)};
  after.digest = made.digest.contents - sum_of(made.contents, {kPeer4, kPeer6}) -
                 sum_of_peers(gone) + sum_of(after.contents) + sum_of_peers(came);
  put(changed(elements_in(made.contents, kPeer4), gone.peer4, came.peer4), kPeer4, after.contents);
  put(changed(elements_in(made.contents, kPeer6), gone.peer6, came.peer6), kPeer6, after.contents);
  return after;
}

}  // namespace cw::firewall
