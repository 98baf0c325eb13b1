// SPDX-License-Identifier: Apache-2.0
#include "ha/share.h"

#include <algorithm>
#include <tuple>

namespace cw::ha {

namespace {

// FNV-1a with a finaliser (MurmurHash3's fmix64): equal on every machine and in every version. Not
// against anybody who chooses names.
std::uint64_t weight(std::string_view gateway, std::string_view router) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  const auto add = [&](char byte) {
    hash = (hash ^ static_cast<std::uint8_t>(byte)) * 0x100000001b3U;
  };
  std::ranges::for_each(gateway, add);
  add('\0');
  std::ranges::for_each(router, add);
  hash = (hash ^ (hash >> 33U)) * 0xff51afd7ed558ccdU;
  hash = (hash ^ (hash >> 33U)) * 0xc4ceb9fe1a85ec53U;
  return hash ^ (hash >> 33U);
}

}  // namespace

std::vector<std::string> rank(std::string_view gateway, std::vector<Candidate> candidates) {
  std::erase_if(candidates, [](const Candidate& each) { return each.fitness == Fitness::Unfit; });
  std::ranges::sort(candidates, {}, [&](const Candidate& each) {
    return std::tuple(each.fitness, each.missed, each.owned, weight(gateway, each.router),
                      each.router);
  });
  std::vector<std::string> names;
  names.reserve(candidates.size());
  for (Candidate& each : candidates) {
    names.push_back(std::move(each.router));
  }
  return names;
}

}  // namespace cw::ha
