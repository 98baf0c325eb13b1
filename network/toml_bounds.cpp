// SPDX-License-Identifier: Apache-2.0
#include "network/toml_bounds.h"

#include <algorithm>

#include <fmt/format.h>

namespace cw::network {

namespace {

// Length of the valid UTF-8 sequence at the front (RFC 3629 section 4), 0 if there is none.
std::size_t utf8_sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) {
    return 1;
  }
  const std::size_t size = first < 0xc2   ? 0
                           : first < 0xe0 ? 2
                           : first < 0xf0 ? 3
                           : first < 0xf5 ? 4
                                          : 0;
  if (size == 0 || size > text.size()) {
    return 0;
  }
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) {
      return 0;
    }
  }
  const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool surrogate = first == 0xed && byte(1) >= 0xa0;
  const bool too_high = first == 0xf4 && byte(1) >= 0x90;
  return overlong || surrogate || too_high ? 0 : size;
}

Diagnostic refusal(const std::string& file, std::uint32_t line, std::size_t column,
                   std::string message, std::string hint) {
  return Diagnostic{
      .message = std::move(message),
      .place = {.file = file,
                .span = {.line = line, .column = static_cast<std::uint32_t>(column), .length = 1}},
      .hint = std::move(hint),
  };
}

std::optional<Diagnostic> bad_bytes(std::string_view text, const std::string& file) {
  std::uint32_t line = 1;
  std::size_t line_start = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t column = at - line_start + 1;
    const auto size = utf8_sequence(text.substr(at, 4));
    if (text[at] == '\0') {
      return refusal(file, line, column, "the file contains a NUL byte",
                     "it is not text; is it the file you meant?");
    }
    if (size == 0) {
      return refusal(file, line, column, "the file is not valid UTF-8",
                     "save it as UTF-8; is it the file you meant?");
    }
    if (text[at] == '\n') {
      ++line;
      line_start = at + 1;
    }
    at += size;
  }
  return std::nullopt;
}

std::optional<Diagnostic> long_line(std::string_view text, const std::string& file) {
  for (std::uint32_t line = 1; !text.empty(); ++line) {
    const auto size = std::min(text.find('\n'), text.size());
    if (size > kLongestLine) {
      return refusal(file, line, 1, fmt::format("a line is longer than {} bytes", kLongestLine),
                     "spread it over several lines; a TOML array may span lines");
    }
    text.remove_prefix(std::min(size + 1, text.size()));
  }
  return std::nullopt;
}

// Where the comment or string that begins at `at` ends: at its last character. Exact for every text
// the library accepts so far; it stops at the first mistake, and so never sees what follows one.
std::size_t end_of_opaque(std::string_view text, std::size_t at) {
  const char first = text[at];
  const bool escapes = first == '"';
  const std::string_view three = first == '"' ? "\"\"\"" : "'''";
  const bool many_lines = first != '#' && text.substr(at).starts_with(three);
  for (std::size_t i = at + (many_lines ? 3 : 1); i < text.size(); ++i) {
    if (escapes && text[i] == '\\') {
      ++i;
    } else if (many_lines && text.substr(i).starts_with(three)) {
      i += 2;
      // One or two quotes may stand just before the closing three.
      for (int more = 0; more < 2 && i + 1 < text.size() && text[i + 1] == first; ++more) {
        ++i;
      }
      return i;
    } else if (!many_lines && (text[i] == '\n' || (first != '#' && text[i] == first))) {
      return text[i] == '\n' ? i - 1 : i;
    }
  }
  return text.size();
}

std::optional<Diagnostic> too_deep(std::string_view text, const std::string& file) {
  std::size_t depth = 0;   // of [ and {
  std::size_t dotted = 0;  // parts of the key here: each is a table in a table
  for (std::size_t at = 0; at < text.size(); ++at) {
    switch (text[at]) {
      case '#':
      case '"':
      case '\'':
        at = end_of_opaque(text, at);
        break;
      case '[':
      case '{':
        dotted = 0;
        ++depth;
        break;
      case ']':
      case '}':
        depth -= depth > 0 ? 1 : 0;
        break;
      case '.':
        ++dotted;
        break;
      case '=':
      case ',':
      case '\n':
        dotted = 0;
        break;
      default:
        break;
    }
    if (std::max(depth, dotted) > kDeepestNesting) {
      const auto before = text.substr(0, at);
      return refusal(file, static_cast<std::uint32_t>(1 + std::ranges::count(before, '\n')),
                     before.size() - (before.rfind('\n') + 1) + 1,  // npos + 1 is 0
                     fmt::format("nested more than {} levels deep", kDeepestNesting),
                     "no file of ours nests deeper than three; is it the file you meant?");
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Diagnostic> out_of_bounds(std::string_view text, const std::string& file,
                                        std::size_t largest_file) {
  if (text.size() > largest_file) {
    return Diagnostic{
        .message = fmt::format("the file is larger than {} KiB, the most it may have",
                               largest_file / 1024),
        .place = {.file = file, .span = {}},
        .hint = "is it the file you meant?",
    };
  }
  for (const auto check : {bad_bytes, too_deep, long_line}) {
    if (auto refused = check(text, file)) {
      return refused;
    }
  }
  return std::nullopt;
}

}  // namespace cw::network
