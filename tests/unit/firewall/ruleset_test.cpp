// SPDX-License-Identifier: Apache-2.0
#include "firewall/ruleset/ruleset.h"

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "firewall/ruleset/transactions.h"

namespace cw::firewall {
namespace {

using testing::ElementsAre;

Ruleset small() {
  return {.structure = "  map peer4 { type ipv4_addr : verdict; }\n",
          .contents = {.sets = {{"peer4", {"100.64.0.5 : goto a", "100.64.0.6 : goto b"}}}}};
}

TEST(Digest, ChangesWithTheStructureAloneInItsFirstHalf) {
  auto other = small();
  other.structure += "  chain a { }\n";
  EXPECT_NE(digest_of(other).structure, digest_of(small()).structure);
  EXPECT_EQ(digest_of(other).contents, digest_of(small()).contents);
}

TEST(Digest, ChangesWithAnElementAloneInItsSecondHalf) {
  auto other = small();
  other.contents.sets[0].elements = {"100.64.0.5 : goto b", "100.64.0.6 : goto b"};
  EXPECT_EQ(digest_of(other).structure, digest_of(small()).structure);
  EXPECT_NE(digest_of(other).contents, digest_of(small()).contents);
}

TEST(Digest, TellsWhereOneElementEndsAndTheNextBegins) {
  auto one = small();
  auto two = small();
  one.contents.sets = {{"s", {"ab", "c"}}};
  two.contents.sets = {{"s", {"a", "bc"}}};
  EXPECT_NE(digest_of(one), digest_of(two));
}

TEST(Digest, TellsInWhichSetAnElementIs) {
  auto one = small();
  auto two = small();
  one.contents.sets = {{"s", {"a"}}, {"t", {}}};
  two.contents.sets = {{"s", {}}, {"t", {"a"}}};
  EXPECT_NE(digest_of(one), digest_of(two));
}

TEST(Digest, IsWrittenAsAnIpv6Address) {
  EXPECT_EQ((Digest{.structure = 0x20010db800000001, .contents = 2}.to_text()), "2001:db8:0:1::2");
}

TEST(Digest, ChangesWithWhatIsBuiltOfContentsInItsSecondHalf) {
  const auto changes = [](auto change) {
    auto other = small();
    change(other.contents);
    EXPECT_EQ(digest_of(other).structure, digest_of(small()).structure);
    EXPECT_NE(digest_of(other).contents, digest_of(small()).contents);
  };
  changes([](Contents& contents) { contents.counters = {"c_1"}; });
  changes([](Contents& contents) { contents.rights = {"v_1"}; });
  changes([](Contents& contents) { contents.jumps = {{"g_1", "v_1"}}; });
}

// Two peers' rights and what a third may, who goes.
Contents rights() {
  return {.counters = {"c_1", "c_2"},
          .rights = {"v_1", "v_2"},
          .jumps = {{"g_a", "v_1"}, {"g_b", "v_2"}},
          .sets = {{"peer4", {"100.64.0.5 : goto g_a", "100.64.0.6 : goto g_b"}},
                   {"v_1_all4", {"10.0.0.0/16"}},
                   {"v_2_all4", {"10.1.0.0/16"}}}};
}

Ruleset with(Contents contents) {
  return {.structure = small().structure, .contents = std::move(contents), .ipv6 = false};
}

TEST(Exchange, NamesOnlyWhatChanged) {
  auto after = rights();
  after.sets[0].elements = {"100.64.0.5 : goto g_a", "100.64.0.7 : goto g_a"};
  const auto change = exchange(rights(), with(after));
  EXPECT_THAT(change.changes, ElementsAre(SetChange{
                                  "peer4", {"100.64.0.7 : goto g_a"}, {"100.64.0.6 : goto g_b"}}));
  EXPECT_FALSE(change.changes_chains());
  EXPECT_TRUE(change.takes_away());
  EXPECT_TRUE(exchange(rights(), with(rights())).empty());
}

TEST(Exchange, BuildsOtherRightsBesideThoseInForce) {
  auto after = rights();
  after.counters = {"c_2", "c_3"};
  after.rights = {"v_2", "v_3"};
  after.jumps = {{"g_a", "v_3"}, {"g_c", "v_2"}};
  after.sets = {{"peer4", {"100.64.0.5 : goto g_a", "100.64.0.6 : goto g_c"}},
                {"v_2_all4", {"10.1.0.0/16"}},
                {"v_3_all4", {"10.2.0.0/16"}}};
  const auto change = exchange(rights(), with(after));
  EXPECT_EQ(change,
            (Exchange{.counters_added = {"c_3"},
                      .counters_removed = {"c_1"},
                      .rights_added = {"v_3"},
                      .rights_removed = {"v_1"},
                      .filled = {{"v_3_all4", {"10.2.0.0/16"}}},
                      .jumps_added = {{"g_c", "v_2"}},
                      .jumps_changed = {{"g_a", "v_3"}},
                      .jumps_removed = {"g_b"},
                      .changes = {{"peer4", {"100.64.0.6 : goto g_c"}, {"100.64.0.6 : goto g_b"}}},
                      .ipv6 = false}));
  EXPECT_TRUE(change.changes_chains());
}

TEST(Exchange, OfAnElementThatSomebodyRemovedPutsItBack) {
  auto before = rights();
  before.sets[1].elements = {};
  const auto change = exchange(before, with(rights()));
  EXPECT_THAT(change.changes, ElementsAre(SetChange{"v_1_all4", {"10.0.0.0/16"}, {}}));
  EXPECT_FALSE(change.takes_away());
}

const Digest kDigest{.structure = 0x20010db800000001, .contents = 2};

TEST(ExchangeTexts, OfElementsDeleteByKeyThenAddAndSetTheDigestInOneTransaction) {
  const Exchange moved{.changes = {{"peer4", {"100.64.0.6 : goto a"}, {"100.64.0.6 : goto b"}}}};
  EXPECT_THAT(exchange_texts(moved, kDigest),
              ElementsAre("delete element inet causeway peer4 { 100.64.0.6 }\n"
                          "add element inet causeway peer4 { 100.64.0.6 : goto a }\n"
                          "flush set inet causeway digest\n"
                          "add element inet causeway digest { 2001:db8:0:1::2 }\n"));
}

TEST(ExchangeTexts, OfRightsAreBuiltThenTurnedToThenClearedAway) {
  const Exchange change{.counters_added = {"c_3"},
                        .counters_removed = {"c_1"},
                        .rights_added = {"v_3"},
                        .rights_removed = {"v_1"},
                        .filled = {{"v_3_all4", {"10.2.0.0/16"}}},
                        .jumps_added = {{"g_c", "v_3"}},
                        .jumps_changed = {{"g_a", "v_3"}},
                        .jumps_removed = {"g_b"},
                        .changes = {},
                        .ipv6 = false};
  const auto texts = exchange_texts(change, kDigest);
  ASSERT_EQ(texts.size(), 2U);
  EXPECT_THAT(texts[0],
              testing::StartsWith("table inet causeway {\n  counter c_3 { }\n  set v_3_all4"));
  EXPECT_THAT(texts[0], testing::HasSubstr("  chain v_3 {\n"));
  EXPECT_THAT(texts[0], testing::EndsWith("}\nadd element inet causeway v_3_all4 { 10.2.0.0/16 }\n"
                                          "add chain inet causeway g_c\n"
                                          "add rule inet causeway g_c goto v_3\n"));
  EXPECT_EQ(texts[1],
            "flush chain inet causeway g_a\n"
            "add rule inet causeway g_a goto v_3\n"
            "flush set inet causeway digest\n"
            "add element inet causeway digest { 2001:db8:0:1::2 }\n");
  EXPECT_EQ(clear_text(change),
            "delete chain inet causeway g_b\n"
            "delete chain inet causeway v_1\n"
            "delete set inet causeway v_1_all4\n"
            "delete set inet causeway v_1_icmp4\n"
            "delete set inet causeway v_1_port4\n"
            "delete map inet causeway v_1_new4\n"
            "delete counter inet causeway c_1\n");
}

// Rights with `places` each, and a peer for each of them.
Ruleset of_many(unsigned rights, unsigned places) {
  Ruleset ruleset{.structure = "  chain refuse_forwarded {\n  }\n", .ipv6 = false};
  auto& contents = ruleset.contents;
  contents.sets.push_back({.name = "peer4"});
  for (unsigned i = 0; i < rights; ++i) {
    const auto name = fmt::format("v_{:03}", i);
    std::vector<std::string> texts;
    for (unsigned j = 0; j < places; ++j) {
      texts.push_back(fmt::format("10.{}.{}.{}", i, j / 250, j % 250));
    }
    contents.rights.push_back(name);
    contents.jumps.push_back({fmt::format("g_{:03}", i), name});
    contents.sets.push_back({.name = name + "_all4", .elements = SetElements(texts)});
  }
  contents.sets[0].elements = {"100.64.0.5 : goto g_000"};
  ruleset.digest = digest_of(ruleset);
  return ruleset;
}

TEST(StartTexts, OfLittleIsOneTransaction) {
  const auto ruleset = of_many(10, 1000 - 1);
  EXPECT_THAT(start_texts(ruleset), ElementsAre(replace_text(ruleset)));
}

TEST(StartTexts, OfMuchMakesATableThatRefusesBuildsInPiecesAndOpensAtTheEnd) {
  const auto ruleset = of_many(100, 1000);
  const auto texts = start_texts(ruleset);
  ASSERT_GT(texts.size(), 3U);
  EXPECT_EQ(texts.front(), replace_text(closed(ruleset)));
  EXPECT_THAT(texts.front(), testing::HasSubstr("chain g_000 {\n    goto refuse_forwarded\n"));
  EXPECT_THAT(texts.front(), testing::Not(testing::HasSubstr("add element")));
  const std::span pieces(texts.begin() + 1, texts.end() - 1);
  std::string built;
  for (const auto& piece : pieces) {
    EXPECT_LE(piece.size(), std::size_t{257} * 1024);
    EXPECT_THAT(piece, testing::Not(testing::HasSubstr("peer4")));
    EXPECT_THAT(piece, testing::Not(testing::HasSubstr(" g_")));
    built += piece;
  }
  for (const auto& name : ruleset.contents.rights) {
    EXPECT_THAT(built, testing::HasSubstr(fmt::format("chain {} {{", name)));
    EXPECT_THAT(built, testing::HasSubstr(fmt::format("add element inet causeway {}_all4", name)));
  }
  EXPECT_THAT(texts.back(), testing::StartsWith("flush chain inet causeway g_000\n"
                                                "add rule inet causeway g_000 goto v_000\n"));
  EXPECT_THAT(texts.back(), testing::HasSubstr("add element inet causeway peer4"));
  EXPECT_THAT(texts.back(), testing::HasSubstr(ruleset.digest.to_text()));
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

TEST(ReplaceText, RemembersClientsOfTheFamiliesThatThereAre) {
  auto ruleset = small();
  const std::vector<net::SocketAddress> clients = {{*net::Ip::parse("203.0.113.2"), 40000},
                                                   {*net::Ip::parse("203.0.113.9"), 51820},
                                                   {*net::Ip::parse("2001:db8::9"), 40000}};
  EXPECT_THAT(
      replace_text(ruleset, clients),
      testing::EndsWith(
          "add element inet causeway redirected4 { 203.0.113.2 . 40000, 203.0.113.9 . 51820 }\n"
          "add element inet causeway redirected6 { 2001:db8::9 . 40000 }\n"));
  ruleset.ipv6 = false;
  EXPECT_THAT(replace_text(ruleset, clients), testing::Not(testing::HasSubstr("redirected6")));
}

}  // namespace
}  // namespace cw::firewall
