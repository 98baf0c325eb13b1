// SPDX-License-Identifier: Apache-2.0
#include "cli/table.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace cw::cli {

namespace {

// ECMA-48 SGR.
std::string_view code(Paint paint) {
  switch (paint) {
    case Paint::Plain:
      return "";
    case Paint::Bold:
      return "\x1b[1m";
    case Paint::Dim:
      return "\x1b[2m";
    case Paint::Red:
      return "\x1b[31m";
    case Paint::Yellow:
      return "\x1b[33m";
    case Paint::Green:
      return "\x1b[32m";
  }
  return "";
}

constexpr std::string_view kPlainAgain = "\x1b[0m";
constexpr std::string_view kGap = "  ";

std::string padded(const Cell& cell, std::size_t width, Align align, bool last, Colour colour) {
  const std::string space(width - std::min(width, cell.text.size()), ' ');
  const auto text = painted(cell.text, cell.paint, colour);
  if (align == Align::Right) {
    return space + text;
  }
  return last ? text : text + space;
}

}  // namespace

std::string painted(std::string_view text, Paint paint, Colour colour) {
  if (colour == Colour::Off || paint == Paint::Plain || text.empty()) {
    return std::string(text);
  }
  return fmt::format("{}{}{}", code(paint), text, kPlainAgain);
}

std::string table(const std::vector<Column>& columns, const std::vector<std::vector<Cell>>& rows,
                  Colour colour) {
  std::vector<std::size_t> widths;
  std::vector<Cell> titles;
  for (const auto& column : columns) {
    widths.push_back(column.title.size());
    titles.push_back({.text = column.title, .paint = Paint::Bold});
  }
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      widths[i] = std::max(widths[i], row.at(i).text.size());
    }
  }
  std::string text;
  const auto add = [&](const std::vector<Cell>& row) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const bool last = i + 1 == columns.size();
      text += padded(row[i], widths[i], columns[i].align, last, colour);
      text += last ? "\n" : kGap;
    }
  };
  add(titles);
  for (const auto& row : rows) {
    add(row);
  }
  return text;
}

std::string age(std::int64_t seconds) {
  constexpr std::int64_t kMinute = 60;
  constexpr std::int64_t kHour = 60 * kMinute;
  constexpr std::int64_t kDay = 24 * kHour;
  const auto two = [](std::int64_t whole, std::string_view unit, std::int64_t rest,
                      std::string_view smaller) {
    return rest == 0 ? fmt::format("{} {}", whole, unit)
                     : fmt::format("{} {} {} {}", whole, unit, rest, smaller);
  };
  if (seconds < kMinute) {
    return fmt::format("{} s", std::max<std::int64_t>(seconds, 0));
  }
  if (seconds < kHour) {
    return fmt::format("{} min", seconds / kMinute);
  }
  if (seconds < kDay) {
    return two(seconds / kHour, "h", seconds % kHour / kMinute, "min");
  }
  return two(seconds / kDay, "d", seconds % kDay / kHour, "h");
}

std::string size(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 6> kUnits{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  constexpr double kStep = 1024;
  if (bytes < static_cast<std::uint64_t>(kStep)) {
    return fmt::format("{} B", bytes);
  }
  auto value = static_cast<double>(bytes) / kStep;
  std::size_t unit = 0;
  while (value >= kStep && unit + 1 < kUnits.size()) {
    value /= kStep;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string plural(std::uint64_t number, std::string_view one) {
  return fmt::format("{} {}{}", number, one, number == 1 ? "" : "s");
}

}  // namespace cw::cli
