// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "network/diagnostic.h"

// Why a text is not TOML, in words that do not depend on the library's version. Called only after
// the library has refused the text and toml_bounds.h has accepted it; it decides nothing. Where it
// finds no mistake itself it points at the line the library named. Pure; one pass.
namespace cw::network {

// `refused_line` is 0 where the library named none.
[[nodiscard]] Diagnostic explain_syntax(std::string_view text, const std::string& file,
                                        std::uint32_t refused_line);

}  // namespace cw::network
