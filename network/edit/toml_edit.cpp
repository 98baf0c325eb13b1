// SPDX-License-Identifier: Apache-2.0
#include "network/edit/toml_edit.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "network/toml.h"

namespace cw::network {

namespace {

// Well below what a line may have (toml_bounds.h).
constexpr std::size_t kLongestListOnALine = 1024;

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

Error cannot_edit() {
  return Error::make(ErrorKind::Unsupported,
                     "this file is written in a form that cannot be edited safely");
}

Result<TomlTable> parse(std::string_view text) {
  auto table = parse_toml(text, "this file");
  if (!table) {
    return Error::invalid(
        fmt::format("line {}: {}", table.error().place.span.line, table.error().message));
  }
  return std::move(*table);
}

bool same(const TomlValue& a, const TomlValue& b);

bool same(const TomlTable& a, const TomlTable& b) {
  return a.members.size() == b.members.size() &&
         std::ranges::all_of(a.members, [&](const TomlMember& member) {
           const auto* other = b.find(member.key);
           return other != nullptr && same(member.value, other->value);
         });
}

// Wherever they stand.
bool same(const TomlValue& a, const TomlValue& b) {
  if (a.data.index() != b.data.index()) {
    return false;
  }
  if (const auto* table = std::get_if<TomlTable>(&a.data)) {
    return same(*table, std::get<TomlTable>(b.data));
  }
  if (const auto* list = std::get_if<TomlArray>(&a.data)) {
    return std::ranges::equal(*list, std::get<TomlArray>(b.data),
                              [](const TomlValue& x, const TomlValue& y) { return same(x, y); });
  }
  return a.data == b.data;
}

std::size_t offset_of(std::string_view text, Span span) {
  std::size_t at = 0;
  for (std::uint32_t line = 1; line < span.line; ++line) {
    at = text.find('\n', at) + 1;
  }
  return at + span.column - 1;
}

// Behind the string that begins at `at`, in any of TOML's four forms. The text is known to be TOML.
std::size_t string_end(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const bool is_long = text.substr(at, 3) == std::string(3, quote);
  const std::string end(is_long ? 3 : 1, quote);
  at += end.size();
  while (at < text.size() && !text.substr(at).starts_with(end)) {
    at += quote == '"' && text[at] == '\\' ? 2U : 1U;
  }
  at += end.size();
  while (is_long && at < text.size() && text[at] == quote) {
    ++at;  // up to two quotes may stand before the closing three
  }
  return std::min(at, text.size());
}

// Behind the value that begins at `at`.
std::size_t value_end(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"' || c == '\'') {
      at = string_end(text, at);
    } else if (c == '[' || c == '{') {
      ++depth;
      ++at;
    } else if (c == ']' || c == '}') {
      --depth;
      ++at;
    } else if (c == '#' && depth > 0) {
      at = std::min(text.find('\n', at), text.size());
    } else if (depth > 0) {
      ++at;
      continue;
    } else {  // a bare value, which may hold a blank: 2027-01-31 18:00:00Z
      at = std::min(text.find_first_of("#\r\n", at), text.size());
      while (text[at - 1] == ' ' || text[at - 1] == '\t') {
        --at;
      }
    }
    if (depth == 0) {
      return at;
    }
  }
  return at;
}

std::string_view line_end_of(std::string_view text) {
  const auto newline = text.find('\n');
  const bool windows =
      newline != std::string_view::npos && newline > 0 && text[newline - 1] == '\r';
  return windows ? "\r\n" : "\n";
}

std::string with_line_ends(std::string_view lines, std::string_view line_end) {
  std::string out;
  for (const char c : lines) {
    out += c == '\n' ? line_end : std::string_view(&c, 1);
  }
  return out;
}

