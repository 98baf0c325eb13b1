// SPDX-License-Identifier: Apache-2.0
#include "base/group_file.h"

#include <gtest/gtest.h>

namespace cw {
namespace {

constexpr auto kFile =
    "root:x:0:\ncauseway2:x:7:\n# a note\ncauseway:!:998:alice,bob\ncauseway:x:5:\n";

TEST(GroupFile, TheFirstGroupOfThatNameCounts) {
  EXPECT_EQ(group_in(kFile, "causeway"), 998U);
  EXPECT_EQ(group_in(kFile, "root"), 0U);
}

TEST(GroupFile, WhatIsNotThereIsNoGroup) {
  EXPECT_EQ(group_in(kFile, "cause"), std::nullopt);
  EXPECT_EQ(group_in("", "causeway"), std::nullopt);
}

TEST(GroupFile, ALineThatIsCutOffOrNoNumberIsPassedOver) {
  EXPECT_EQ(group_in("causeway:x:", "causeway"), std::nullopt);
  EXPECT_EQ(group_in("causeway", "causeway"), std::nullopt);
  EXPECT_EQ(group_in("causeway:x:12a:\ncauseway:x:99999999999:\ncauseway:x:6", "causeway"), 6U);
}

}  // namespace
}  // namespace cw
