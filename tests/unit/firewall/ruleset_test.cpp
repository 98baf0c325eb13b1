// SPDX-License-Identifier: Apache-2.0
#include "firewall/ruleset/ruleset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::firewall {
namespace {

using testing::ElementsAre;

Ruleset small() {
  return {.structure = "  map peer4 { type ipv4_addr : verdict; }\n",
          .sets = {{"peer4", {"100.64.0.5 : goto a", "100.64.0.6 : goto b"}}}};
}

TEST(Digest, ChangesWithTheStructureAloneInItsFirstHalf) {
  auto other = small();
  other.structure += "  chain a { }\n";
  EXPECT_NE(digest_of(other).structure, digest_of(small()).structure);
  EXPECT_EQ(digest_of(other).contents, digest_of(small()).contents);
}

TEST(Digest, ChangesWithAnElementAloneInItsSecondHalf) {
  auto other = small();
  other.sets[0].elements[0] = "100.64.0.5 : goto b";
  EXPECT_EQ(digest_of(other).structure, digest_of(small()).structure);
  EXPECT_NE(digest_of(other).contents, digest_of(small()).contents);
}

TEST(Digest, TellsWhereOneElementEndsAndTheNextBegins) {
  auto one = small();
  auto two = small();
  one.sets = {{"s", {"ab", "c"}}};
  two.sets = {{"s", {"a", "bc"}}};
  EXPECT_NE(digest_of(one), digest_of(two));
}

TEST(Digest, IsWrittenAsAnIpv6Address) {
  EXPECT_EQ((Digest{.structure = 0x20010db800000001, .contents = 2}.to_text()), "2001:db8:0:1::2");
}

TEST(Diff, NamesOnlyWhatChanged) {
  auto after = small();
  after.sets[0].elements = {"100.64.0.5 : goto a", "100.64.0.7 : goto a"};
  EXPECT_THAT(diff(small().sets, after.sets),
              ElementsAre(SetChange{"peer4", {"100.64.0.7 : goto a"}, {"100.64.0.6 : goto b"}}));
  EXPECT_TRUE(diff(small().sets, small().sets).empty());
}

TEST(UpdateText, DeletesByKeyThenAddsAndSetsTheDigestInOneTransaction) {
  const SetChange moved{"peer4", {"100.64.0.6 : goto a"}, {"100.64.0.6 : goto b"}};
  EXPECT_EQ(update_text({moved}, Digest{.structure = 0x20010db800000001, .contents = 2}),
            "delete element inet causeway peer4 { 100.64.0.6 }\n"
            "add element inet causeway peer4 { 100.64.0.6 : goto a }\n"
            "flush set inet causeway digest\n"
            "add element inet causeway digest { 2001:db8:0:1::2 }\n");
}

TEST(ReplaceText, TakesThePlaceOfWhateverIsThere) {
  auto ruleset = small();
  ruleset.digest = digest_of(ruleset);
  const auto text = replace_text(ruleset);
  EXPECT_TRUE(text.starts_with("add table inet causeway\ndelete table inet causeway\n"));
  EXPECT_NE(text.find("elements = { " + digest_of(small()).to_text() + " }"), std::string::npos);
  EXPECT_TRUE(text.ends_with(
      "add element inet causeway peer4 { 100.64.0.5 : goto a, 100.64.0.6 : goto b }\n"));
}

}  // namespace
}  // namespace cw::firewall