// Behind the line of the last key of the file's own table; where there is none, before the first
// header or at the end.
std::size_t place_of_new_key(std::string_view text, const TomlTable& table) {
  std::optional<std::size_t> header;
  std::size_t last = 0;
  for (const TomlMember& member : table.members) {
    const auto at = offset_of(text, member.span);
    if (text[at] == '[') {
      header = std::min(header.value_or(at), at);
    } else {
      last = std::max(last, value_end(text, offset_of(text, member.value.span)));
    }
  }
  if (last == 0 && header) {
    return text.rfind('\n', *header) == std::string_view::npos ? 0 : text.rfind('\n', *header) + 1;
  }
  const auto newline = last == 0 ? std::string_view::npos : text.find('\n', last);
  return newline == std::string_view::npos ? text.size() : newline + 1;
}

Result<std::string> set_in(std::string_view text, std::string_view key, std::string_view value) {
  const auto before = CW_TRY(parse(text));
  const auto meant = CW_TRY(parse(fmt::format("x = {}\n", value)));
  std::string edited(text);
  if (const auto* old = before.find(key)) {
    if (text[offset_of(text, old->span)] == '[' ||
        std::holds_alternative<TomlTable>(old->value.data)) {
      return cannot_edit();
    }
    const auto at = offset_of(text, old->value.span);
    edited.replace(at, value_end(text, at) - at, value);
  } else {
    const auto line_end = line_end_of(text);
    const auto at = place_of_new_key(text, before);
    const bool open = at > 0 && text[at - 1] != '\n';
    edited.insert(at, fmt::format("{}{} = {}{}", open ? line_end : "", key, value, line_end));
  }
  const auto after = CW_TRY(parse(edited));
  auto expected = before;
  std::erase_if(expected.members, [&](const TomlMember& member) { return member.key == key; });
  expected.members.push_back(
      {.key = std::string(key), .span = {}, .value = meant.members[0].value});
  return same(after, expected) ? Result<std::string>(std::move(edited)) : cannot_edit();
}

Result<std::string> append_in(std::string_view text, std::string_view name,
                              std::string_view members) {
  const auto before = CW_TRY(parse(text));
  const auto meant = CW_TRY(parse(fmt::format("[[{}]]\n{}", name, members)));
  const auto line_end = line_end_of(text);
  std::string edited(text);
  if (!edited.empty()) {
    edited += edited.ends_with('\n') ? "" : line_end;
    edited += line_end;
  }
  edited += with_line_ends(fmt::format("[[{}]]\n{}", name, members), line_end);
  const auto after = parse(edited);
  auto expected = before;
  const auto& table = std::get<TomlArray>(meant.members[0].value.data).front();
  const auto old = std::ranges::find(expected.members, name, &TomlMember::key);
  if (old == expected.members.end()) {
    expected.members.push_back(meant.members[0]);
  } else if (auto* tables = std::get_if<TomlArray>(&old->value.data)) {
    tables->push_back(table);
  }
  return after && same(*after, expected) ? Result<std::string>(std::move(edited)) : cannot_edit();
}

template <class Edit>
Result<std::string> behind_mark(std::string_view text, Edit edit) {
  const bool marked = text.starts_with(kByteOrderMark);
  text.remove_prefix(marked ? kByteOrderMark.size() : 0);
  auto edited = CW_TRY(edit(text));
  return marked ? std::string(kByteOrderMark) + edited : edited;
}

}  // namespace

Result<std::string> set_value(std::string_view text, std::string_view key, std::string_view value) {
  return behind_mark(text, [&](std::string_view rest) { return set_in(rest, key, value); });
}

Result<std::string> append_table(std::string_view text, std::string_view name,
                                 std::string_view members) {
  return behind_mark(text, [&](std::string_view rest) { return append_in(rest, name, members); });
}

std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string toml_list(std::span<const std::string> texts) {
  std::string out;
  for (const auto& text : texts) {
    out += (out.empty() ? "" : ", ") + toml_string(text);
  }
  if (out.size() <= kLongestListOnALine) {
    return "[" + out + "]";
  }
  out = "[\n";
  for (const auto& text : texts) {
    out += "  " + toml_string(text) + ",\n";
  }
  return out + "]";
}

}  // namespace cw::network
