// SPDX-License-Identifier: Apache-2.0
#include "network/toml_syntax.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "network/toml_bare_value.h"

namespace cw::network {

namespace {

constexpr std::string_view kBlank = " \t";
constexpr char kPathSeparator = '\x1f';  // cannot stand in a key unescaped

struct Mistake {
  std::size_t at = 0;
  std::size_t length = 1;
  std::string message;
  std::string note = {};
  std::string hint = {};
  std::optional<std::size_t> other_at = {};
  std::size_t other_length = 1;
};

struct KeyPath {
  std::string path;  // parts joined by kPathSeparator
  std::string shown;
  std::size_t at = 0;
  std::size_t length = 0;
};

bool is_bare(char c) {
  return (std::isalnum(static_cast<unsigned char>(c)) != 0) || c == '_' || c == '-';
}

// A reader of TOML that keeps nothing but the names it has seen. Each function returns false after
// it has noted a mistake; the first one stands.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<Mistake> run() {
    document();
    return std::move(mistake_);
  }

 private:
  enum class Kind { Value, Table, Tables, Implied };

  struct Seen {
    std::size_t at = 0;
    std::size_t length = 0;
    Kind kind = Kind::Value;  // Implied: by a longer key or header
  };

  bool document();
  bool header();
  bool member(const std::string& table);
  bool key(KeyPath& out);
  bool value(std::size_t key_at);
  bool array();
  bool inline_table();
  bool string();
  bool long_string(std::string_view quotes);
  bool escape();
  bool bare_value();
  bool end_of_line(std::string_view after_what);
  bool define(const KeyPath& key, Kind kind);

  bool fail(Mistake mistake) {
    if (!mistake_) {
      mistake_ = std::move(mistake);
    }
    return false;
  }

  [[nodiscard]] bool done() const { return at_ >= text_.size(); }

  [[nodiscard]] char here() const { return done() ? '\n' : text_[at_]; }

  [[nodiscard]] bool at_newline() const {
    return done() || text_[at_] == '\n' || text_.substr(at_, 2) == "\r\n";
  }

  // A bare key and '=' stand here.
  [[nodiscard]] bool at_member() const {
    std::size_t i = at_;
    while (i < text_.size() && (is_bare(text_[i]) || text_[i] == '.')) {
      ++i;
    }
    const auto next = text_.find_first_not_of(kBlank, i);
    return i > at_ && next != std::string_view::npos && text_[next] == '=';
  }

  [[nodiscard]] std::size_t to_line_end() const {
    const auto rest = text_.substr(at_, text_.find('\n', at_) - at_);
    const auto last = rest.find_last_not_of(" \t\r");
    return last == std::string_view::npos ? 1 : last + 1;
  }

  void skip(std::string_view what) {
    at_ = std::min(text_.find_first_not_of(what, at_), text_.size());
  }

