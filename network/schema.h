// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "network/schema_table.h"
#include "network/toml.h"

// Questions to the schema table. Pure.
namespace cw::network {

[[nodiscard]] std::span<const Key> all_keys();

// The keys of one table, in the order the manual shows them.
[[nodiscard]] std::span<const Key> keys_of(FileKind file, std::string_view table);

// "a prefix", for the manual and for messages.
[[nodiscard]] std::string_view describe(KeyType type);

// Whether a value of the file has the type the key wants; a list's elements are looked at, too.
[[nodiscard]] bool fits(KeyType type, const TomlValue& value);

// The list of keys of one table as scdoc(5) text.
[[nodiscard]] std::string manual(FileKind file, std::string_view table);

}  // namespace cw::network
