// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "ha/netmap/payload.h"

// Any bytes as what siblings say of netmaps. What is taken is written again to the same bytes.
// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cw::ha;
  const std::span<const std::uint8_t> payload(data, size);
  if (const auto said = netmap::read(payload);
      said && !std::ranges::equal(netmap::write(*said), payload)) {
    std::abort();
  }
  return 0;
}
