// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Text for people: tables whose columns line up, ages, sizes, colour. Pure.
namespace cw::cli {

enum class Colour : std::uint8_t { Off, On };

enum class Paint : std::uint8_t { Plain, Bold, Dim, Red, Yellow, Green };

[[nodiscard]] std::string painted(std::string_view text, Paint paint, Colour colour);

enum class Align : std::uint8_t { Left, Right };

struct Column {
  std::string title;
  Align align = Align::Left;
};

struct Cell {
  std::string text;
  Paint paint = Paint::Plain;
};

// Each row has a cell a column; two spaces between columns, none at a line's end.
[[nodiscard]] std::string table(const std::vector<Column>& columns,
                                const std::vector<std::vector<Cell>>& rows, Colour colour);

[[nodiscard]] std::string age(std::int64_t seconds);  // "12 s", "3 min", "2 h 5 min", "3 d 4 h"
[[nodiscard]] std::string size(std::uint64_t bytes);  // "0 B", "1.5 KiB"
[[nodiscard]] std::string plural(std::uint64_t number, std::string_view one);  // "2 peers"

}  // namespace cw::cli
