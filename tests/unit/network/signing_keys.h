// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "network/minisign.h"

// Signing keys for tests: the same seed is the same key.
namespace cw::network {

inline minisign::SecretKey signing_key(std::uint8_t seed) {
  std::array<std::uint8_t, minisign::kSeedSize> bytes{};
  bytes.fill(seed);
  return minisign::SecretKey::from_seed(bytes, {seed, 2, 3, 4, 5, 6, 7, 8}).value();
}

}  // namespace cw::network
