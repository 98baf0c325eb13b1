// SPDX-License-Identifier: Apache-2.0
#include "firewall/codec/nft_error.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace cw::firewall {

namespace {

// Enough of a line to recognise it.
constexpr std::size_t kExcerptBefore = 60;
constexpr std::size_t kExcerptLimit = 160;

using Phrase = std::pair<std::string_view, ErrorKind>;

// strerror(3) in the C locale, which is what the agent runs in.
constexpr std::array kPhrases = {
    Phrase{"Operation not permitted", ErrorKind::Permission},
    Phrase{"Permission denied", ErrorKind::Permission},
    Phrase{"No such file or directory", ErrorKind::NotFound},
    Phrase{"File exists", ErrorKind::Exists},
    Phrase{"Operation not supported", ErrorKind::Unsupported},
    Phrase{"Protocol not supported", ErrorKind::Unsupported},
    Phrase{"Cannot allocate memory", ErrorKind::Exhausted},
    Phrase{"No buffer space available", ErrorKind::Exhausted},
    Phrase{"Message too long", ErrorKind::Exhausted},
    Phrase{"No space left on device", ErrorKind::Exhausted},
    Phrase{"Device or resource busy", ErrorKind::Retryable},
    Phrase{"Interrupted system call", ErrorKind::Retryable},
    Phrase{"Resource temporarily unavailable", ErrorKind::Retryable},
};

std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

struct Place {
  unsigned line = 0;
  unsigned column = 0;
  std::string_view message;
};

// "/proc/self/fd/5:3:41-42: Error: No such file or directory"
std::optional<Place> parse_place(std::string_view line) {
  const auto error = line.find(": Error: ");
  if (error == std::string_view::npos) {
    return std::nullopt;
  }
  Place place{.message = line.substr(error + std::string_view(": Error: ").size())};
  const auto where = line.substr(0, error);
  const auto column_at = where.rfind(':');
  if (column_at == std::string_view::npos || column_at == 0) {
    return std::nullopt;
  }
  const auto line_at = where.rfind(':', column_at - 1);
  if (line_at == std::string_view::npos) {
    return std::nullopt;
  }
  const auto number = [](std::string_view digits, unsigned& into) {
    return std::from_chars(digits.data(), digits.data() + digits.size(), into).ec == std::errc();
  };
  if (!number(where.substr(line_at + 1, column_at - line_at - 1), place.line) ||
      !number(where.substr(column_at + 1), place.column)) {
    return std::nullopt;
  }
  return place;
}

std::string excerpt(std::string_view line, std::size_t column) {
  const auto at = column > 0 ? column - 1 : 0;
  const auto from = at > kExcerptBefore ? at - kExcerptBefore : 0;
  const auto shown = line.substr(std::min(from, line.size()), kExcerptLimit);
  return fmt::format("{}{}{}", from > 0 ? "..." : "", shown,
                     from + shown.size() < line.size() ? "..." : "");
}

ErrorKind kind_of(std::string_view message) {
  for (const auto& [words, kind] : kPhrases) {
    if (message.find(words) != std::string_view::npos) {
      return kind;
    }
  }
  return ErrorKind::Invalid;
}

}  // namespace

Error nft_error(std::string_view complaint, const std::string& what) {
  auto rest = complaint;
  const auto first = take_line(rest);
  if (const auto place = parse_place(first)) {
    const auto line = take_line(rest);
    return Error::make(kind_of(place->message),
                       fmt::format("{}: nft on line {}: {}: {}", what, place->line, place->message,
                                   excerpt(line, place->column)));
  }
  return Error::make(kind_of(first), fmt::format("{}: nft: {}", what,
                                                 first.empty() ? "refused without a word"
                                                               : first.substr(0, kExcerptLimit)));
}

}  // namespace cw::firewall
