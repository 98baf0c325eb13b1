// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/table.h"
#include "net/secret.h"

// QR codes (ISO/IEC 18004), as the apps on phones scan them. The modules of a configuration are as
// secret as its text. Pure: libqrencode makes the modules, libpng writes the image.
namespace cw::cli {

// Level L holds 2,953 bytes; above this the largest code is no longer read reliably from a screen.
inline constexpr std::size_t kMostInQrCode = 2900;

struct QrCode {
  std::size_t width = 0;  // in modules; the code is a square
  net::Secret modules;    // row by row; 1 is dark

  [[nodiscard]] bool dark(std::size_t x, std::size_t y) const;  // light outside of the code
};

// ErrorKind::Exhausted: the text is longer than kMostInQrCode. Unsupported: a static binary, for
// which there is no libqrencode.
Result<QrCode> qr_code(std::string_view text);

// A grey image, kPixels to a module, with the quiet zone around it.
Result<net::Secret> png(const QrCode& code);

// Two rows to a line by half blocks, light modules in the foreground: it is read from a dark
// terminal. With colour, from any.
[[nodiscard]] net::Secret half_blocks(const QrCode& code, Colour colour);

// What half_blocks() takes, in characters.
[[nodiscard]] std::size_t columns(const QrCode& code);
[[nodiscard]] std::size_t lines(const QrCode& code);

}  // namespace cw::cli
