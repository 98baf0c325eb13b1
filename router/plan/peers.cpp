// SPDX-License-Identifier: Apache-2.0
#include "router/plan/peers.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace cw::router {

namespace {

using netlink::PeerVerb;
using netlink::WgPeer;
using Prefixes = std::vector<net::Prefix>;

Prefixes without(const Prefixes& from, const Prefixes& what) {
  Prefixes rest;
  std::ranges::set_difference(from, what, std::back_inserter(rest));
  return rest;
}

NamedPeerChange make_peer(const DevicePeer& wanted) {
  NamedPeerChange made{.name = wanted.name, .change = {.key = wanted.key}};
  made.change.verb = PeerVerb::Set;
  made.change.allowed_ips = wanted.allowed_ips;
  made.change.endpoint = wanted.resume;
  return made;
}

NamedPeerChange remove_peer(const WgPeer& there) {
  return {.name = {}, .change = {.key = there.key, .verb = PeerVerb::Remove}};
}

// Extra allowed IPs that another peer is given in the same change leave by themselves; for others
// the list has to be replaced, which costs the peer a moment without addresses.
bool leaves_something_behind(const Prefixes& extra, const std::set<net::Prefix>& given) {
  return std::ranges::any_of(extra, [&](const auto& ip) { return !given.contains(ip); });
}

struct Correction {
  const DevicePeer* wanted;
  Prefixes missing;
  Prefixes extra;
  bool keepalive;
  bool preshared_key;
};

NamedPeerChange correct_peer(const Correction& correction, const std::set<net::Prefix>& given) {
  NamedPeerChange made{.name = correction.wanted->name, .change = {.key = correction.wanted->key}};
  auto& change = made.change;
  change.verb = PeerVerb::Update;
  change.replace_allowed_ips = leaves_something_behind(correction.extra, given);
  change.allowed_ips =
      change.replace_allowed_ips ? correction.wanted->allowed_ips : correction.missing;
  change.clear_preshared_key = correction.preshared_key;
  if (correction.keepalive) {
    change.keepalive_seconds = 0;  // clients keep the path open; a router need not
  }
  return made;
}

}  // namespace

PeerDifference diff_peers(const std::vector<DevicePeer>& desired,
                          const std::vector<WgPeer>& kernel) {
  PeerDifference difference;
  std::vector<Correction> corrections;
  std::set<net::Prefix> given;
  auto there = kernel.begin();
  for (const auto& wanted : desired) {
    for (; there != kernel.end() && there->key < wanted.key; ++there) {
      difference.remove.push_back(remove_peer(*there));
    }
    if (there == kernel.end() || there->key != wanted.key) {
      difference.set.push_back(make_peer(wanted));
      given.insert(wanted.allowed_ips.begin(), wanted.allowed_ips.end());
      if (wanted.resume) {
        difference.resume.push_back(wanted.key);
      }
      continue;
    }
    if (there->allowed_ips != wanted.allowed_ips || there->keepalive_seconds != 0 ||
        there->has_preshared_key) {
      corrections.push_back({.wanted = &wanted,
                             .missing = without(wanted.allowed_ips, there->allowed_ips),
                             .extra = without(there->allowed_ips, wanted.allowed_ips),
                             .keepalive = there->keepalive_seconds != 0,
                             .preshared_key = there->has_preshared_key});
      given.insert(corrections.back().missing.begin(), corrections.back().missing.end());
    }
    ++there;
  }
  for (; there != kernel.end(); ++there) {
    difference.remove.push_back(remove_peer(*there));
  }
  for (const auto& correction : corrections) {
    auto made = correct_peer(correction, given);
    const auto& change = made.change;
    // Nothing left to say: another peer's change takes the only surplus away.
    if (change.replace_allowed_ips || !change.allowed_ips.empty() || change.clear_preshared_key ||
        change.keepalive_seconds) {
      difference.set.push_back(std::move(made));
    }
  }
  return difference;
}

}  // namespace cw::router
