// SPDX-License-Identifier: Apache-2.0
#include "network/features.h"

#include <algorithm>

namespace cw::network {

namespace {

// A router that takes no alias for a destination would leave its clients without an answer, and
// read a rule that names one as a rule for nothing.
constexpr std::string_view kAliases = "ipv4-aliases";
// One that does not know the address would have IPv6 leave by its own.
constexpr std::string_view kFloatingIpv6 = "floating-ipv6";
// One that does not know the targets refuses them as a key that it does not know: this says why.
constexpr std::string_view kHealth = "health";

bool has_floating_ipv6(const Site& site) {
  return std::ranges::any_of(site.gateways, [](const Gateway& gateway) {
    return gateway.egress.address_ipv6.has_value();
  });
}

}  // namespace

std::vector<std::string> features_of(const Netmap& netmap) {
  std::vector<std::string> features;
  if (std::ranges::any_of(netmap.sites, has_floating_ipv6)) {
    features.emplace_back(kFloatingIpv6);
  }
  if (std::ranges::any_of(netmap.sites, [](const Site& site) { return !site.health.empty(); })) {
    features.emplace_back(kHealth);
  }
  if (std::ranges::any_of(netmap.sites, [](const Site& site) { return !site.aliases.empty(); })) {
    features.emplace_back(kAliases);
  }
  return features;
}

bool is_known_feature(std::string_view name) {
  return name == kAliases || name == kFloatingIpv6 || name == kHealth;
}

}  // namespace cw::network
