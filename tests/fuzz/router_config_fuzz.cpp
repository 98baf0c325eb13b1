// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "network/router_config.h"

// Any bytes as router.toml: a configuration, or diagnostics.
// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cw::network;
  const auto config =
      parse_router_config({reinterpret_cast<const char*>(data), size}, "fuzz/router.toml");
  if (!config && render(config.error()).empty()) {
    std::abort();
  }
  if (config && (config->name.empty() || config->site.empty() || config->network.text.empty())) {
    std::abort();
  }
  return 0;
}
