// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

// Changes to a TOML file that somebody wrote: what is not changed stays byte for byte as it was,
// comments, order and blanks included. Each edit parses its result and compares it with what was
// meant; a form that it cannot edit safely is refused (ErrorKind::Unsupported), and the file is for
// a person to change. Pure.
namespace cw::network {

// Sets a key of the file's own table, before its first [header], to a value written as TOML. The
// old value is replaced where it stands; a new key comes behind the last one.
Result<std::string> set_value(std::string_view text, std::string_view key, std::string_view value);

// Puts a table [[name]] behind everything else. `members` are whole lines.
Result<std::string> append_table(std::string_view text, std::string_view name,
                                 std::string_view members);

// Takes the n-th table [[name]] (from 0) away: its header, its values, the tables within it, the
// comments right under its values, and the blank lines behind. Comments above its header stay, and
// so do those above the next one.
Result<std::string> remove_table(std::string_view text, std::string_view name, std::size_t n);

// Takes a key of the n-th table [[name]] away, with its line.
Result<std::string> remove_value(std::string_view text, std::string_view name, std::size_t n,
                                 std::string_view key);

// Text, and a list of texts, as TOML: "a \"b\"", ["a", "b"]. A long list takes many lines.
[[nodiscard]] std::string toml_string(std::string_view text);
[[nodiscard]] std::string toml_list(std::span<const std::string> texts);

}  // namespace cw::network
