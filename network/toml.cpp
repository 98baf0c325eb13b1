// SPDX-License-Identifier: Apache-2.0
#include "network/toml.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <sstream>
#include <tuple>

#include <toml.hpp>

#include "network/toml_bounds.h"
#include "network/toml_plain.h"
#include "network/toml_syntax.h"

namespace cw::network {

namespace {

using Parsed = ::toml::value;

// What the two versions of the library spell differently: where a value begins, and parsing itself.
#if TOML11_VERSION_MAJOR < 4

// In bytes from the start of the text. The library's own source_location counts lines from the top
// for each value, which makes a large file quadratic; this asks the region beneath it.
std::size_t offset_of(const Parsed& value, const std::vector<std::size_t>& /*line_starts*/) {
  const auto* region =
      dynamic_cast<const ::toml::detail::region*>(::toml::detail::get_region(value));
  return region == nullptr ? 0 : static_cast<std::size_t>(region->first() - region->begin());
}

struct Refused {
  std::uint32_t line = 0;
};

tl::expected<Parsed, Refused> parse(std::string_view text) {
  try {
    std::istringstream stream{std::string(text)};
    return ::toml::parse(stream, "");
  } catch (const ::toml::exception& error) {
    return tl::unexpected(Refused{.line = error.location().line()});
  } catch (const std::exception&) {
    return tl::unexpected(Refused{});
  }
}

#else

std::size_t offset_of(const Parsed& value, const std::vector<std::size_t>& line_starts) {
  const auto location = value.location();
  const auto line = location.is_ok() ? location.first_line_number() : 1;
  return line_starts[std::min(line, line_starts.size()) - 1] + location.first_column_number() - 1;
}

struct Refused {
  std::uint32_t line = 0;
};

tl::expected<Parsed, Refused> parse(std::string_view text) {
  try {
    auto parsed = ::toml::try_parse_str(std::string(text));
    if (parsed.is_ok()) {
      return std::move(parsed.unwrap());
    }
    const auto& errors = parsed.unwrap_err();
    if (errors.empty() || errors.front().locations().empty()) {
      return tl::unexpected(Refused{});
    }
    const auto line = errors.front().locations().front().first.first_line_number();
    return tl::unexpected(Refused{.line = static_cast<std::uint32_t>(line)});
  } catch (const std::exception&) {
    return tl::unexpected(Refused{});
  }
}

#endif

WallTime to_wall_time(const ::toml::offset_datetime& time) {
  using namespace std::chrono;
  const auto date = year(time.date.year) / month(static_cast<unsigned>(time.date.month) + 1) /
                    day(static_cast<unsigned>(time.date.day));
  return sys_days(date) + hours(time.time.hour) + minutes(time.time.minute) +
         seconds(time.time.second) - hours(time.offset.hour) - minutes(time.offset.minute);
}

// Turns the library's tree into ours, finding the places in the text.
class Conversion {
 public:
  explicit Conversion(std::string_view text) : text_(text) {
    for (std::size_t at = 0; at != std::string_view::npos;) {
      line_starts_.push_back(at);
      const auto newline = text.find('\n', at);
      at = newline == std::string_view::npos ? newline : newline + 1;
    }
  }

  TomlTable table(const Parsed& parsed);

 private:
  TomlValue value(const Parsed& parsed);
  TomlMember member(const std::string& key, const Parsed& parsed);
  [[nodiscard]] Span span(std::size_t from, std::size_t to) const;
  [[nodiscard]] std::size_t line_start(std::size_t at) const;
  [[nodiscard]] std::optional<Span> key_before(std::size_t value_start) const;

