// SPDX-License-Identifier: Apache-2.0
#include "base/unique_fd.h"

#include <utility>

#include <fcntl.h>
#include <gtest/gtest.h>

namespace cw {
namespace {

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

int opened() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

TEST(UniqueFd, ClosesWhatItOwnsOnce) {
  const int number = opened();
  {
    UniqueFd first(number);
    const UniqueFd second(std::move(first));
    EXPECT_TRUE(is_open(number));
    EXPECT_EQ(second.get(), number);
  }
  EXPECT_FALSE(is_open(number));
}

TEST(UniqueFd, ClosesWhatItHadWhenItTakesAnother) {
  const int before = opened();
  UniqueFd fd(before);
  const int after = opened();
  fd = UniqueFd(after);
  EXPECT_FALSE(is_open(before));
  EXPECT_TRUE(is_open(after));
}

TEST(UniqueFd, GivesAwayWhatIsReleased) {
  UniqueFd fd(opened());
  const UniqueFd now_mine(fd.release());
  EXPECT_FALSE(fd);
  EXPECT_TRUE(is_open(now_mine.get()));
}

}  // namespace
}  // namespace cw
