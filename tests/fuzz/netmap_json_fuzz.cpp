// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "network/netmap_json.h"

// Any bytes as a netmap: what is taken is written again as the same bytes.
// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cw::network;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto netmap = netmap_from_json(text);
  if (netmap && to_json(*netmap) != text) {
    std::abort();
  }
  if (!netmap && netmap.error().to_text().empty()) {
    std::abort();
  }
  return 0;
}
