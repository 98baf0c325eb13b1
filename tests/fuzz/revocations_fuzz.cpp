// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "network/revocation.h"

// Any bytes as a list of revocations: what is taken is written again as the same bytes.
// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cw::network;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto revocations = revocations_from_json(text);
  if (revocations && to_json(*revocations) != text) {
    std::abort();
  }
  if (!revocations && revocations.error().to_text().empty()) {
    std::abort();
  }
  return 0;
}
