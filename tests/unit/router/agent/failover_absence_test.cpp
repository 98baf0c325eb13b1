// SPDX-License-Identifier: Apache-2.0
#include "router/agent/failover_absence.h"

#include <gtest/gtest.h>

namespace cw::agent {
namespace {

using News = FailoverAbsence::News;

TEST(FailoverAbsence, IsToldOnceAndSoIsItsEnd) {
  FailoverAbsence absence;
  EXPECT_EQ(absence.look(true), News::None);
  EXPECT_EQ(absence.look(true), News::Gone);
  EXPECT_EQ(absence.look(true), News::None);
  EXPECT_EQ(absence.look(false), News::Back);
  EXPECT_EQ(absence.look(false), News::None);
}

TEST(FailoverAbsence, ARestartIsNone) {
  FailoverAbsence absence;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(absence.look(true), News::None);
    EXPECT_EQ(absence.look(false), News::None);
  }
}

}  // namespace
}  // namespace cw::agent
