// SPDX-License-Identifier: Apache-2.0
#include "base/printable.h"

#include <algorithm>
#include <cstddef>

namespace cw {

namespace {

// Length of the UTF-8 sequence `text` begins with, 0 where it begins with none (RFC 3629 section 3;
// overlong and surrogate forms are let through, they show as a replacement mark).
std::size_t sequence_size(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t size = first < 0x80   ? 1
                           : first < 0xc2 ? 0
                           : first < 0xe0 ? 2
                           : first < 0xf0 ? 3
                           : first < 0xf5 ? 4
                                          : 0;
  const auto rest = text.substr(1, size == 0 ? 0 : size - 1);
  const bool whole =
      size <= text.size() && std::ranges::all_of(rest, [](char c) { return (c & 0xc0) == 0x80; });
  return whole ? size : 0;
}

// C0, C1 and DEL, and the marks of UAX #9 that reverse what stands around them.
bool is_unsafe(std::string_view sequence) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
  if (sequence.size() == 1) {
    return byte(0) < 0x20 || byte(0) >= 0x7f;
  }
  if (sequence.size() == 2) {
    return byte(0) == 0xc2 && byte(1) < 0xa0;
  }
  if (sequence.size() == 3 && byte(0) == 0xe2) {
    return (byte(1) == 0x80 &&
            (byte(2) == 0x8e || byte(2) == 0x8f || (byte(2) >= 0xa8 && byte(2) <= 0xae))) ||
           (byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9);
  }
  return false;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto size = sequence_size(text.substr(at));
    const auto sequence = text.substr(at, std::max<std::size_t>(1, size));
    if (sequence == "\t") {
      out += ' ';
    } else if (size == 0 || is_unsafe(sequence)) {
      out += '?';
    } else {
      out += sequence;
    }
    at += sequence.size();
  }
  return out;
}

std::string printable_lines(std::string_view text) {
  std::string out;
  for (;;) {
    const auto end = text.find('\n');
    out += printable(text.substr(0, end));
    if (end == std::string_view::npos) {
      return out;
    }
    out += '\n';
    text.remove_prefix(end + 1);
  }
}

}  // namespace cw
