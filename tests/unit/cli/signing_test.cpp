// SPDX-License-Identifier: Apache-2.0
#include "cli/signing.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace cw::cli {
namespace {

TEST(Finish, TellsWhatIsNotPermittedFromWhatFailed) {
  EXPECT_EQ(finish(kChangesPending, {}), kChangesPending);
  EXPECT_EQ(finish(Error::invalid("wrong"), {}), kFailed);
  EXPECT_EQ(finish(Error::from_errno(EACCES, "cannot open x"), {}), kNotPermitted);
}

}  // namespace
}  // namespace cw::cli
