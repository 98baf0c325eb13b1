// SPDX-License-Identifier: Apache-2.0
#include "cli/qr_code.h"

#include <gtest/gtest.h>

namespace cw::cli {
namespace {

// Two modules by two: dark, light; light, dark.
QrCode small() {
  QrCode code{.width = 2, .modules = net::Secret(4)};
  code.modules.memory()[0] = 1;
  code.modules.memory()[3] = 1;
  return code;
}

TEST(HalfBlocks, ShowTwoRowsALineWithLightInTheForeground) {
  EXPECT_EQ(half_blocks(small(), Colour::Off).expose(), "██████\n██▄▀██\n██████\n");
  EXPECT_EQ(columns(small()), 6U);
  EXPECT_EQ(lines(small()), 3U);
}

TEST(HalfBlocks, SetTheirOwnColoursWhereTheyMay) {
  EXPECT_EQ(half_blocks(small(), Colour::On).expose().substr(0, 14), "\x1b[40;97m██");
}

TEST(QrCodeOf, HoldsWhatItPromisesAndNoByteMore) {
  const auto code = qr_code(std::string(kMostInQrCode, 'x'));
  ASSERT_TRUE(code);
  EXPECT_EQ(code->width, 177U);  // version 40, the largest there is
  const auto longer = qr_code(std::string(kMostInQrCode + 1, 'x'));
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().kind, ErrorKind::Exhausted);
}

TEST(QrCodeOf, AsAnImageBeginsLikeAPng) {
  const auto code = qr_code("text");
  ASSERT_TRUE(code);
  const auto image = png(*code);
  ASSERT_TRUE(image);
  EXPECT_EQ(image->expose().substr(0, 4), "\x89PNG");
}

}  // namespace
}  // namespace cw::cli
