// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

// What is wrong with a TOML value that stands without quotes: only true, false, numbers and times
// may. Pure; for toml_syntax.h, after the library has refused the text.
namespace cw::network {

struct WrongValue {
  std::string message;
  std::string hint;
};

// Nothing where the value could be right.
[[nodiscard]] std::optional<WrongValue> wrong_bare_value(std::string_view token);

}  // namespace cw::network
