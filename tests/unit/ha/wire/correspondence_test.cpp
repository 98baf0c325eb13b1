// SPDX-License-Identifier: Apache-2.0
#include "ha/wire/correspondence.h"

#include <gtest/gtest.h>

namespace cw::ha::wire {
namespace {

// One end: what it remembers of the other.
struct End {
  Session session;
  Correspondence letters;
};

struct Pair {
  End a{.session = {.boot = 11}};
  End b{.session = {.boot = 22}};

  void meet() {
    (void)take(b.session, next_proof(a.session));
    (void)take(a.session, next_proof(b.session));
    (void)take(b.session, next_proof(a.session));
  }

  Verdict give(const Stamp& stamp) { return take_sealed(b.letters, b.session, stamp); }

  Stamp write() { return next_stamp(a.letters, a.session).value(); }
};

TEST(Correspondence, NothingIsWrittenToABootThatIsNotBelieved) {
  Pair pair;
  EXPECT_FALSE(next_stamp(pair.a.letters, pair.a.session));
  pair.meet();
  EXPECT_EQ(next_stamp(pair.a.letters, pair.a.session),
            (Stamp{.boot = 11, .to_boot = 22, .sequence = 1}));
}

TEST(Correspondence, ALetterIsTakenOnceAndInOrder) {
  Pair pair;
  pair.meet();
  const Stamp first = pair.write();
  const Stamp second = pair.write();
  EXPECT_EQ(pair.give(second), Verdict::Taken);
  EXPECT_EQ(pair.give(second), Verdict::Old);
  EXPECT_EQ(pair.give(first), Verdict::Old);
  EXPECT_EQ(pair.give(pair.write()), Verdict::Taken);
}

TEST(Correspondence, ABootThatDoesNotLiveSaysNothing) {
  Pair pair;
  EXPECT_EQ(pair.give({.boot = 11, .to_boot = 22, .sequence = 1}), Verdict::Unproven);
  EXPECT_EQ(pair.give({.boot = 0, .to_boot = 22, .sequence = 1}), Verdict::Unproven);
  pair.meet();
  EXPECT_EQ(pair.give({.boot = 12, .to_boot = 22, .sequence = 1}), Verdict::Unproven);
}

// The sender lives on and is believed again, so its boot alone does not tell old from new.
TEST(Correspondence, WhatWasWrittenBeforeWeRestartedIsNotForUs) {
  Pair pair;
  pair.meet();
  const Stamp recorded = pair.write();
  pair.b = End{.session = {.boot = 23}};
  pair.meet();
  EXPECT_EQ(pair.give(recorded), Verdict::Old);
  EXPECT_EQ(pair.give(pair.write()), Verdict::Taken);
  EXPECT_EQ(pair.give(recorded), Verdict::Old);
}

TEST(Correspondence, ABootThatEndedDoesNotReturn) {
  Pair pair;
  pair.meet();
  EXPECT_EQ(pair.give(pair.write()), Verdict::Taken);
  const Stamp withheld = pair.write();
  pair.a = End{.session = {.boot = 12}};
  pair.meet();
  EXPECT_EQ(pair.give(withheld), Verdict::Old);
  EXPECT_EQ(pair.give(pair.write()), Verdict::Taken);
  EXPECT_EQ(pair.give(withheld), Verdict::Old);
}

TEST(Correspondence, ANewBootCountsFromOne) {
  Pair pair;
  pair.meet();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(pair.give(pair.write()), Verdict::Taken);
  }
  pair.a = End{.session = {.boot = 12}};
  pair.meet();
  EXPECT_EQ(pair.give(pair.write()), Verdict::Taken);
}

}  // namespace
}  // namespace cw::ha::wire
