// SPDX-License-Identifier: Apache-2.0
#include "network/toml_plain.h"

#include <algorithm>
#include <charconv>

#include "base/rfc3339.h"

namespace cw::network {

namespace {

// More keys than this is no file of ours; it bounds the search for a key that stands twice.
constexpr std::size_t kMostKeys = 32;
constexpr std::size_t kMostDigits = 18;  // of a number that surely fits 64 bits
constexpr std::size_t kTimeSize = 20;    // 2027-01-31T18:00:00Z

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_bare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '-';
}

// C0 but for the tab, and DEL; the text is valid UTF-8 already.
bool is_control(char c) {
  return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f';
}

// Reads one line. Each function returns false where the line is not plain.
class PlainLine {
 public:
  PlainLine(std::string_view line, std::uint32_t number) : line_(line), number_(number) {}

  bool member(TomlTable& table);
  bool rest_is_blank();

 private:
  bool value(TomlValue& out);
  bool string(TomlValue& out);
  bool array(TomlValue& out);
  bool number_or_time(TomlValue& out);
  bool word(std::string_view text, bool meaning, TomlValue& out);

  [[nodiscard]] char here() const { return at_ < line_.size() ? line_[at_] : '\n'; }

  [[nodiscard]] Span span(std::size_t from) const {
    return {.line = number_,
            .column = static_cast<std::uint32_t>(from + 1),
            .length = static_cast<std::uint32_t>(at_ - from)};
  }

  void skip_blanks() {
    while (here() == ' ' || here() == '\t') {
      ++at_;
    }
  }

  std::string_view line_;
  std::uint32_t number_;
  std::size_t at_ = 0;
};

// Blanks and a comment. Lone carriage returns and control characters are the library's to judge.
bool PlainLine::rest_is_blank() {
  skip_blanks();
  const bool comment = here() == '#';
  return at_ == line_.size() ||
         (comment &&
          std::none_of(line_.begin() + static_cast<std::ptrdiff_t>(at_), line_.end(), is_control));
}

bool PlainLine::member(TomlTable& table) {
  skip_blanks();
  const std::size_t from = at_;
  while (is_bare(here())) {
    ++at_;
  }
  TomlMember made{
      .key = std::string(line_.substr(from, at_ - from)), .span = span(from), .value = {}};
  skip_blanks();
  if (made.key.empty() || here() != '=' || table.members.size() == kMostKeys ||
      table.find(made.key) != nullptr) {
    return false;
  }
  ++at_;
  skip_blanks();
  if (!value(made.value) || !rest_is_blank()) {
    return false;
  }
  table.members.push_back(std::move(made));
  return true;
}

bool PlainLine::value(TomlValue& out) {
  switch (here()) {
    case '"':
      return string(out);
    case '[':
      return array(out);
    case 't':
      return word("true", true, out);
    case 'f':
      return word("false", false, out);
    default:
      return number_or_time(out);
  }
}

bool PlainLine::string(TomlValue& out) {
  const std::size_t from = at_++;
  while (here() != '"') {
    if (at_ >= line_.size() || here() == '\\' || is_control(here())) {
      return false;
    }
    ++at_;
  }
  out.data = std::string(line_.substr(from + 1, at_ - from - 1));
  ++at_;
  out.span = span(from);
  return true;  // another quote, as in """, is nothing that may follow a value
}

bool PlainLine::array(TomlValue& out) {
  const std::size_t from = at_++;
  TomlArray items;
  for (;;) {
    skip_blanks();
    if (here() == ']') {
      break;
    }
    TomlValue item;
    if (here() != '"' || !string(item)) {
      return false;
    }
    items.push_back(std::move(item));
    skip_blanks();
    if (here() == ',') {
      ++at_;
    } else if (here() != ']') {
      return false;
    }
  }
  ++at_;
  out.data = std::move(items);
  out.span = span(from);
  return true;
}

bool PlainLine::word(std::string_view text, bool meaning, TomlValue& out) {
  const std::size_t from = at_;
  if (!line_.substr(at_).starts_with(text)) {
    return false;
  }
  at_ += text.size();
  out.data = meaning;
  out.span = span(from);
  return true;
}

bool PlainLine::number_or_time(TomlValue& out) {
  const std::size_t from = at_;
  if (const auto time = from_rfc3339(line_.substr(at_, kTimeSize)); time) {
    at_ += kTimeSize;
    out.data = *time;
    out.span = span(from);
    return true;
  }
  while (is_digit(here())) {
    ++at_;
  }
  const auto digits = line_.substr(from, at_ - from);
  std::int64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  out.data = number;
  out.span = span(from);
  const bool leading_zero = digits.size() > 1 && digits.front() == '0';
  return !digits.empty() && digits.size() <= kMostDigits && !leading_zero;
}

}  // namespace

std::optional<TomlTable> parse_plain(std::string_view text) {
  TomlTable table;
  std::uint32_t number = 1;
  for (; !text.empty(); ++number) {
    const auto line_end = text.find('\n');
    const auto line = text.substr(0, line_end);
    if (!PlainLine(line, number).rest_is_blank() && !PlainLine(line, number).member(table)) {
      return std::nullopt;
    }
    text.remove_prefix(line_end == std::string_view::npos ? text.size() : line_end + 1);
  }
  return table;
}

}  // namespace cw::network
