// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "network/toml.h"
#include "network/toml_bounds.h"
#include "network/toml_plain.h"

// Any bytes as TOML: parsed or refused with a diagnostic that can be rendered; and the plain forms
// read as the library reads them.
// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cw::network;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto table = parse_toml(text, "fuzz.toml");
  if (!table) {
    Diagnostics diagnostics = {table.error()};
    quote_lines(diagnostics, [&](const std::string&) { return std::optional(text); });
    if (render(diagnostics).empty()) {
      std::abort();
    }
    return 0;
  }
  // A header behind it sends the text to the library; one that is there already would be a mistake.
  constexpr std::string_view kHeader = "\n[last-table]\n";
  const bool comparable = !text.starts_with("\xef\xbb\xbf") &&
                          text.find("last-table") == std::string::npos &&
                          text.size() + kHeader.size() <= TomlLimits().largest_file;
  const auto plain = comparable ? parse_plain(text) : std::nullopt;
  if (plain) {
    auto by_library = parse_toml(text + std::string(kHeader), "fuzz.toml");
    if (!by_library) {
      std::abort();
    }
    by_library->members.pop_back();
    if (*by_library != *plain) {
      std::abort();
    }
  }
  return 0;
}
