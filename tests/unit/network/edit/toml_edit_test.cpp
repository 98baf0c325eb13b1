// SPDX-License-Identifier: Apache-2.0
#include "network/edit/toml_edit.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "network/toml.h"

namespace cw::network {
namespace {

std::string set(std::string_view text, std::string_view key, std::string_view value) {
  const auto edited = set_value(text, key, value);
  return edited ? *edited : "refused: " + edited.error().to_text();
}

std::string append(std::string_view text) {
  const auto edited = append_table(text, "gateway", "name = \"b\"\n");
  return edited ? *edited : "refused: " + edited.error().to_text();
}

TEST(SetValue, ReplacesTheValueAndNothingElse) {
  EXPECT_EQ(set("# top\na = 1 # one\n  enabled=true\t# why\nb = 2", "enabled", "false"),
            "# top\na = 1 # one\n  enabled=false\t# why\nb = 2");
}

TEST(SetValue, ReplacesAValueOverManyLinesUpToItsBracket) {
  EXPECT_EQ(set("a = [ # first ]\n  \"x\", # \"]\n  'y]',\n] # end\nb = 1\n", "a", "[]"),
            "a = [] # end\nb = 1\n");
}

TEST(SetValue, ReplacesStringsOfEachForm) {
  for (const auto* old : {"\"a\\\"#b\"", "'a#\"b'", "\"\"\"a\n\"\"b\\\"\"\"\"\"", "'''a\n'b'''",
                          "2027-01-31 18:00:00Z", "{ x = 1, y = [2] }"}) {
    EXPECT_EQ(set(fmt::format("k = {} # c\nz = 1\n", old), "k", "3").substr(0, 7),
              old[0] == '{' ? "refused" : "k = 3 #");
  }
}

TEST(SetValue, PutsANewKeyBehindTheLastOfTheFilesOwn) {
  EXPECT_EQ(set("# top\na = 1 # one\n\n# a gateway\n[[gateway]]\nb = 2\n", "k", "3"),
            "# top\na = 1 # one\nk = 3\n\n# a gateway\n[[gateway]]\nb = 2\n");
  EXPECT_EQ(set("a = [\n 1,\n]\n[t]\n", "k", "3"), "a = [\n 1,\n]\nk = 3\n[t]\n");
  EXPECT_EQ(set("a = 1", "k", "3"), "a = 1\nk = 3\n");
  EXPECT_EQ(set("", "k", "3"), "k = 3\n");
  EXPECT_EQ(set("# only\n", "k", "3"), "# only\nk = 3\n");
  EXPECT_EQ(set("# only\n[t]\n", "k", "3"), "# only\nk = 3\n[t]\n");
}

TEST(SetValue, KeepsWindowsLineEndsAndTheByteOrderMark) {
  EXPECT_EQ(set("\xef\xbb\xbf"
                "a = 1\r\n",
                "k", "3"),
            "\xef\xbb\xbf"
            "a = 1\r\nk = 3\r\n");
  EXPECT_EQ(set("a = 1\r\nb = 2\r\n", "a", "3"), "a = 3\r\nb = 2\r\n");
}

TEST(SetValue, RefusesATableAndWhatIsNoToml) {
  EXPECT_EQ(set("[k]\na = 1\n", "k", "3").substr(0, 7), "refused");
  EXPECT_EQ(set("k.a = 1\n", "k", "3").substr(0, 7), "refused");
  EXPECT_EQ(set("k = \n", "k", "3").substr(0, 7), "refused");
  EXPECT_EQ(set("k = 1\n", "k", "").substr(0, 7), "refused");
  EXPECT_EQ(set("k = 1\n", "k", "1\nb = 2").substr(0, 7), "refused");
}

TEST(AppendTable, ComesBehindEverythingElse) {
  EXPECT_EQ(append("id = 1\n\n[[gateway]]\nname = \"a\" # first\n"),
            "id = 1\n\n[[gateway]]\nname = \"a\" # first\n\n[[gateway]]\nname = \"b\"\n");
  EXPECT_EQ(append("id = 1"), "id = 1\n\n[[gateway]]\nname = \"b\"\n");
  EXPECT_EQ(append("id = 1\r\n"), "id = 1\r\n\r\n[[gateway]]\r\nname = \"b\"\r\n");
  EXPECT_EQ(append("[[gateway]]\n[gateway.egress]\nmode = \"x\"\n"),
            "[[gateway]]\n[gateway.egress]\nmode = \"x\"\n\n[[gateway]]\nname = \"b\"\n");
}

TEST(AppendTable, RefusesATableInBraces) {
  EXPECT_EQ(append("gateway = [{ name = \"a\" }]\n").substr(0, 7), "refused");
  EXPECT_EQ(append("gateway = 1\n").substr(0, 7), "refused");
}

std::string without_table(std::string_view text, std::size_t n) {
  const auto edited = remove_table(text, "gateway", n);
  return edited ? *edited : "refused: " + edited.error().to_text();
}

std::string without(std::string_view text, std::size_t n, std::string_view key) {
  const auto edited = remove_value(text, "gateway", n, key);
  return edited ? *edited : "refused: " + edited.error().to_text();
}

TEST(RemoveTable, TakesItsLinesAndTheBlankOnesBehind) {
  EXPECT_EQ(without_table("id = 1 # top\n\n  [[gateway]] # a\na = 1\n# of a\n\n# of b\n"
                          "[[gateway]]\na = 2\n",
                          0),
            "id = 1 # top\n\n# of b\n[[gateway]]\na = 2\n");
  EXPECT_EQ(without_table("[[gateway]]\na = [\n # ]\n 1\n]\n# of b\n[[gateway]]\na = 2\n", 0),
            "# of b\n[[gateway]]\na = 2\n");
}

TEST(RemoveTable, TakesTheBlankLinesBeforeTheLastOne) {
  EXPECT_EQ(without_table("id = 1\n\n[[gateway]]\na = 1\n\n[[gateway]]\na = 2\n", 1),
            "id = 1\n\n[[gateway]]\na = 1\n");
  EXPECT_EQ(without_table("id = 1\n\n[[gateway]]\na = 1", 0), "id = 1\n");
  EXPECT_EQ(without_table("[[gateway]]", 0), "");
  EXPECT_EQ(without_table("[[gateway]]\na = 1\n\n# the end\n", 0), "# the end\n");
}

TEST(RemoveTable, TakesTheTablesWithinIt) {
  EXPECT_EQ(without_table("[[gateway]]\na = 1\n\n[gateway.egress]\nmode = \"x\"\n"
                          "[[gateway.'more']]\nb = 1\n[router]\nc = 1\n",
                          0),
            "[router]\nc = 1\n");
}

TEST(RemoveTable, IsNotMisledByWhatLooksLikeAHeader) {
  EXPECT_EQ(without_table("[[gateway]]\n\"a=[\" = 1\nb = \"\"\"\n[[gateway]]\n\"\"\"\nc = '['\n"
                          "# [[gateway]]\nd = 1\n[[gateway]]\na = 2\n",
                          0),
            "[[gateway]]\na = 2\n");
}

TEST(RemoveTable, KeepsWindowsLineEndsAndTheByteOrderMark) {
  EXPECT_EQ(without_table("\xef\xbb\xbf"
                          "id = 1\r\n\r\n[[gateway]]\r\na = 1\r\n\r\n[[gateway]]\r\na = 2\r\n",
                          0),
            "\xef\xbb\xbf"
            "id = 1\r\n\r\n[[gateway]]\r\na = 2\r\n");
}

TEST(RemoveTable, RefusesWhatIsNotThereAndTablesInBracesOrInPieces) {
  EXPECT_EQ(without_table("[[gateway]]\na = 1\n", 1).substr(0, 7), "refused");
  EXPECT_EQ(without_table("id = 1\n", 0).substr(0, 7), "refused");
  EXPECT_EQ(without_table("gateway = [{ a = 1 }]\n", 0).substr(0, 7), "refused");
  EXPECT_EQ(without_table("[[gateway]]\na = 1\n[other]\nb = 1\n[gateway.egress]\nc = 1\n", 0)
                .substr(0, 7),
            "refused");
}

TEST(RemoveValue, TakesItsLineAndNothingElse) {
  EXPECT_EQ(
      without("[[gateway]]\nk = 1\n[[gateway]]\na = 1 # a\n  k = [\n  1, # one\n] # why\n# z\n", 1,
              "k"),
      "[[gateway]]\nk = 1\n[[gateway]]\na = 1 # a\n# z\n");
  EXPECT_EQ(without("[[gateway]]\r\nk = 1\r\na = 1\r\n", 0, "k"), "[[gateway]]\r\na = 1\r\n");
  EXPECT_EQ(without("[[gateway]]\nk = 1", 0, "k"), "[[gateway]]\n");
}

TEST(RemoveValue, RefusesWhatIsNotThereAndATable) {
  EXPECT_EQ(without("[[gateway]]\na = 1\n", 0, "k").substr(0, 7), "refused");
  EXPECT_EQ(without("[[gateway]]\nk = 1\n", 1, "k").substr(0, 7), "refused");
  EXPECT_EQ(without("gateway = [{ k = 1 }]\n", 0, "k").substr(0, 7), "refused");
  EXPECT_EQ(without("[[gateway]]\n[gateway.k]\na = 1\n", 0, "k").substr(0, 7), "refused");
}

TEST(TomlString, IsReadAsItWasMeant) {
  for (const std::string text : {"a", "a \"b\" \\", "tab\tnewline\n", "\x7f", "ä"}) {
    const auto table = parse_toml(fmt::format("k = {}\n", toml_string(text)), "x");
    ASSERT_TRUE(table);
    EXPECT_EQ(std::get<std::string>(table->find("k")->value.data), text);
  }
}

// ---- laws

std::string blank() {
  return *rc::gen::element<std::string>("", " ", "\t ");
}

std::string comment() {
  return *rc::gen::element<std::string>("", "# c", "#x = [\"", " # \"quote' ]");
}

std::string value() {
  return *rc::gen::element<std::string>("1", "true", "\"a\"", "'#'", "\"\\\"#\"", "[\"a\", \"b\"]",
                                        "[\n  \"a\", # ]\n  'b',\n]", "[]", "2027-01-31T18:00:00Z",
                                        "2027-01-31 18:00:00+02:00", "\"\"\"x\n\"y\"\"\"\"",
                                        "'''\n]'''");
}

struct Line {
  std::string before_value;
  std::string old_value;
  std::string after_value;
};

RC_GTEST_PROP(TomlEditLaws, EverythingButTheValueStaysByteForByte, ()) {
  std::vector<Line> lines;
  const auto keys = *rc::gen::inRange<std::size_t>(1, 6);
  for (std::size_t k = 0; k < keys; ++k) {
    lines.push_back({.before_value = comment() + "\n" + blank() + "k" + std::to_string(k) +
                                     blank() + "=" + blank(),
                     .old_value = value(),
                     .after_value = blank() + comment() + "\n"});
  }
  const std::string tail =
      *rc::gen::element<std::string>("", "# end", "\n[[t]]\na = 1\n[[t]]\n", "[t] # t\nk0 = 2\n");
  const auto chosen = *rc::gen::inRange<std::size_t>(0, keys + 1);
  const auto fresh = value();
  std::string text;
  std::string expected;
  for (std::size_t k = 0; k < keys; ++k) {
    text += lines[k].before_value + lines[k].old_value + lines[k].after_value;
    expected +=
        lines[k].before_value + (k == chosen ? fresh : lines[k].old_value) + lines[k].after_value;
  }
  if (chosen == keys) {
    expected += fmt::format("k{} = {}\n", chosen, fresh);
  }
  RC_LOG() << text << tail;
  const auto edited = set_value(text + tail, fmt::format("k{}", chosen), fresh);
  RC_LOG() << (edited ? *edited : edited.error().to_text());
  RC_ASSERT(edited.has_value());
  RC_ASSERT(*edited == expected + tail);
}

RC_GTEST_PROP(TomlEditLaws, EverythingButARemovedTableStaysByteForByte, ()) {
  const auto tables = *rc::gen::inRange<std::size_t>(1, 5);
  const auto chosen = *rc::gen::inRange<std::size_t>(0, tables);
  std::string text = "# top\nid = 1\n";
  std::string expected = text;
  for (std::size_t n = 0; n < tables; ++n) {
    std::string above = *rc::gen::element<std::string>("", "# of the next\n", "# more\n\n# c\n");
    std::string table = blank() + "[[t]]" + blank() + comment() + "\n";
    const auto keys = *rc::gen::inRange<std::size_t>(0, 4);
    for (std::size_t k = 0; k < keys; ++k) {
      table += comment() + "\n" + blank() + fmt::format("k{} = ", k) + value() + blank() +
               comment() + "\n";
    }
    table += *rc::gen::element<std::string>("", "[t.u]\na = '['\n", "[[ t . \"u\" ]]\na = 1\n");
    text += above + table + "\n";
    expected += above + (n == chosen ? "" : table + "\n");
  }
  text += "[z]\n";
  expected += "[z]\n";
  RC_LOG() << text;
  const auto edited = remove_table(text, "t", chosen);
  RC_LOG() << (edited ? *edited : edited.error().to_text());
  RC_ASSERT(edited.has_value());
  RC_ASSERT(*edited == expected);
}

RC_GTEST_PROP(TomlEditLaws, EverythingButARemovedValueStaysByteForByte, ()) {
  const auto keys = *rc::gen::inRange<std::size_t>(1, 6);
  const auto chosen = *rc::gen::inRange<std::size_t>(0, keys);
  std::string text = "# top\n[[t]]\nk0 = 1\n\n[[t]] # the second\n";
  std::string expected = text;
  for (std::size_t k = 0; k < keys; ++k) {
    const auto above = comment() + "\n";
    const auto line = fmt::format("{}k{}{}={}", blank(), k, blank(), blank()) + value() + blank() +
                      comment() + "\n";
    text += above + line;
    expected += above + (k == chosen ? "" : line);
  }
  RC_LOG() << text;
  const auto edited = remove_value(text, "t", 1, fmt::format("k{}", chosen));
  RC_LOG() << (edited ? *edited : edited.error().to_text());
  RC_ASSERT(edited.has_value());
  RC_ASSERT(*edited == expected);
}

RC_GTEST_PROP(TomlEditLaws, ATableThatWasAppendedIsRemovedWithoutATrace, ()) {
  const auto text = *rc::gen::element<std::string>("id = 1\n", "# c\r\nid = 1\r\n",
                                                   "[[t]]\na = 1\n[t.u]\nb = 1 # end\n");
  const auto appended = append_table(text, "t", "name = \"b\"\n");
  RC_ASSERT(appended.has_value());
  RC_ASSERT(remove_table(*appended, "t", text.starts_with("[[t]]") ? 1 : 0).value() == text);
}

RC_GTEST_PROP(TomlEditLaws, WhateverTheTextAnEditIsRightOrRefused, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::element(
      'a', 'k', '=', ' ', '"', '\'', '[', ']', '{', '}', ',', '#', '\n', '1', '.'));
  const auto edited = set_value(text, "k", "3");
  if (edited) {
    RC_ASSERT(std::get<std::int64_t>(parse_toml(*edited, "x")->find("k")->value.data) == 3);
  }
}

}  // namespace
}  // namespace cw::network
