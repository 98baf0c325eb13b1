// SPDX-License-Identifier: Apache-2.0
#include "cli/qr_code.h"

#include <cerrno>
#include <memory>
#include <span>

#include <fmt/format.h>
#include <png.h>
#include <qrencode.h>

#include "net/key.h"

namespace cw::cli {

namespace {

constexpr std::size_t kPixels = 6;  // a side of a module
constexpr std::size_t kQuiet = 4;   // modules around (ISO/IEC 18004 section 6.3.8)
constexpr unsigned char kDark = 0x00;
constexpr unsigned char kLight = 0xff;

struct FreeCode {
  void operator()(QRcode* code) const {
    net::wipe({code->data,
               static_cast<std::size_t>(code->width) * static_cast<std::size_t>(code->width)});
    QRcode_free(code);
  }
};

}  // namespace

Result<QrCode> qr_code(std::string_view text) {
  if (text.size() > kMostInQrCode) {
    return Error::make(ErrorKind::Exhausted,
                       fmt::format("the configuration has {} bytes, and a QR code at most {}",
                                   text.size(), kMostInQrCode));
  }
  constexpr int kSmallestThatFits = 0;
  const std::unique_ptr<QRcode, FreeCode> made(QRcode_encodeData(
      static_cast<int>(text.size()), reinterpret_cast<const unsigned char*>(text.data()),
      kSmallestThatFits, QR_ECLEVEL_L));
  if (!made) {
    return Error::from_errno(errno, "cannot make a QR code");
  }
  const auto width = static_cast<std::size_t>(made->width);
  QrCode code{.width = width, .modules = net::Secret(width * width)};
  const std::span<const unsigned char> data(made->data, width * width);
  for (std::size_t i = 0; i < data.size(); ++i) {
    code.modules.memory()[i] = static_cast<char>(data[i] & 1U);  // qrencode.h: 1 is black
  }
  return code;
}

Result<net::Secret> png(const QrCode& code) {
  const std::size_t side = (code.width + 2 * kQuiet) * kPixels;
  net::Secret pixels(side * side);
  for (std::size_t y = 0; y < side; ++y) {
    for (std::size_t x = 0; x < side; ++x) {
      // Outside of the code the subtraction wraps, and it is light there.
      const bool dark = code.dark(x / kPixels - kQuiet, y / kPixels - kQuiet);
      pixels.memory()[y * side + x] = static_cast<char>(dark ? kDark : kLight);
    }
  }
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(side);
  image.height = static_cast<png_uint_32>(side);
  image.format = PNG_FORMAT_GRAY;
  const auto write = [&](void* memory, png_alloc_size_t& size) {
    constexpr int kNoConversion = 0;
    constexpr png_int_32 kPacked = 0;
    return png_image_write_to_memory(&image, memory, &size, kNoConversion, pixels.expose().data(),
                                     kPacked, nullptr) != 0;
  };
  png_alloc_size_t size = 0;
  if (!write(nullptr, size)) {
    return Error::make(ErrorKind::Bug, fmt::format("cannot write a PNG: {}", image.message));
  }
  net::Secret out(size);
  if (!write(out.memory().data(), size)) {
    return Error::make(ErrorKind::Bug, fmt::format("cannot write a PNG: {}", image.message));
  }
  return out;
}

}  // namespace cw::cli
