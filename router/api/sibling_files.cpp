// SPDX-License-Identifier: Apache-2.0
#include "router/api/sibling_files.h"

#include <charconv>

namespace cw::api {

std::string wanted_text(std::uint64_t serial) {
  return std::to_string(serial) + "\n";
}

std::optional<std::uint64_t> wanted_serial(std::string_view text) {
  std::uint64_t serial = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), serial);
  const bool whole = error == std::errc() && wanted_text(serial) == text;
  return whole ? std::optional(serial) : std::nullopt;
}

}  // namespace cw::api
