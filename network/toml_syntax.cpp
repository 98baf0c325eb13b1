// SPDX-License-Identifier: Apache-2.0
#include "network/toml_syntax.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "network/toml_bare_value.h"
#include "network/toml_names.h"

namespace cw::network {

namespace {

constexpr std::string_view kBlank = " \t";

struct Mistake {
  std::size_t at = 0;
  std::size_t length = 1;
  std::string message;
  std::string note = {};
  std::string hint = {};
  std::optional<std::size_t> other_at = {};
  std::size_t other_length = 1;
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
  bool document();
  bool header();
  bool member();
  bool key(TomlName& out);
  bool value(std::size_t key_at);
  bool array();
  bool inline_table();
  bool inline_member();
  bool string();
  bool long_string(std::string_view quotes);
  bool escape();
  bool bare_value();
  bool end_of_line(std::string_view after_what);
  bool new_name(const TomlName& name, const std::optional<TomlNames::Place>& earlier);

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
  TomlNames names_;
  std::optional<Mistake> mistake_;
};

bool Reader::document() {
  for (skip_lines(); !done(); skip_lines()) {
    if (here() == '[' ? !header() : !member()) {
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
  TomlName name;
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
  return new_name(name, array ? names_.add_table_of_array(name) : names_.add_table(name)) &&
         end_of_line("the table header");
}

bool Reader::new_name(const TomlName& name, const std::optional<TomlNames::Place>& earlier) {
  return !earlier || fail({.at = name.at,
                           .length = name.length,
                           .message = fmt::format("`{}` is set twice", name.shown()),
                           .hint = "keep one of them",
                           .other_at = earlier->at,
                           .other_length = earlier->length});
}

bool Reader::member() {
  const std::size_t start = at_;
  TomlName name;
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
  return new_name(name, names_.add_value(name)) && value(start) && end_of_line("the value");
}

bool Reader::key(TomlName& out) {
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
    if (at_ == start) {
      return fail(
          {.at = start,
           .length = 1,
           .message = at_newline() ? "a key is missing here" : "a key cannot begin like this",
           .hint = "a line is `key = value`, `[table]`, or a comment that begins with #"});
    }
    out.parts.push_back(std::move(part));
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
  const TomlNames outer = std::exchange(names_, TomlNames());
  skip(kBlank);
  while (here() != '}') {
    if (at_newline()) {
      return fail({.at = start,
                   .length = at_ - start,
                   .message = "a table in braces must be closed on the line it begins",
                   .hint = "put it on one line, or write it as a [table]"});
    }
    if (!inline_member()) {
      return false;
    }
    skip(kBlank);
    if (here() == ',') {
      ++at_;
      skip(kBlank);
      if (here() == '}') {
        return fail(
            {.at = at_, .message = "a comma stands before this brace", .hint = "remove it"});
      }
    } else if (here() != '}') {
      return fail({.at = start,
                   .length = at_ - start,
                   .message = "this table in braces is not closed",
                   .hint = "its members are separated by commas, and a '}' ends it"});
    }
  }
  ++at_;
  names_ = outer;
  return true;
}

bool Reader::inline_member() {
  const std::size_t start = at_;
  TomlName name;
  if (!key(name)) {
    return false;
  }
  skip(kBlank);
  if (here() != '=') {
    return fail({.at = start,
                 .length = name.length,
                 .message = "there is no '=' behind this key",
                 .hint = "write it as { key = value }"});
  }
  ++at_;
  skip(kBlank);
  return new_name(name, names_.add_value(name)) && value(start);
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
