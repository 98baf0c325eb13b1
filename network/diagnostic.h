// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// A mistake in a file somebody wrote: what is wrong, where (at both places when two files
// disagree), and what to do about it. Rendered by our own code, so that it reads the same with
// every version of the TOML library. Whatever a file contains, rendering it is safe on a terminal.
// Plain values; a Diagnostic owns its text and outlives the file.
//
//   error: two peers have the address 100.64.0.5
//    --> peers/bob.toml:3
//   3 | address = "100.64.0.5"
//     |           ^^^^^^^^^^^^
//    --> peers/alice.toml:2
//   2 | address = "100.64.0.5"
//     |           ^^^^^^^^^^^^ the other one
//   hint: give one of them a free address
namespace cw::network {

// Part of one line. Lines and columns count from 1, columns and lengths in bytes; line 0 means the
// file as a whole.
struct Span {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t length = 0;

  friend bool operator==(const Span&, const Span&) = default;
};

struct Place {
  std::string file;  // as the person named it, or relative to the network directory
  Span span;
  std::string text = {};  // that line; empty where nobody has filled it in
  std::string note = {};  // behind the underline

  friend bool operator==(const Place&, const Place&) = default;
};

enum class Severity : std::uint8_t { Error, Warning };

struct Diagnostic {
  Severity severity = Severity::Error;
  std::string message;
  Place place;
  std::optional<Place> other = {};  // the second file or line of a mistake that takes two
  std::string hint = {};

  friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};

using Diagnostics = std::vector<Diagnostic>;

[[nodiscard]] bool has_errors(std::span<const Diagnostic> diagnostics);

// Errors first, then by file, line and column.
void sort(Diagnostics& diagnostics);

// Fills in the line of text of each place that lacks one. `content_of` gives a file's content, or
// nothing where it is gone; each file is asked for once.
using ContentOf = std::function<std::optional<std::string>(const std::string& file)>;
void quote_lines(Diagnostics& diagnostics, const ContentOf& content_of);

enum class Colour : std::uint8_t { Off, On };

// Ends with a newline.
[[nodiscard]] std::string render(const Diagnostic& diagnostic, Colour colour = Colour::Off);

// All of them (at most kMostShown, then how many are left out), with a blank line between and a
// closing line "2 errors, 1 warning". Nothing where there are none.
inline constexpr std::size_t kMostShown = 50;  // more scrolls the first, likely the cause, away
[[nodiscard]] std::string render(std::span<const Diagnostic> diagnostics,
                                 Colour colour = Colour::Off);

// The candidate a person most likely meant by `word`: at most a third of its letters wrong, by
// edit distance with neighbouring letters swapped counting once.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word,
                                                      std::span<const std::string_view> candidates);

}  // namespace cw::network
