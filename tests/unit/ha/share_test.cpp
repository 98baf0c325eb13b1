// SPDX-License-Identifier: Apache-2.0
#include "ha/share.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::ha {
namespace {

using testing::ElementsAre;

TEST(Share, AmongThePoorWhoeverMissesTheFewestTargets) {
  EXPECT_THAT(rank("g", {{.router = "a", .fitness = Fitness::Poor, .missed = 2},
                         {.router = "b", .fitness = Fitness::Poor, .owned = 3, .missed = 1}}),
              ElementsAre("b", "a"));
}

TEST(Share, TheFittestThenTheOneWithTheLeast) {
  EXPECT_THAT(rank("g", {{.router = "a", .fitness = Fitness::Poor, .owned = 0},
                         {.router = "b", .fitness = Fitness::Fit, .owned = 3},
                         {.router = "c", .fitness = Fitness::Fit, .owned = 1},
                         {.router = "d", .fitness = Fitness::Unfit, .owned = 0}}),
              ElementsAre("c", "b", "a"));
}

TEST(Share, EqualsAreChosenByBothNamesAndNotByTheAlphabet) {
  std::map<std::string, int> first;
  for (int i = 0; i < 300; ++i) {
    ++first[rank("g" + std::to_string(i), {{.router = "a"}, {.router = "b"}, {.router = "c"}})[0]];
  }
  EXPECT_GT(first["a"], 70);
  EXPECT_GT(first["b"], 70);
  EXPECT_GT(first["c"], 70);
}

TEST(Share, TheOrderOfTheCandidatesDoesNotMatter) {
  EXPECT_EQ(rank("g", {{.router = "a"}, {.router = "b"}, {.router = "c"}}),
            rank("g", {{.router = "c"}, {.router = "a"}, {.router = "b"}}));
}

}  // namespace
}  // namespace cw::ha
