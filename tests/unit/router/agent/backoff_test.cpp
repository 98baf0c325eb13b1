// SPDX-License-Identifier: Apache-2.0
#include "router/agent/backoff.h"

#include <gtest/gtest.h>

namespace cw::agent {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, DoublesUpToTheLongest) {
  Backoff backoff(500ms, 1500ms);
  EXPECT_EQ(backoff.next(), 500ms);
  EXPECT_EQ(backoff.next(), 1000ms);
  EXPECT_EQ(backoff.next(), 1500ms);
  EXPECT_EQ(backoff.next(), 1500ms);
}

TEST(Backoff, StartsOverAfterASuccess) {
  Backoff backoff(500ms, 4s);
  (void)backoff.next();
  (void)backoff.next();
  backoff.reset();
  EXPECT_EQ(backoff.next(), 500ms);
}

}  // namespace
}  // namespace cw::agent
