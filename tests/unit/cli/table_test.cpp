// SPDX-License-Identifier: Apache-2.0
#include "cli/table.h"

#include <gtest/gtest.h>

namespace cw::cli {
namespace {

TEST(Table, LinesUp) {
  EXPECT_EQ(table({{"NAME"}, {"SIZE", Align::Right}, {"KEY"}},
                  {{{"a"}, {"1 B"}, {"k1"}}, {{"longer"}, {"1024 B"}, {"k2"}}}, Colour::Off),
            "NAME      SIZE  KEY\n"
            "a          1 B  k1\n"
            "longer  1024 B  k2\n");
}

TEST(Table, LinesUpInColourToo) {
  EXPECT_EQ(table({{"A"}, {"B"}}, {{{"x", Paint::Red}, {"y"}}}, Colour::On),
            "\x1b[1mA\x1b[0m  \x1b[1mB\x1b[0m\n\x1b[31mx\x1b[0m  y\n");
}

TEST(Age, HasTwoUnitsAtMost) {
  EXPECT_EQ(age(-5), "0 s");
  EXPECT_EQ(age(59), "59 s");
  EXPECT_EQ(age(60), "1 min");
  EXPECT_EQ(age(3599), "59 min");
  EXPECT_EQ(age(3600), "1 h");
  EXPECT_EQ(age(3600 * 2 + 300), "2 h 5 min");
  EXPECT_EQ(age(86400 * 3 + 3600 * 4 + 59), "3 d 4 h");
}

TEST(Size, IsShort) {
  EXPECT_EQ(size(0), "0 B");
  EXPECT_EQ(size(1023), "1023 B");
  EXPECT_EQ(size(1536), "1.5 KiB");
  EXPECT_EQ(size(18446744073709551615U), "16.0 EiB");
}

TEST(Plural, KnowsOne) {
  EXPECT_EQ(plural(0, "peer"), "0 peers");
  EXPECT_EQ(plural(1, "peer"), "1 peer");
}

}  // namespace
}  // namespace cw::cli
