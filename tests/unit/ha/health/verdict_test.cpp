// SPDX-License-Identifier: Apache-2.0
#include "ha/health/verdict.h"

#include <gtest/gtest.h>

namespace cw::ha::health {
namespace {

// The verdict after each look: '+' is good, '-' is not.
std::string judged(Verdict verdict, std::string_view looks) {
  std::string verdicts;
  for (const char look : looks) {
    (void)verdict.note(look == '+');
    verdicts += verdict.good() ? '+' : '-';
  }
  return verdicts;
}

TEST(Verdict, ChangesAfterEnoughLooksInARow) {
  const Verdict verdict({.bad = 2, .good = 3}, false);
  EXPECT_EQ(judged(verdict, "+-+-+--++-+++-"),  //
            "++++++------++");
}

TEST(Verdict, TheFirstLookIsBelievedWhereItIsGood) {
  EXPECT_EQ(judged(Verdict({.bad = 2, .good = 3}, false), "+"), "+");
  EXPECT_EQ(judged(Verdict({.bad = 2, .good = 3}, false), "-++"), "---");
  EXPECT_EQ(judged(Verdict({.bad = 2, .good = 3}, true), "--"), "+-");
}

TEST(Verdict, SaysWhenItIsAnother) {
  Verdict verdict({.bad = 1, .good = 2}, true);
  EXPECT_FALSE(verdict.note(true));
  EXPECT_TRUE(verdict.note(false));
  EXPECT_FALSE(verdict.note(false));
  EXPECT_FALSE(verdict.note(true));
  EXPECT_TRUE(verdict.note(true));
}

}  // namespace
}  // namespace cw::ha::health
