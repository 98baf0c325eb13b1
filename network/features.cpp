// SPDX-License-Identifier: Apache-2.0
#include "network/features.h"

#include <algorithm>

namespace cw::network {

namespace {

// A router that takes no alias for a destination would leave its clients without an answer, and
// read a rule that names one as a rule for nothing.
constexpr std::string_view kAliases = "ipv4-aliases";

}  // namespace

std::vector<std::string> features_of(const Netmap& netmap) {
  std::vector<std::string> features;
  if (std::ranges::any_of(netmap.sites, [](const Site& site) { return !site.aliases.empty(); })) {
    features.emplace_back(kAliases);
  }
  return features;
}

bool is_known_feature(std::string_view name) {
  return name == kAliases;
}

}  // namespace cw::network
