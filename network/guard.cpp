// SPDX-License-Identifier: Apache-2.0
#include "network/guard.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace cw::network {

namespace {

std::vector<net::PublicKey> keys_let_in(const Netmap& netmap) {
  std::vector<net::PublicKey> keys;
  keys.reserve(netmap.peers.size());
  for (const Peer& peer : netmap.peers) {
    if (peer.enabled) {
      keys.push_back(peer.public_key);
    }
  }
  std::ranges::sort(keys);
  return keys;
}

Removal removal_of(const std::vector<net::PublicKey>& before, const Netmap& candidate) {
  const auto after = keys_let_in(candidate);
  const auto removed = std::ranges::count_if(
      before, [&](const auto& key) { return !std::ranges::binary_search(after, key); });
  return {.removed = static_cast<std::size_t>(removed), .of = before.size()};
}

}  // namespace

Removal removed_share(const Netmap& now, const Netmap& candidate) {
  return removal_of(keys_let_in(now), candidate);
}

Verdict judge_unattended(const Netmap& now, const Netmap& candidate) {
  return judge_unattended(keys_let_in(now), candidate);
}

Verdict judge_unattended(const std::vector<net::PublicKey>& let_in, const Netmap& candidate) {
  Verdict verdict{.take = true, .removal = removal_of(let_in, candidate), .why = {}};
  const auto& [removed, of] = verdict.removal;
  if (removed >= kFewestHeldBack && removed * 100 > of * kHeldBackPercent) {
    verdict.take = false;
    verdict.why = fmt::format(
        "the change would lock out {} of {} peers, more than {} %; it is held back until somebody "
        "runs `causeway reload` (`causeway plan DIRECTORY`, with this network directory, shows "
        "what "
        "it would do)",
        removed, of, kHeldBackPercent);
  }
  return verdict;
}

}  // namespace cw::network
