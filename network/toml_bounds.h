// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "network/diagnostic.h"

// What a text must keep to before a TOML library may see it: size, length of a line, nesting (the
// library recurses, and 3.7 overflows its stack on deep input), no NUL, valid UTF-8. Three passes,
// no allocation unless it refuses.
namespace cw::network {

// Our formats nest three deep at most (table, array of it, inline table).
inline constexpr std::size_t kDeepestNesting = 8;
// Some four hundred prefixes on one line. The library scans back to the line's start for each
// value.
inline constexpr std::size_t kLongestLine = 8192;

// Nothing where `text` may be parsed.
[[nodiscard]] std::optional<Diagnostic> out_of_bounds(std::string_view text,
                                                      const std::string& file,
                                                      std::size_t largest_file);

}  // namespace cw::network
