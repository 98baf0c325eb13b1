// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <nlohmann/json.hpp>

// What `--json` prints: indented, and ended by a newline. Names are UTF-8 wherever they were
// parsed; bytes that are not are replaced all the same, and nothing is thrown. Pure.
namespace cw::cli {

inline std::string json_text(const nlohmann::json& json) {
  constexpr int kIndent = 2;
  return json.dump(kIndent, ' ', /*ensure_ascii=*/false, nlohmann::json::error_handler_t::replace) +
         "\n";
}

}  // namespace cw::cli
