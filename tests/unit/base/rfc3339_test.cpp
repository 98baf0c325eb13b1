// SPDX-License-Identifier: Apache-2.0
#include "base/rfc3339.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace cw {
namespace {

using std::chrono::seconds;

TEST(Rfc3339, CountsFromTheEpochInUtc) {
  EXPECT_EQ(to_rfc3339(WallTime(seconds(0))), "1970-01-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339(WallTime(seconds(1'801'418'400))), "2027-01-31T18:00:00Z");
  EXPECT_EQ(*from_rfc3339("2027-01-31T18:00:00Z"), WallTime(seconds(1'801'418'400)));
}

TEST(Rfc3339, KnowsLeapYears) {
  EXPECT_TRUE(from_rfc3339("2028-02-29T00:00:00Z"));
  EXPECT_FALSE(from_rfc3339("2027-02-29T00:00:00Z"));
  EXPECT_TRUE(from_rfc3339("2000-02-29T00:00:00Z"));
  EXPECT_FALSE(from_rfc3339("2100-02-29T00:00:00Z"));
}

TEST(Rfc3339, TakesNoOtherForm) {
  for (const auto* text : {
           "",
           "2027",
           "2027-01-31",
           "2027-01-31T18:00:00",
           "2027-01-31 18:00:00Z",
           "2027-01-31t18:00:00z",
           "2027-01-31T18:00:00+00:00",
           "2027-01-31T18:00:00.5Z",
           "2027-01-31T24:00:00Z",
           "2027-01-31T23:59:60Z",
           "2027-13-01T00:00:00Z",
           "2027-00-01T00:00:00Z",
           "2027-01-32T00:00:00Z",
           "2027-1-31T18:00:00Z",
           "2027-01-31T18:-1:00Z",
           " 2027-01-31T18:00:00Z",
           "2027-01-31T18:00:00Z ",
           "+027-01-31T18:00:00Z",
           "99999999999999999999",
           "2027-01-31T18:00:0aZ",
       }) {
    const auto time = from_rfc3339(text);
    ASSERT_FALSE(time) << text;
    EXPECT_NE(time.error().message.find("2027-01-31T18:00:00Z"), std::string::npos) << text;
  }
}

TEST(Rfc3339, ReadsWhatItWrites) {
  EXPECT_TRUE(rc::check([] {
    // 0000 to 9999, the years that RFC 3339 can write.
    const WallTime time(
        seconds(*rc::gen::inRange<std::int64_t>(-62'167'219'200LL, 253'402'300'800LL)));
    const auto again = from_rfc3339(to_rfc3339(time));
    RC_ASSERT(again.has_value());
    RC_ASSERT(*again == time);
  }));
}

}  // namespace
}  // namespace cw
