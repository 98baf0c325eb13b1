// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "netlink/socket/channel.h"

namespace cw::netlink {
namespace {

Result<int> interrupted() {
  return Error::make(ErrorKind::Interrupted, "changed under way");
}

TEST(RetryInterrupted, ReadsAgainUntilADumpIsWhole) {
  int calls = 0;
  const auto result =
      retry_interrupted([&calls] { return ++calls < 3 ? interrupted() : Result<int>(7); });
  EXPECT_EQ(result.value_or(0), 7);
  EXPECT_EQ(calls, 3);
}

TEST(RetryInterrupted, GivesUpInTheEnd) {
  int calls = 0;
  const auto result = retry_interrupted([&calls] {
    ++calls;
    return interrupted();
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::Interrupted);
  EXPECT_EQ(calls, kDumpAttempts);
}

TEST(RetryInterrupted, DoesNotRepeatOtherErrors) {
  int calls = 0;
  const auto result = retry_interrupted([&calls]() -> Result<int> {
    ++calls;
    return Error::make(ErrorKind::Permission, "no");
  });
  EXPECT_FALSE(result);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace cw::netlink
