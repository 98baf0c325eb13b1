// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

#include "base/clock.h"
#include "network/diagnostic.h"
#include "network/limits.h"

// A TOML document as a small tree of values that know where they stand. The library that parses it
// is seen by toml.cpp alone, and only after toml_bounds.h let the text through. Refuses what is not
// TOML 1.0, with one Diagnostic for the first mistake, in our own words. Pure.
// Cost: about 2 us for a peer file in the plain forms of toml_plain.h, 60 us in any other.
namespace cw::network {

struct TomlValue;
struct TomlMember;

using TomlArray = std::vector<TomlValue>;

// A time without an offset, and so without a meaning here; kept to say so.
struct TomlLocalTime {
  friend bool operator==(const TomlLocalTime&, const TomlLocalTime&) = default;
};

struct TomlTable {
  std::vector<TomlMember> members;  // in the order of the file

  [[nodiscard]] const TomlMember* find(std::string_view key) const;

  friend bool operator==(const TomlTable&, const TomlTable&);
};

struct TomlValue {
  std::variant<std::string, std::int64_t, double, bool, WallTime, TomlLocalTime, TomlArray,
               TomlTable>
      data;
  Span span;  // of the value; of the header line for a [table]; of its first line for a long array

  friend bool operator==(const TomlValue&, const TomlValue&) = default;
};

struct TomlMember {
  std::string key;
  Span span;  // of the key; of the header for a [table]
  TomlValue value;

  friend bool operator==(const TomlMember&, const TomlMember&) = default;
};

inline bool operator==(const TomlTable& a, const TomlTable& b) {
  return a.members == b.members;
}

// "a string", "a number", for messages.
[[nodiscard]] std::string_view type_name(const TomlValue& value);

struct TomlLimits {
  std::size_t largest_file = kLargestFile;
};

// `file` is named in the diagnostic and not opened.
[[nodiscard]] tl::expected<TomlTable, Diagnostic> parse_toml(std::string_view text,
                                                             const std::string& file,
                                                             const TomlLimits& limits = {});

}  // namespace cw::network
