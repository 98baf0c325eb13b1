// SPDX-License-Identifier: Apache-2.0
#include "fetch/request.h"

#include <gtest/gtest.h>

#include "fetch/schedule.h"

namespace cw::fetch {
namespace {

TEST(FetchStatus, TellsContentFromWhatIsKnown) {
  EXPECT_EQ(*meaning_of(200, false), Meaning::Done);
  EXPECT_EQ(*meaning_of(204, false), Meaning::Done);
  EXPECT_EQ(*meaning_of(304, true), Meaning::NotModified);
}

TEST(FetchStatus, OfNotModifiedIsRefusedWhereNobodyAsked) {
  EXPECT_EQ(meaning_of(304, false).error().kind, ErrorKind::Invalid);
}

TEST(FetchStatus, SaysWhatToDoAboutAnError) {
  EXPECT_EQ(meaning_of(404, true).error().kind, ErrorKind::NotFound);
  EXPECT_EQ(meaning_of(403, true).error().kind, ErrorKind::Permission);
  EXPECT_EQ(meaning_of(412, false).error().kind, ErrorKind::Exists);
  EXPECT_EQ(meaning_of(503, true).error().kind, ErrorKind::Retryable);
  EXPECT_EQ(meaning_of(429, true).error().kind, ErrorKind::Retryable);
  for (const long odd : {0L, 206L, 302L, 418L, 600L}) {
    EXPECT_EQ(meaning_of(odd, true).error().kind, ErrorKind::Invalid) << odd;
  }
}

TEST(FetchVersion, IsAnEntityTagThatCanBeSentBack) {
  EXPECT_EQ(version_of(" \"abc\"\r\n"), "\"abc\"");
  EXPECT_EQ(version_of("W/\"abc\""), "W/\"abc\"");
  EXPECT_EQ(version_of("\"a\r\nX-Evil: 1\""), "");
  EXPECT_EQ(version_of(std::string(kLongestVersion + 1, 'x')), "");
  EXPECT_EQ(version_of("  \r\n"), "");
}

TEST(FetchVersion, IsStrongOrWeak) {
  EXPECT_TRUE(is_strong("\"abc\""));
  EXPECT_FALSE(is_strong("W/\"abc\""));
  EXPECT_FALSE(is_strong("\""));
  EXPECT_FALSE(is_strong(""));
}

TEST(FetchSchedule, IsNeverLaterAndAtMostAFifthSooner) {
  using std::chrono::milliseconds;
  EXPECT_EQ(jittered(milliseconds(30'000), 0), milliseconds(30'000));
  EXPECT_EQ(jittered(milliseconds(30'000), 6'000), milliseconds(24'000));
  EXPECT_EQ(jittered(milliseconds(30'000), 6'001), milliseconds(30'000));
  EXPECT_EQ(jittered(milliseconds(0), 7), milliseconds(0));
  for (std::uint64_t random = 1; random != 0; random *= 3) {
    const auto next = jittered(milliseconds(5'000), random);
    EXPECT_GE(next, milliseconds(4'000));
    EXPECT_LE(next, milliseconds(5'000));
    if (random > (std::uint64_t{1} << 62U)) {
      break;
    }
  }
}

}  // namespace
}  // namespace cw::fetch
