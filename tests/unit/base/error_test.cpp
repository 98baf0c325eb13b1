// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/result.h"

namespace cw {
namespace {

struct Mapped {
  int os;
  ErrorKind kind;
};

TEST(Error, ItsKindSaysWhatToDoAboutAnErrno) {
  // One of each group that the kernel's interfaces we use really return.
  for (const auto& [os, kind] : {
           Mapped{.os = ENODEV, .kind = ErrorKind::NotFound},
           Mapped{.os = ESRCH, .kind = ErrorKind::NotFound},  // a route or rule to delete
           Mapped{.os = EADDRNOTAVAIL, .kind = ErrorKind::NotFound},
           Mapped{.os = EEXIST, .kind = ErrorKind::Exists},
           Mapped{.os = EADDRINUSE, .kind = ErrorKind::Exists},
           Mapped{.os = EPERM, .kind = ErrorKind::Permission},
           Mapped{.os = EACCES, .kind = ErrorKind::Permission},
           Mapped{.os = EINTR, .kind = ErrorKind::Interrupted},
           Mapped{.os = ENOBUFS, .kind = ErrorKind::Interrupted},  // notifications were lost
           Mapped{.os = EOPNOTSUPP, .kind = ErrorKind::Unsupported},
           Mapped{.os = EAFNOSUPPORT, .kind = ErrorKind::Unsupported},  // IPv6 is off
           Mapped{.os = ENOSPC, .kind = ErrorKind::Exhausted},
           Mapped{.os = ENOMEM, .kind = ErrorKind::Exhausted},
           Mapped{.os = EINVAL, .kind = ErrorKind::Invalid},
           Mapped{.os = EBUSY, .kind = ErrorKind::Retryable},
           Mapped{.os = EIO, .kind = ErrorKind::Retryable},  // one nobody has thought of
       }) {
    const auto error = Error::from_errno(os, "x");
    EXPECT_EQ(error.kind, kind) << os;
    EXPECT_EQ(error.os, os);
  }
}

TEST(Error, ReadsFromTheOutsideInAndEndsWithTheKernelsWord) {
  const auto error =
      Error::from_errno(ENOENT, "cannot open /x").with_context("the key").with_context("starting");
  EXPECT_EQ(error.to_text(), "starting: the key: cannot open /x: No such file or directory");
  EXPECT_EQ(Error::invalid("no name").to_text(), "no name");
}

TEST(Error, EachKindHasAWordOfItsOwn) {
  std::vector<std::string_view> words;
  for (auto kind = static_cast<int>(ErrorKind::Invalid); kind <= static_cast<int>(ErrorKind::Bug);
       ++kind) {
    words.push_back(to_text(static_cast<ErrorKind>(kind)));
  }
  std::ranges::sort(words);
  EXPECT_EQ(std::ranges::adjacent_find(words), words.end());
}

Result<int> halved(int number) {
  if (number % 2 != 0) {
    return Error::invalid("odd");
  }
  return number / 2;
}

Result<int> quartered(int number) {
  const int half = CW_TRY(halved(number));
  return CW_TRY_IN(halved(half), "the second half");
}

TEST(Try, GivesTheValueOrReturnsTheErrorWithItsContext) {
  EXPECT_EQ(*quartered(12), 3);
  EXPECT_EQ(quartered(3).error().to_text(), "odd");
  EXPECT_EQ(quartered(6).error().to_text(), "the second half: odd");
}

}  // namespace
}  // namespace cw
