// SPDX-License-Identifier: Apache-2.0
#include "network/features.h"

namespace cw::network {

std::vector<std::string> features_of(const Netmap& /*netmap*/) {
  return {};
}

bool is_known_feature(std::string_view /*name*/) {
  return false;
}

}  // namespace cw::network
