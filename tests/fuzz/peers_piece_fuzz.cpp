// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "ha/peers/peers.h"

// Any bytes as what an owner tells of its peers. What is taken is written again to the same bytes.
// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cw::ha;
  const std::span<const std::uint8_t> payload(data, size);
  const auto piece = peers::read(payload);
  if (!piece) {
    return 0;
  }
  const auto again = peers::write(*piece);
  if (!again || !std::ranges::equal(*again, payload)) {
    std::abort();
  }
  return 0;
}
