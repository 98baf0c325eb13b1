// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "network/toml.h"

// The few forms that nearly every peer file is made of, read without the library, which takes
// thirty times as long: ten thousand files are 0.7 s of a start with it and 0.03 s without. It
// decides nothing: it gives exactly the library's tree, places included, or nothing, and then the
// library is asked. A property test and a fuzz target hold it to that.
//
//   # a comment
//   key = "no backslash"    key = 12    key = true    key = ["a", "b"]    key =
//   2027-01-31T18:00:00Z
//
// Pure; one pass; for a text that toml_bounds.h let through.
namespace cw::network {

[[nodiscard]] std::optional<TomlTable> parse_plain(std::string_view text);

}  // namespace cw::network
