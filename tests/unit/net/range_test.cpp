// SPDX-License-Identifier: Apache-2.0
#include "net/range.h"

#include <gtest/gtest.h>

namespace cw::net {
namespace {

Ip ip(const char* text) {
  return *Ip::parse(text);
}

std::string text(const char* first, const char* last) {
  return Range{.first = ip(first), .last = ip(last)}.to_text();
}

TEST(Range, IsAnAddressAPrefixOrBothEnds) {
  EXPECT_EQ(text("10.0.0.5", "10.0.0.5"), "10.0.0.5");
  EXPECT_EQ(text("10.0.0.4", "10.0.0.5"), "10.0.0.4/31");
  EXPECT_EQ(text("10.0.0.5", "10.0.0.6"), "10.0.0.5-10.0.0.6");
  EXPECT_EQ(text("0.0.0.0", "255.255.255.255"), "0.0.0.0/0");
  EXPECT_EQ(text("fd00::", "fd00::ffff"), "fd00::/112");
  EXPECT_EQ(text("fd00::", "fd00::fffe"), "fd00::-fd00::fffe");
}

TEST(Range, HasNeighboursAcrossBytes) {
  EXPECT_EQ(after(ip("10.0.255.255")), ip("10.1.0.0"));
  EXPECT_EQ(before(ip("10.1.0.0")), ip("10.0.255.255"));
  EXPECT_EQ(after(ip("fd00::ffff:ffff")), ip("fd00::1:0:0"));
  EXPECT_EQ(before(ip("fd00::1:0:0")), ip("fd00::ffff:ffff"));
}

TEST(Range, EndsWithItsFamily) {
  EXPECT_FALSE(after(ip("255.255.255.255")));
  EXPECT_FALSE(before(ip("0.0.0.0")));
  EXPECT_FALSE(after(ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")));
  EXPECT_FALSE(before(ip("::")));
}

}  // namespace
}  // namespace cw::net
