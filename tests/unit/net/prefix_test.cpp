// SPDX-License-Identifier: Apache-2.0
#include "net/prefix.h"

#include <gtest/gtest.h>

namespace cw::net {
namespace {

Prefix prefix(const char* text) {
  return *Prefix::parse(text);
}

TEST(Prefix, ParsesWhatItPrints) {
  for (const auto* text : {"0.0.0.0/0", "10.0.0.0/16", "10.0.1.5/32", "::/0", "fd00::/48"}) {
    const auto parsed = Prefix::parse(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->to_text(), text);
  }
}

TEST(Prefix, NamesWhatWasMeantWhenHostBitsAreSet) {
  const auto parsed = Prefix::parse("10.0.3.7/16");
  ASSERT_FALSE(parsed);
  EXPECT_NE(parsed.error().message.find("did you mean 10.0.0.0/16?"), std::string::npos);
}

TEST(Prefix, RefusesMissingAndImpossibleLengths) {
  for (const auto* text : {"10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/08",
                           "10.0.0.0/-1", "10.0.0.0/8x", "/8"}) {
    EXPECT_FALSE(Prefix::parse(text)) << text;
  }
}

TEST(Prefix, ContainsOnlyItsOwnFamilyAndRange) {
  EXPECT_TRUE(prefix("10.0.0.0/16").contains(*Ip::parse("10.0.255.255")));
  EXPECT_FALSE(prefix("10.0.0.0/16").contains(*Ip::parse("10.1.0.0")));
  EXPECT_FALSE(prefix("0.0.0.0/0").contains(*Ip::parse("::")));
  EXPECT_TRUE(prefix("10.0.0.0/16").contains(prefix("10.0.4.0/24")));
  EXPECT_FALSE(prefix("10.0.4.0/24").contains(prefix("10.0.0.0/16")));
}

TEST(Prefix, OverlapsWhicheverIsTheWider) {
  EXPECT_TRUE(prefix("10.0.0.0/16").overlaps(prefix("10.0.4.0/24")));
  EXPECT_TRUE(prefix("10.0.4.0/24").overlaps(prefix("10.0.0.0/16")));
  EXPECT_FALSE(prefix("10.0.4.0/24").overlaps(prefix("10.0.5.0/24")));
}

TEST(Prefix, KnowsItsHighestAddress) {
  EXPECT_EQ(prefix("10.0.4.0/22").last().to_text(), "10.0.7.255");
  EXPECT_EQ(prefix("fd00::/64").last().to_text(), "fd00::ffff:ffff:ffff:ffff");
  EXPECT_EQ(prefix("10.0.1.5/32").last().to_text(), "10.0.1.5");
}

}  // namespace
}  // namespace cw::net
