// SPDX-License-Identifier: Apache-2.0
#include "network/toml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "network/limits.h"
#include "network/toml_bounds.h"
#include "network/toml_plain.h"

namespace cw::network {
namespace {

TomlTable parsed(std::string_view text) {
  auto table = parse_toml(text, "x.toml");
  EXPECT_TRUE(table) << (table ? "" : render(table.error()));
  return table.value_or(TomlTable{});
}

std::string refusal(std::string_view text, const TomlLimits& limits = {}) {
  const auto table = parse_toml(text, "x.toml", limits);
  return table ? "accepted" : table.error().message;
}

TEST(Toml, KnowsWhereEachKeyAndValueStands) {
  const auto table = parsed("# c\n  name = \"a b\"  # d\n\"quoted key\" = [1,\n 2]\n");
  ASSERT_EQ(table.members.size(), 2U);
  EXPECT_EQ(table.members[0].span, (Span{.line = 2, .column = 3, .length = 4}));
  EXPECT_EQ(table.members[0].value.span, (Span{.line = 2, .column = 10, .length = 5}));
  EXPECT_EQ(table.members[1].span, (Span{.line = 3, .column = 1, .length = 12}));
  EXPECT_EQ(table.members[1].value.span, (Span{.line = 3, .column = 16, .length = 3}));
  const auto& list = std::get<TomlArray>(table.members[1].value.data);
  EXPECT_EQ(list[1].span, (Span{.line = 4, .column = 2, .length = 1}));
}

TEST(Toml, PointsAtTheHeaderOfATable) {
  const auto table = parsed("x = 1\n [[gateway]]\nname = \"a\"\n[gateway.egress]\nmode = \"m\"\n");
  const auto* gateways = table.find("gateway");
  ASSERT_NE(gateways, nullptr);
  EXPECT_EQ(gateways->span, (Span{.line = 2, .column = 2, .length = 11}));
  const auto& gateway = std::get<TomlTable>(std::get<TomlArray>(gateways->value.data)[0].data);
  ASSERT_NE(gateway.find("egress"), nullptr);
  EXPECT_EQ(gateway.find("egress")->span, (Span{.line = 4, .column = 1, .length = 16}));
}

TEST(Toml, KeepsTheOrderOfTheFile) {
  const auto table = parsed("z = 1\na = 2\nm = 3\n");
  EXPECT_EQ(table.members[0].key, "z");
  EXPECT_EQ(table.members[1].key, "a");
  EXPECT_EQ(table.members[2].key, "m");
}

TEST(Toml, ReadsTimesAsUtcWhateverTheMachinesTimeZone) {
  const auto table =
      parsed("a = 2027-01-31T18:00:00Z\nb = 2027-01-31 12:30:00-05:30\nc = 2027-01-31\n");
  using namespace std::chrono;
  const WallTime expected = sys_days(2027y / 1 / 31) + 18h;
  EXPECT_EQ(std::get<WallTime>(table.find("a")->value.data), expected);
  EXPECT_EQ(std::get<WallTime>(table.find("b")->value.data), expected);
  EXPECT_TRUE(std::holds_alternative<TomlLocalTime>(table.find("c")->value.data));
}

TEST(Toml, TakesAByteOrderMarkWindowsLineEndsAndNoLastLineEnd) {
  const auto table = parsed(
      "\xef\xbb\xbf"
      "a = 1\r\nb = \"x\"");
  EXPECT_EQ(table.find("a")->span, (Span{.line = 1, .column = 1, .length = 1}));
  EXPECT_EQ(std::get<std::string>(table.find("b")->value.data), "x");
}

TEST(Toml, AnEmptyFileIsAnEmptyTable) {
  EXPECT_TRUE(parsed("").members.empty());
  EXPECT_TRUE(parsed("\n# nothing\n").members.empty());
}

TEST(TomlBounds, RefuseAHundredThousandBracketsWithOneClearMessage) {
  std::string lines;
  for (int i = 0; i < 1000; ++i) {
    lines += std::string(100, '[') + "\n";
  }
  EXPECT_EQ(refusal("a = " + lines), "nested more than 8 levels deep");
  EXPECT_EQ(refusal("a = " + std::string(100'000, '[')), "nested more than 8 levels deep");
  EXPECT_EQ(refusal("a = " + std::string(100'000, '{')), "nested more than 8 levels deep");
}

TEST(TomlBounds, RefuseALongLine) {
  EXPECT_EQ(refusal("# " + std::string(8190, 'x') + "\n"), "accepted");
  EXPECT_EQ(refusal("\n# " + std::string(8191, 'x')), "a line is longer than 8192 bytes");
}

TEST(TomlBounds, RefuseALongDottedKeyWhichIsATableInATable) {
  std::string key = "a";
  for (int i = 0; i < 1000; ++i) {
    key += ".a";
  }
  EXPECT_EQ(refusal(key + " = 1"), "nested more than 8 levels deep");
  EXPECT_EQ(refusal("[" + key + "]"), "nested more than 8 levels deep");
}

TEST(TomlBounds, CountNoBracketsInStringsAndComments) {
  const std::string brackets(100, '[');
  EXPECT_EQ(
      refusal("# " + brackets + "\na = \"" + brackets + "\\\"" + brackets + "\"\nb = '" + brackets +
              "'\nc = \"\"\"\n" + brackets + "\"\"\"\nd = '''" + brackets + "'''\n"),
      "accepted");
}

TEST(TomlBounds, HideNoBracketsBehindQuotesAtTheEndOfALongString) {
  EXPECT_EQ(refusal("x = [\"\"\"y\"\"\"\", " + std::string(1000, '[')),
            "nested more than 8 levels deep");
}

TEST(TomlBounds, RefuseWhatIsNoText) {
  EXPECT_EQ(refusal(std::string_view("a = \"\0\"", 7)), "the file contains a NUL byte");
  for (const char* bad :
       {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
    EXPECT_EQ(refusal(std::string("a = \"") + bad + "\""), "the file is not valid UTF-8");
  }
  EXPECT_EQ(refusal("a = \"Zoë €𐍈\""), "accepted");
}

TEST(TomlBounds, RefuseAFileThatIsTooLarge) {
  EXPECT_EQ(refusal(std::string(2049, '\n'), {.largest_file = 2048}),
            "the file is larger than 2 KiB, the most it may have");
  EXPECT_EQ(refusal(std::string(2048, '\n'), {.largest_file = 2048}), "accepted");
}

TEST(TomlSyntax, NamesBothPlacesOfATwice) {
  const auto table = parse_toml("[a]\nb = 1\n[c]\n[a]\n", "x.toml");
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().place.span.line, 4U);
  ASSERT_TRUE(table.error().other);
  EXPECT_EQ(table.error().other->span.line, 1U);
}

TEST(TomlSyntax, FindsTheMistakeInsideAnArrayOfTables) {
  const auto table =
      parse_toml("[[g]]\nn = 1\n[g.e]\nm = 1\n[[g]]\nn = 2\n[g.e]\nm = \n", "x.toml");
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().message, "the value is missing");
  EXPECT_EQ(table.error().place.span.line, 8U);
}

TEST(TomlSyntax, ExplainsTablesInBraces) {
  EXPECT_EQ(refusal("a = { b = 1, }\n"), "a comma stands before this brace");
  EXPECT_EQ(refusal("a = { b = 1\n}\n"), "this table in braces is not closed");
  EXPECT_EQ(refusal("a = {\nb = 1 }\n"), "a table in braces must be closed on the line it begins");
  EXPECT_EQ(refusal("a = { b }\n"), "there is no '=' behind this key");
  EXPECT_EQ(refusal("a = { b = 1, b = 2 }\n"), "`b` is set twice");
  EXPECT_EQ(refusal("a = {"), "a table in braces must be closed on the line it begins");
  EXPECT_EQ(refusal("a = {}\nc = { b = 1 }\nb = { a = {} }\n"), "accepted");
}

// What the library makes of a text: a header sends parse_toml() there.
std::optional<TomlTable> by_library(const std::string& text) {
  auto table = parse_toml(text + "\n[last-table]\n", "x.toml");
  if (!table || table->members.back().key != "last-table") {
    return std::nullopt;
  }
  table->members.pop_back();
  return *table;
}

TEST(TomlPlain, ReadsAnOrdinaryPeerFile) {
  const std::string text =
      "# laptop\n\npublic_key = \"abc=\"\naddress=\"100.64.0.5\" # c\ngroups = [ \"a\" , \"b\", ]\n"
      "sites = []\nenabled = false\nexpires = 2027-01-31T18:00:00Z\n  id\t= 5";
  const auto plain = parse_plain(text);
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->members.size(), 7U);
  EXPECT_EQ(plain, by_library(text));
}

TEST(TomlPlain, LeavesEverythingElseToTheLibrary) {
  for (const char* text : {"[a]\n",
                           "a.b = 1\n",
                           "a = 1\na = 2\n",
                           "a = \"\\n\"\n",
                           "a = 'x'\n",
                           "a = \"\"\"x\"\"\"\n",
                           "a = 1_0\n",
                           "a = 01\n",
                           "a = -1\n",
                           "a = 1.5\n",
                           "a = [1]\n",
                           "a = [\n\"x\"]\n",
                           "a = {b = 1}\n",
                           "a = 1\r\n",
                           "\"a\" = 1\n",
                           "a = 2027-01-31\n",
                           "a = truex\n",
                           "a = 2027-01-31T18:00:00+01:00\n",
                           "a =\n",
                           "a\n",
                           "# \x01\n",
                           "a = \"x\n",
                           "a = 9999999999999999999\n"}) {
    EXPECT_FALSE(parse_plain(text)) << text;
  }
}

std::string one_of(std::vector<std::string> pieces) {
  return *rc::gen::elementOf(std::move(pieces));
}

// Lines that are plain, with something odd put in now and then.
std::string nearly_plain() {
  const std::vector<std::string> blanks = {"", "", " ", "\t", "  "};
  std::string text;
  const int lines = *rc::gen::inRange(1, 6);
  for (int i = 0; i < lines; ++i) {
    text += one_of(blanks) + one_of({"key", "a-b", "A_1", "7"}) + std::to_string(i) +
            one_of(blanks) + "=" + one_of(blanks) +
            one_of({"true", "false", "0", "12", "\"\"", "\"x # y\"", "\"é\"", "[]",
                    "[ \"a\" ,\"b\",]", "2027-01-31T18:00:00Z", "2000-02-29T00:00:59Z"}) +
            one_of(blanks) + one_of({"", "", "# c", "# \"[\t"}) +
            one_of({"\n", "\n", "\n\n", "\n#\n"});
  }
  if (*rc::gen::inRange(0, 3) == 0) {
    text.insert(*rc::gen::inRange<std::size_t>(0, text.size() + 1),
                one_of({"\"", "[", "]", ",", "\n", "\r\n", "\r", "#", "1", ".", "'", "\\", "\x7f",
                        "{", "-", "Z", "key0 = 1\n", "\"\"\"", " "}));
  }
  return text;
}

RC_GTEST_PROP(TomlPlainLaws, GivesTheLibrarysTreeOrNothing, ()) {
  const std::string text = nearly_plain();
  RC_PRE(!out_of_bounds(text, "x.toml", kLargestFile));  // a character cut in two
  const auto plain = parse_plain(text);
  RC_CLASSIFY(plain.has_value(), "plain");
  if (plain) {
    RC_LOG() << text;
    RC_ASSERT(plain == by_library(text));
  }
}

}  // namespace
}  // namespace cw::network