  void skip_lines() {  // blanks, comments and line ends
    for (skip(" \t\r\n"); here() == '#' && !done(); skip(" \t\r\n")) {
      at_ = std::min(text_.find('\n', at_), text_.size());
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string table_;  // path of the current [table]
  std::map<std::string, Seen> seen_;
  std::map<std::string, std::size_t> elements_;  // of each array of tables
  std::optional<Mistake> mistake_;
};

bool Reader::document() {
  for (skip_lines(); !done(); skip_lines()) {
    if (here() == '[' ? !header() : !member(table_)) {
      return false;
    }
  }
  return true;
}

bool Reader::header() {
  const std::size_t start = at_;
  const bool array = text_.substr(at_).starts_with("[[");
  const std::string_view close = array ? "]]" : "]";
  at_ += close.size();
  skip(kBlank);
  KeyPath name;
  if (!key(name)) {
    return false;
  }
  skip(kBlank);
  if (!text_.substr(at_).starts_with(close)) {
    return fail(
        {.at = start,
         .length = at_ - start,
         .message = fmt::format("this table header is not closed with {}", close),
         .hint = array ? "write [[name]] alone on its line" : "write [name] alone on its line"});
  }
  at_ += close.size();
  name.at = start;
  name.length = at_ - start;
  // A header inside an array of tables means its newest element.
  const auto outer = name.path.find(kPathSeparator);
  if (outer != std::string::npos) {
    const auto first = name.path.substr(0, outer);
    if (const auto found = elements_.find(first); found != elements_.end()) {
      name.path = fmt::format("{}#{}{}", first, found->second, name.path.substr(outer));
    }
  }
  if (!define(name, array ? Kind::Tables : Kind::Table)) {
    return false;
  }
  table_ = array ? fmt::format("{}#{}", name.path, ++elements_[name.path]) : name.path;
  return end_of_line("the table header");
}

bool Reader::define(const KeyPath& key, Kind kind) {
  const auto twice = [&](const Seen& first) {
    return fail({.at = key.at,
                 .length = key.length,
                 .message = fmt::format("`{}` is set twice", key.shown),
                 .hint = "keep one of them",
                 .other_at = first.at,
                 .other_length = first.length});
  };
  for (auto end = key.path.find(kPathSeparator); end != std::string::npos;
       end = key.path.find(kPathSeparator, end + 1)) {
    const auto [outer, fresh] = seen_.try_emplace(
        key.path.substr(0, end), Seen{.at = key.at, .length = key.length, .kind = Kind::Implied});
    if (outer->second.kind == Kind::Value) {
      return twice(outer->second);
    }
  }
  const auto [found, fresh] =
      seen_.try_emplace(key.path, Seen{.at = key.at, .length = key.length, .kind = kind});
  const bool again = found->second.kind == Kind::Tables && kind == Kind::Tables;
  const bool filled_in = found->second.kind == Kind::Implied && kind == Kind::Table;
  if (filled_in) {
    found->second.kind = kind;
  }
  return fresh || again || filled_in || twice(found->second);
}

bool Reader::member(const std::string& table) {
  const std::size_t start = at_;
  KeyPath name;
  if (!key(name)) {
    return false;
  }
  skip(kBlank);
  if (here() != '=' || done()) {
    at_ = start;
    return fail({.at = start,
                 .length = to_line_end(),
                 .message = "this line is not TOML: there is no '=' behind the key",
                 .hint = "a line is `key = value`, `[table]`, or a comment that begins with #"});
  }
  ++at_;
  skip(kBlank);
  if (!table.empty()) {
    name.path = table + kPathSeparator + name.path;
  }
  return define(name, Kind::Value) && value(start) && end_of_line("the value");
}

bool Reader::key(KeyPath& out) {
  out.at = at_;
  for (;;) {
    const std::size_t start = at_;
    std::string part;
    if (here() == '"' || here() == '\'') {
      if (!string()) {
        return false;
      }
      part = text_.substr(start + 1, at_ - start - 2);
    } else {
      while (!done() && is_bare(text_[at_])) {
        part += text_[at_++];
      }
    }
    if (part.empty() && at_ == start) {
      at_ = start;
      return fail({.at = start,
                   .length = 1,
                   .message = done() || at_newline() ? "a key is missing here"
                                                     : "a key cannot begin like this",
                   .hint = "a line is `key = value`, `[table]`, or a comment that begins with #"});
    }
    out.path += (out.path.empty() ? "" : std::string(1, kPathSeparator)) + part;
    out.shown += (out.shown.empty() ? "" : ".") + part;
    out.length = at_ - out.at;
    const std::size_t end = at_;
    skip(kBlank);
    if (here() != '.' || done()) {
      at_ = end;
      return true;
    }
    ++at_;
    skip(kBlank);
  }
}

bool Reader::value(std::size_t key_at) {
  if (at_newline() || here() == '#') {
    return fail({.at = key_at,
                 .length = at_ > key_at ? at_ - key_at : 1,
                 .message = "the value is missing",
                 .hint = "write it behind the '='; an empty string is \"\", an empty list []"});
  }
  switch (here()) {
    case '"':
    case '\'':
      return string();
    case '[':
      return array();
    case '{':
      return inline_table();
    default:
      return bare_value();
  }
}

bool Reader::array() {
  const std::size_t start = at_++;
  for (;;) {
    skip_lines();
    if (!done() && here() == ']') {
      ++at_;
      return true;
    }
    if (done()) {
      break;
    }
    if (here() == ',') {
      return fail({.at = at_, .message = "a value is missing before this comma"});
    }
    if (at_member()) {
      break;  // the next line's key: it is the array that was left open
    }
    if (!value(start)) {
      return false;
    }
    skip_lines();
    if (!done() && here() == ',') {
      ++at_;
    } else if (!done() && here() != ']') {
      if (at_member()) {
        break;
      }
      return fail({.at = at_,
                   .length = 1,
                   .message = "a comma is missing between two values",
                   .note = "before this one"});
    }
  }
  at_ = start;
  return fail({.at = start,
               .length = to_line_end(),
               .message = "this array is not closed",
               .hint = "add the missing ']'"});
}

bool Reader::inline_table() {
  const std::size_t start = at_++;
  std::map<std::string, Seen> outer;
  std::swap(outer, seen_);
  bool good = true;
  for (bool first = true; good; first = false) {
    skip(kBlank);
    if (first && here() == '}') {
      ++at_;
      break;
    }
    KeyPath name;
    const std::size_t key_at = at_;
    if (at_newline()) {
      good = fail({.at = start,
                   .length = at_ - start,
                   .message = "a table in braces must be closed on the line it begins",
                   .hint = "put it on one line, or write it as a [table]"});
      break;
    }
    if (here() == '}') {
      good = fail({.at = at_, .message = "a comma stands before this brace", .hint = "remove it"});
      break;
    }
    good = key(name);
    skip(kBlank);
    if (good && here() != '=') {
      good = fail({.at = key_at,
                   .length = name.length,
                   .message = "there is no '=' behind this key",
                   .hint = "write it as { key = value }"});
      break;
    }
    at_ += good ? 1 : 0;
    skip(kBlank);
    good = good && define(name, Kind::Value) && value(key_at);
    skip(kBlank);
    if (good && here() == '}' && !done()) {
      ++at_;
      break;
    }
    if (good && here() != ',') {
      good = fail({.at = start,
                   .length = at_ - start,
                   .message = "this table in braces is not closed",
                   .hint = "its members are separated by commas, and a '}' ends it"});
    }
    at_ += good ? 1 : 0;
  }
  std::swap(outer, seen_);
  return good;
}

bool Reader::escape() {
  const char c = at_ + 1 < text_.size() ? text_[at_ + 1] : '\n';
  const std::size_t digits = c == 'u' ? 4 : c == 'U' ? 8 : 0;
  const auto code = text_.substr(std::min(at_ + 2, text_.size()), digits);
  if (std::string_view("btnfr\"\\uU").find(c) == std::string_view::npos || code.size() < digits ||
      code.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos) {
    return fail({.at = at_,
                 .length = 2,
                 .message = "a backslash here begins an escape that TOML does not know",
                 .hint = "write \\\\ for a backslash, or put the string in single quotes"});
  }
  at_ += 2 + digits;
  return true;
}

bool Reader::string() {
  const std::size_t start = at_;
  const char quote = here();
  const std::string_view three = quote == '"' ? "\"\"\"" : "'''";
  if (text_.substr(at_).starts_with(three)) {
    return long_string(three);
  }
  for (++at_; !at_newline();) {
    const char c = here();
    if (c == quote) {
      ++at_;
      return true;
    }
    if (c == '\\' && quote == '"') {
      if (!escape()) {
        return false;
      }
    } else if (static_cast<unsigned char>(c) < 0x20 && c != '\t') {
      return fail({.at = at_, .message = "a control character stands in this string"});
    } else {
      ++at_;
    }
  }
  at_ = start;
  return fail({.at = start,
               .length = to_line_end(),
               .message = "this string is not closed",
               .hint = fmt::format("add the missing {} before the end of the line", quote)});
}

bool Reader::long_string(std::string_view quotes) {
  const std::size_t start = at_;
  auto end = text_.find(quotes, at_ + 3);
  if (end == std::string_view::npos) {
    return fail({.at = start,
                 .length = to_line_end(),
                 .message = "this string is not closed",
                 .hint = fmt::format("it began with {0} and needs {0} at its end", quotes)});
  }
  at_ = end + 3;
  return true;
}

bool Reader::bare_value() {
  const std::size_t start = at_;
  at_ = std::min(text_.find_first_of(",]}#\r\n", at_), text_.size());
  auto token = text_.substr(start, at_ - start);
  token = token.substr(0, token.find_last_not_of(kBlank) + 1);
  auto wrong = wrong_bare_value(token);
  return !wrong || fail({.at = start,
                         .length = std::max<std::size_t>(1, token.size()),
                         .message = std::move(wrong->message),
                         .hint = std::move(wrong->hint)});
}

bool Reader::end_of_line(std::string_view after_what) {
  skip(kBlank);
  if (at_newline() || here() == '#') {
    return true;
  }
  return fail({.at = at_,
               .length = to_line_end(),
               .message = fmt::format("there is something behind {}", after_what),
               .hint = "begin a new line for it, or a comment with #"});
}

Span span_at(std::string_view text, std::size_t at, std::size_t length) {
  const auto before = text.substr(0, at);
  return {.line = static_cast<std::uint32_t>(1 + std::ranges::count(before, '\n')),
          .column = static_cast<std::uint32_t>(at - (before.rfind('\n') + 1) + 1),
          .length = static_cast<std::uint32_t>(std::max<std::size_t>(1, length))};
}

}  // namespace

Diagnostic explain_syntax(std::string_view text, const std::string& file,
                          std::uint32_t refused_line) {
  if (auto mistake = Reader(text).run()) {
    Diagnostic made{
        .message = std::move(mistake->message),
        .place = {.file = file,
                  .span = span_at(text, mistake->at, mistake->length),
                  .note = std::move(mistake->note)},
        .hint = std::move(mistake->hint),
    };
    if (mistake->other_at) {
      made.other = Place{.file = file,
                         .span = span_at(text, *mistake->other_at, mistake->other_length),
                         .note = "here first"};
    }
    return made;
  }
  return Diagnostic{
      .message = "this is not TOML",
      .place = {.file = file, .span = {.line = refused_line, .column = 1, .length = 1}},
      .hint = "compare with the examples in causeway-network(5)",
  };
}

}  // namespace cw::network
