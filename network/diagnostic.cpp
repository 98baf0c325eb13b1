// SPDX-License-Identifier: Apache-2.0
#include "network/diagnostic.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "base/printable.h"

namespace cw::network {

namespace {

// Wide enough for what people write by hand, narrow enough for a terminal with a margin.
constexpr std::size_t kWidestQuote = 100;
constexpr std::string_view kCut = "...";

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

// The quoted line, cut around the offending text, and where that begins and ends in it.
struct Quote {
  std::string line;
  std::size_t before = 0;  // characters
  std::size_t marked = 1;
};

Quote quote(const Place& place) {
  const std::string_view text = place.text;
  const std::size_t column = place.span.column == 0 ? 0 : place.span.column - 1;
  const std::size_t from = std::min(column, text.size());
  std::size_t to = std::min(from + place.span.length, text.size());
  const auto continues = [&](std::size_t at) {
    return at > 0 && at < text.size() && (text[at] & 0xc0) == 0x80;
  };
  std::size_t first = 0;
  std::size_t last = text.size();
  if (text.size() > kWidestQuote) {
    first = from > kWidestQuote / 3 ? from - kWidestQuote / 3 : 0;
    last = std::min(text.size(), first + kWidestQuote);
    while (continues(first)) {
      --first;
    }
    while (continues(last)) {
      --last;
    }
    to = std::min(to, last);
  }
  Quote quoted;
  quoted.line = first > 0 ? std::string(kCut) : std::string();
  quoted.before = quoted.line.size() + characters(printable(text.substr(first, from - first)));
  quoted.marked = std::max<std::size_t>(1, characters(printable(text.substr(from, to - from))));
  quoted.line += printable(text.substr(first, last - first));
  if (last < text.size()) {
    quoted.line += kCut;
  }
  return quoted;
}

struct Paint {
  bool on = false;

  [[nodiscard]] std::string operator()(std::string_view code, std::string_view text) const {
    return on ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
  }
};

constexpr std::string_view kRed = "1;31";
constexpr std::string_view kYellow = "1;33";
constexpr std::string_view kBlue = "34";
constexpr std::string_view kBold = "1";

void render_place(std::string& out, const Place& place, std::size_t gutter, const Paint& paint,
                  std::string_view mark_colour) {
  const std::string margin(gutter, ' ');
  out += fmt::format("{} {}", margin.substr(1), paint(kBlue, "-->"));
  out += " " + printable(place.file);
  if (place.span.line == 0) {
    out += place.note.empty() ? "\n" : ": " + printable(place.note) + "\n";
    return;
  }
  out += fmt::format(":{}\n", place.span.line);
  if (place.text.empty()) {
    if (!place.note.empty()) {
      out += fmt::format("{} {} {}\n", margin, paint(kBlue, "="), printable(place.note));
    }
    return;
  }
  const Quote quoted = quote(place);
  out += fmt::format("{} {}\n", paint(kBlue, fmt::format("{:>{}} |", place.span.line, gutter)),
                     quoted.line);
  out += fmt::format("{} {} {}{}{}\n", margin, paint(kBlue, "|"), std::string(quoted.before, ' '),
                     paint(mark_colour, std::string(quoted.marked, '^')),
                     place.note.empty() ? "" : " " + printable(place.note));
}

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace

bool has_errors(std::span<const Diagnostic> diagnostics) {
  return std::ranges::any_of(
      diagnostics, [](const Diagnostic& each) { return each.severity == Severity::Error; });
}

void sort(Diagnostics& diagnostics) {
  const auto key = [](const Diagnostic& d) {
    return std::tie(d.severity, d.place.file, d.place.span.line, d.place.span.column, d.message);
  };
  std::ranges::stable_sort(diagnostics,
                           [&](const auto& a, const auto& b) { return key(a) < key(b); });
}

void quote_lines(Diagnostics& diagnostics, const ContentOf& content_of) {
  std::map<std::string, std::vector<Place*>> wanted;
  for (auto& diagnostic : diagnostics) {
    for (Place* place : {&diagnostic.place, diagnostic.other ? &*diagnostic.other : nullptr}) {
      if (place != nullptr && place->span.line != 0 && place->text.empty()) {
        wanted[place->file].push_back(place);
      }
    }
  }
  for (auto& [file, places] : wanted) {
    std::ranges::sort(places, {}, [](const Place* place) { return place->span.line; });
    const auto content = content_of(file);
    if (!content) {
      continue;
    }
    std::string_view rest = *content;
    std::uint32_t line = 1;
    for (Place* place : places) {
      for (; line < place->span.line && !rest.empty(); ++line) {
        const auto newline = rest.find('\n');
        rest.remove_prefix(newline == std::string_view::npos ? rest.size() : newline + 1);
      }
      if (line == place->span.line) {
        auto text = rest.substr(0, rest.find('\n'));
        if (text.ends_with('\r')) {
          text.remove_suffix(1);
        }
        place->text = text;
      }
    }
  }
}

std::string render(const Diagnostic& diagnostic, Colour colour) {
  const Paint paint{.on = colour == Colour::On};
  const bool error = diagnostic.severity == Severity::Error;
  const auto main_colour = error ? kRed : kYellow;
  const auto last_line =
      std::max(diagnostic.place.span.line, diagnostic.other ? diagnostic.other->span.line : 0);
  const std::size_t gutter = fmt::formatted_size("{}", last_line);

  std::string out = paint(main_colour, error ? "error:" : "warning:");
  out += " " + paint(kBold, printable(diagnostic.message)) + "\n";
  render_place(out, diagnostic.place, gutter, paint, main_colour);
  if (diagnostic.other) {
    render_place(out, *diagnostic.other, gutter, paint, kBlue);
  }
  if (!diagnostic.hint.empty()) {
    out += fmt::format("{} {}\n", paint(kBold, "hint:"), printable(diagnostic.hint));
  }
  return out;
}

std::string render(std::span<const Diagnostic> diagnostics, Colour colour) {
  if (diagnostics.empty()) {
    return {};
  }
  std::string out;
  for (const auto& diagnostic : diagnostics.first(std::min(diagnostics.size(), kMostShown))) {
    out += render(diagnostic, colour) + "\n";
  }
  if (diagnostics.size() > kMostShown) {
    out += fmt::format("({} more not shown)\n", diagnostics.size() - kMostShown);
  }
  const auto errors = static_cast<std::size_t>(std::ranges::count(
      diagnostics, Severity::Error, [](const Diagnostic& each) { return each.severity; }));
  const std::size_t warnings = diagnostics.size() - errors;
  if (errors > 0) {
    out += counted(errors, "error") + (warnings > 0 ? ", " : "\n");
  }
  if (warnings > 0) {
    out += counted(warnings, "warning") + "\n";
  }
  return out;
}

namespace {

// Optimal string alignment distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> two_back(b.size() + 1);
  std::vector<std::size_t> back(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    back[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] =
          std::min({back[j] + 1, row[j - 1] + 1, back[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], two_back[j - 2] + 1);
      }
    }
    std::swap(two_back, back);
    std::swap(back, row);
  }
  return back[b.size()];
}

constexpr std::size_t kLongestCompared = 64;  // no known word is longer; bounds the work

}  // namespace

std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> candidates) {
  if (word.size() > kLongestCompared) {
    return std::nullopt;
  }
  std::optional<std::string_view> best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const auto candidate : candidates) {
    if (candidate == word || candidate.size() > kLongestCompared) {
      continue;
    }
    const auto away = distance(word, candidate);
    if (away < best_distance) {
      best = candidate;
      best_distance = away;
    }
  }
  return best;
}

}  // namespace cw::network
