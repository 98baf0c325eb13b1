// SPDX-License-Identifier: Apache-2.0
#include "ha/wire/session.h"

#include <gtest/gtest.h>

namespace cw::ha::wire {
namespace {

// Two ends that have just met.
struct Pair {
  Session a{.boot = 11};
  Session b{.boot = 22};

  void meet() {
    (void)take(b, next_proof(a));
    (void)take(a, next_proof(b));
    (void)take(b, next_proof(a));
  }
};

TEST(Session, TwoThatStartBelieveEachOtherAfterOneHeartbeatEach) {
  Pair pair;
  EXPECT_EQ(take(pair.b, next_proof(pair.a)), Verdict::Unproven);
  EXPECT_EQ(take(pair.a, next_proof(pair.b)), Verdict::Taken);
  EXPECT_EQ(take(pair.b, next_proof(pair.a)), Verdict::Taken);
}

TEST(Session, AHeartbeatIsTakenOnceAndInOrder) {
  Pair pair;
  pair.meet();
  const Proof first = next_proof(pair.a);
  const Proof second = next_proof(pair.a);
  EXPECT_EQ(take(pair.b, second), Verdict::Taken);
  EXPECT_EQ(take(pair.b, second), Verdict::Old);
  EXPECT_EQ(take(pair.b, first), Verdict::Old);
}

TEST(Session, ARecordedHeartbeatDoesNotRevive) {
  Pair pair;
  pair.meet();
  const Proof recorded = next_proof(pair.a);
  pair.b = Session{.boot = 23};  // b restarts; a is dead
  EXPECT_EQ(take(pair.b, recorded), Verdict::Unproven);
  EXPECT_EQ(take(pair.b, recorded), Verdict::Unproven);
}

TEST(Session, ABootThatEndedDoesNotReturn) {
  Pair pair;
  pair.meet();
  Proof recorded = next_proof(pair.a);
  pair.a = Session{.boot = 12};
  pair.meet();
  recorded.sequence += 1000;
  EXPECT_EQ(take(pair.b, recorded), Verdict::Old);
  EXPECT_EQ(take(pair.b, next_proof(pair.a)), Verdict::Taken);
}

TEST(Session, AnEchoOfLongAgoProvesNothing) {
  Pair pair;
  pair.meet();
  Session again{.boot = 12, .echo_boot = 22, .echo_sequence = pair.b.sent};
  const Proof recorded = next_proof(again);
  for (std::uint64_t i = 0; i < kRecent; ++i) {
    (void)next_proof(pair.b);
  }
  EXPECT_EQ(take(pair.b, recorded), Verdict::Unproven);
}

TEST(Session, AnEchoOfWhatWasNeverSentProvesNothing) {
  Session session{.boot = 22, .sent = 5};
  EXPECT_EQ(take(session, {.boot = 11, .sequence = 1, .echoed_boot = 22, .echoed_sequence = 6}),
            Verdict::Unproven);
  EXPECT_EQ(take(session, {.boot = 11, .sequence = 1, .echoed_boot = 22, .echoed_sequence = 0}),
            Verdict::Unproven);
}

TEST(Session, ASiblingThatDoesNotHearUsGoesOnBeingHeard) {
  Pair pair;
  pair.meet();
  for (std::uint64_t i = 0; i < 2 * kRecent; ++i) {
    (void)next_proof(pair.b);  // lost
    EXPECT_EQ(take(pair.b, next_proof(pair.a)), Verdict::Taken);
  }
}

}  // namespace
}  // namespace cw::ha::wire
