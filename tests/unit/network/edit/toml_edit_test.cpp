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
