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

// The n-th table [[name]], where it was written with a header of its own.
const TomlValue* table_at(std::string_view text, const TomlTable& file, std::string_view name,
                          std::size_t n) {
  const auto* member = file.find(name);
  const auto* tables = member == nullptr ? nullptr : std::get_if<TomlArray>(&member->value.data);
  if (tables == nullptr || n >= tables->size()) {
    return nullptr;
  }
  const TomlValue& table = (*tables)[n];
  const bool headed = std::holds_alternative<TomlTable>(table.data) &&
                      text.substr(offset_of(text, table.span)).starts_with("[[");
  return headed ? &table : nullptr;
}

std::size_t line_start(std::string_view text, std::size_t at) {
  const auto newline = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  return newline == std::string_view::npos ? 0 : newline + 1;
}

std::size_t next_line(std::string_view text, std::size_t at) {
  const auto newline = text.find('\n', at);
  return newline == std::string_view::npos ? text.size() : newline + 1;
}

// The first letter of the line at `at`; a line end where it is blank.
char first_letter(std::string_view text, std::size_t at) {
  const auto found = text.find_first_not_of(" \t\r", at);
  return found == std::string_view::npos ? '\n' : text[found];
}

// [name.more], which is part of the [[name]] before it.
bool is_header_within(std::string_view line, std::string_view name) {
  const auto header = parse(line);
  return header && header->members.size() == 1 && header->members[0].key == name &&
         std::holds_alternative<TomlTable>(header->members[0].value.data);
}

// Behind the key and its value that begin on the line at `at`: the start of the next line.
std::size_t behind_pair(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] != '=') {
    at = text[at] == '"' || text[at] == '\'' ? string_end(text, at) : at + 1;
  }
  const auto value = text.find_first_not_of(" \t", std::min(at + 1, text.size()));
  return value == std::string_view::npos ? text.size() : next_line(text, value_end(text, value));
}

// The lines of a table: to its last value, with the comments right under that. A comment right
// above the next header is that one's, and so is what stands behind a blank line.
std::size_t end_of_table(std::string_view text, std::size_t header, std::string_view name) {
  std::size_t end = next_line(text, header);
  std::size_t at = end;
  while (at < text.size()) {
    const char first = first_letter(text, at);
    const auto next = next_line(text, at);
    if (first == '#' || first == '\n') {
      at = next;
    } else if (first == '[' && !is_header_within(text.substr(at, next - at), name)) {
      break;
    } else {
      at = first == '[' ? next : behind_pair(text, at);
      end = at;
    }
  }
  auto under = end;
  while (under < at && first_letter(text, under) == '#') {
    under = next_line(text, under);
  }
  return under == at && at < text.size() ? end : under;
}

Result<std::string> remove_table_in(std::string_view text, std::string_view name, std::size_t n) {
  const auto before = CW_TRY(parse(text));
  const auto* table = table_at(text, before, name, n);
  if (table == nullptr) {
    return cannot_edit();
  }
  auto from = line_start(text, offset_of(text, table->span));
  auto to = end_of_table(text, from, name);
  while (to < text.size() && first_letter(text, to) == '\n') {
    to = next_line(text, to);
  }
  while (to == text.size() && from > 0 && first_letter(text, line_start(text, from - 1)) == '\n') {
    from = line_start(text, from - 1);  // it was the last: the blank lines before it part nothing
  }
  std::string edited(text);
  edited.erase(from, to - from);
  const auto after = parse(edited);
  auto expected = before;
  const auto member = std::ranges::find(expected.members, name, &TomlMember::key);
  auto& tables = std::get<TomlArray>(member->value.data);
  tables.erase(tables.begin() + static_cast<std::ptrdiff_t>(n));
  if (tables.empty()) {
    expected.members.erase(member);
  }
  return after && same(*after, expected) ? Result<std::string>(std::move(edited)) : cannot_edit();
}

Result<std::string> remove_value_in(std::string_view text, std::string_view name, std::size_t n,
                                    std::string_view key) {
  const auto before = CW_TRY(parse(text));
  const auto* table = table_at(text, before, name, n);
  const auto* old = table == nullptr ? nullptr : std::get<TomlTable>(table->data).find(key);
  if (old == nullptr) {
    return cannot_edit();
  }
  const auto from = line_start(text, offset_of(text, old->span));
  std::string edited(text);
  edited.erase(from, next_line(text, value_end(text, offset_of(text, old->value.span))) - from);
  const auto after = parse(edited);
  auto expected = before;
  const auto member = std::ranges::find(expected.members, name, &TomlMember::key);
  auto& rest = std::get<TomlTable>(std::get<TomlArray>(member->value.data)[n].data);
  std::erase_if(rest.members, [&](const TomlMember& each) { return each.key == key; });
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

Result<std::string> remove_table(std::string_view text, std::string_view name, std::size_t n) {
  return behind_mark(text, [&](std::string_view rest) { return remove_table_in(rest, name, n); });
}

Result<std::string> remove_value(std::string_view text, std::string_view name, std::size_t n,
                                 std::string_view key) {
  return behind_mark(text,
                     [&](std::string_view rest) { return remove_value_in(rest, name, n, key); });
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
