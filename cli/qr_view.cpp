// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "cli/qr_code.h"

namespace cw::cli {

namespace {

// ISO/IEC 18004 wants four modules; on a screen two are enough for every app, and fit more often.
constexpr std::size_t kQuiet = 2;

constexpr std::string_view kWhiteOnBlack = "\x1b[40;97m";
constexpr std::string_view kReset = "\x1b[0m";

}  // namespace

bool QrCode::dark(std::size_t x, std::size_t y) const {
  return x < width && y < width && modules.expose()[y * width + x] == 1;
}

std::size_t columns(const QrCode& code) {
  return code.width + 2 * kQuiet;
}

std::size_t lines(const QrCode& code) {
  return (columns(code) + 1) / 2;
}

net::Secret half_blocks(const QrCode& code, Colour colour) {
  // By which of the two modules are light: none, the lower, the upper, both.
  constexpr std::array<std::string_view, 4> kBlocks = {" ", "\u2584", "\u2580", "\u2588"};
  constexpr std::size_t kLongestBlock = 3;
  const auto around = colour == Colour::On ? kWhiteOnBlack.size() + kReset.size() : 0;
  net::Secret text(lines(code) * (columns(code) * kLongestBlock + around + 1));
  auto* out = text.memory().data();
  const auto put = [&](std::string_view what) { out = std::ranges::copy(what, out).out; };
  for (std::size_t line = 0; line < lines(code); ++line) {
    put(colour == Colour::On ? kWhiteOnBlack : "");
    for (std::size_t column = 0; column < columns(code); ++column) {
      // Behind the left and upper edge the subtraction wraps, to what is outside of the code.
      const bool upper = !code.dark(column - kQuiet, 2 * line - kQuiet);
      const bool lower = !code.dark(column - kQuiet, 2 * line + 1 - kQuiet);
      put(kBlocks.at((upper ? 2U : 0U) + (lower ? 1U : 0U)));
    }
    put(colour == Colour::On ? kReset : "");
    put("\n");
  }
  return net::Secret(
      std::string_view(text.expose().data(), static_cast<std::size_t>(out - text.memory().data())));
}

}  // namespace cw::cli
