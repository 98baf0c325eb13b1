// SPDX-License-Identifier: Apache-2.0
#include "router/plan/guard.h"

#include <algorithm>

#include <fmt/format.h>

namespace cw::router {

std::vector<Access> let_in(const DesiredState& desired) {
  std::vector<Access> accesses;
  for (const auto& device : desired.devices) {
    for (const auto& peer : device.peers) {
      accesses.push_back({.gateway = device.public_key, .peer = peer.key});
    }
  }
  std::ranges::sort(accesses);
  return accesses;
}

std::vector<Access> let_in(const std::vector<netlink::WgDevice>& devices) {
  std::vector<Access> accesses;
  for (const auto& device : devices) {
    if (!device.public_key) {
      continue;  // without a key it lets nobody in
    }
    for (const auto& peer : device.peers) {
      accesses.push_back({.gateway = *device.public_key, .peer = peer.key});
    }
  }
  std::ranges::sort(accesses);
  return accesses;
}

Verdict judge_unattended(const std::vector<Access>& now, const std::vector<Access>& after) {
  const auto removed = std::ranges::count_if(
      now, [&](const Access& access) { return !std::ranges::binary_search(after, access); });
  Verdict verdict{
      .take = true, .removed = static_cast<std::size_t>(removed), .of = now.size(), .why = {}};
  if (verdict.removed >= kFewestHeldBack && verdict.removed * 100 > verdict.of * kHeldBackPercent) {
    verdict.take = false;
    verdict.why = fmt::format(
        "the change would lock out {} of the {} peers that this router lets in, more than {} %; it "
        "is held back until somebody runs `causeway reload` (`causeway plan DIRECTORY`, with this "
        "network directory, shows what it would do)",
        verdict.removed, verdict.of, kHeldBackPercent);
  }
  return verdict;
}

}  // namespace cw::router