  std::string_view text_;
  std::vector<std::size_t> line_starts_;
};

std::size_t Conversion::line_start(std::size_t at) const {
  return *std::prev(std::ranges::upper_bound(line_starts_, at));
}

Span Conversion::span(std::size_t from, std::size_t to) const {
  const auto line = std::prev(std::ranges::upper_bound(line_starts_, from));
  const auto newline = text_.find('\n', from);
  to = std::min({to, newline == std::string_view::npos ? text_.size() : newline, text_.size()});
  while (to > from + 1 &&
         (text_[to - 1] == ' ' || text_[to - 1] == '\t' || text_[to - 1] == '\r')) {
    --to;
  }
  return {.line = static_cast<std::uint32_t>(line - line_starts_.begin() + 1),
          .column = static_cast<std::uint32_t>(from - *line + 1),
          .length = static_cast<std::uint32_t>(to > from ? to - from : 1)};
}

// The last part of the key, where `=` and a value follow it.
std::optional<Span> Conversion::key_before(std::size_t value_start) const {
  const auto first = line_start(value_start);
  std::size_t at = value_start;
  const auto skip_blanks = [&] {
    while (at > first && (text_[at - 1] == ' ' || text_[at - 1] == '\t')) {
      --at;
    }
  };
  skip_blanks();
  if (at == first || text_[at - 1] != '=') {
    return std::nullopt;
  }
  --at;
  skip_blanks();
  const std::size_t end = at;
  if (at > first && (text_[at - 1] == '"' || text_[at - 1] == '\'')) {
    const char quote = text_[at - 1];
    for (--at; at > first && text_[at - 1] != quote; --at) {
    }
    return span(at > first ? at - 1 : first, end);
  }
  while (at > first && std::string_view(" \t.,{").find(text_[at - 1]) == std::string_view::npos) {
    --at;
  }
  return span(at, end);
}

TomlMember Conversion::member(const std::string& key, const Parsed& parsed) {
  TomlMember made{.key = key, .span = {}, .value = value(parsed)};
  // A [table] is its own key.
  made.span = key_before(offset_of(parsed, line_starts_)).value_or(made.value.span);
  return made;
}

TomlTable Conversion::table(const Parsed& parsed) {
  TomlTable made;
  made.members.reserve(parsed.as_table().size());
  for (const auto& [key, each] : parsed.as_table()) {
    made.members.push_back(member(key, each));
  }
  // The library keeps tables unordered.
  std::ranges::sort(made.members, [](const TomlMember& a, const TomlMember& b) {
    return std::tie(a.span.line, a.span.column, a.key) <
           std::tie(b.span.line, b.span.column, b.key);
  });
  return made;
}

// The end of the value at `from`, at most its line's: enough to underline it.
std::size_t value_end(std::string_view text, std::size_t from) {
  const char open = text[from];
  if (open == '"' || open == '\'') {
    std::size_t at = from + 1;
    while (at < text.size() && text[at] != open && text[at] != '\n') {
      at += text[at] == '\\' && open == '"' ? 2U : 1U;
    }
    return at + 1;
  }
  if (open == '[' || open == '{') {
    std::size_t depth = 0;
    for (std::size_t at = from; at < text.size() && text[at] != '\n' && text[at] != '#'; ++at) {
      if (text[at] == '"' || text[at] == '\'') {
        at = value_end(text, at) - 1;
      } else if (text[at] == '[' || text[at] == '{') {
        ++depth;
      } else if ((text[at] == ']' || text[at] == '}') && --depth == 0) {
        return at + 1;
      }
    }
    const auto end = text.find_first_of("\n#", from);
    return end == std::string_view::npos ? text.size() : end;
  }
  return text.find_first_of(",]}#\n", from);
}

TomlValue Conversion::value(const Parsed& parsed) {
  TomlValue made;
  const std::size_t from =
      std::min(offset_of(parsed, line_starts_), text_.empty() ? 0 : text_.size() - 1);
  // The table of a dotted key stands where the key does.
  const bool dotted = parsed.is_table() && text_[from] != '[' && text_[from] != '{';
  made.span = span(from, dotted ? text_.find('=', from) : value_end(text_, from));
  if (parsed.is_string()) {
    made.data = static_cast<const std::string&>(parsed.as_string());
  } else if (parsed.is_integer()) {
    made.data = static_cast<std::int64_t>(parsed.as_integer());
  } else if (parsed.is_boolean()) {
    made.data = static_cast<bool>(parsed.as_boolean());
  } else if (parsed.is_offset_datetime()) {
    made.data = to_wall_time(parsed.as_offset_datetime());
  } else if (parsed.is_floating()) {
    made.data = static_cast<double>(parsed.as_floating());
  } else if (parsed.is_table()) {
    made.data = table(parsed);
  } else if (parsed.is_array()) {
    TomlArray items;
    items.reserve(parsed.as_array().size());
    for (const auto& each : parsed.as_array()) {
      items.push_back(value(each));
    }
    made.data = std::move(items);
  } else {
    made.data = TomlLocalTime{};
  }
  return made;
}

}  // namespace

const TomlMember* TomlTable::find(std::string_view key) const {
  const auto found = std::ranges::find(members, key, &TomlMember::key);
  return found == members.end() ? nullptr : &*found;
}

std::string_view type_name(const TomlValue& value) {
  struct Name {
    std::string_view operator()(const std::string&) const { return "a string"; }

    std::string_view operator()(std::int64_t) const { return "a whole number"; }

    std::string_view operator()(double) const { return "a number with a fraction"; }

    std::string_view operator()(bool) const { return "true or false"; }

    std::string_view operator()(const WallTime&) const { return "a date and time"; }

    std::string_view operator()(const TomlLocalTime&) const { return "a time without an offset"; }

    std::string_view operator()(const TomlArray&) const { return "an array"; }

    std::string_view operator()(const TomlTable&) const { return "a table"; }
  };

  return std::visit(Name{}, value.data);
}

tl::expected<TomlTable, Diagnostic> parse_toml(std::string_view text, const std::string& file,
                                               const TomlLimits& limits) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) {
    text.remove_prefix(kByteOrderMark.size());
  }
  if (auto refused = out_of_bounds(text, file, limits.largest_file)) {
    return tl::unexpected(std::move(*refused));
  }
  if (auto plain = parse_plain(text)) {
    return std::move(*plain);
  }
  const auto parsed = parse(text);
  if (!parsed) {
    return tl::unexpected(explain_syntax(text, file, parsed.error().line));
  }
  return Conversion(text).table(*parsed);
}

}  // namespace cw::network
