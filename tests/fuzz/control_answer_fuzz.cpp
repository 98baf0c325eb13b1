// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cli/http_client.h"
#include "router/api/json.h"

// Any bytes as the agent's answer, head and body; a status that is understood is written and read
// again as the same value.
// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cw;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)cli::parse_response(text);
  (void)api::refused_from_json(text);
  (void)api::answer_from_json(text);
  const auto status = api::status_from_json(text);
  if (status) {
    const auto again = api::status_from_json(api::to_json(*status));
    if (!again || *again != *status) {
      std::abort();
    }
  }
  return 0;
}
