// SPDX-License-Identifier: Apache-2.0
#include "network/diagnostic.h"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::network {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

Diagnostic at(std::string text, std::uint32_t column, std::uint32_t length) {
  return {.message = "wrong",
          .place = {.file = "a.toml",
                    .span = {.line = 3, .column = column, .length = length},
                    .text = std::move(text)}};
}

TEST(Render, UnderlinesTheOffendingText) {
  EXPECT_EQ(render(at("pool = \"x\"", 8, 3)),
            "error: wrong\n"
            " --> a.toml:3\n"
            "3 | pool = \"x\"\n"
            "  |        ^^^\n");
}

TEST(Render, LinesUpTwoPlacesAndTheirNotes) {
  auto diagnostic = at("a", 1, 1);
  diagnostic.other = Place{.file = "b.toml",
                           .span = {.line = 120, .column = 1, .length = 2},
                           .text = "bb",
                           .note = "the other"};
  diagnostic.hint = "choose";
  EXPECT_EQ(render(diagnostic),
            "error: wrong\n"
            "   --> a.toml:3\n"
            "  3 | a\n"
            "    | ^\n"
            "   --> b.toml:120\n"
            "120 | bb\n"
            "    | ^^ the other\n"
            "hint: choose\n");
}

TEST(Render, CountsCharactersNotBytes) {
  EXPECT_THAT(render(at("name = \"Zoë\" # x", 16, 1)),
              HasSubstr("3 | name = \"Zoë\" # x\n  |               ^\n"));
}

TEST(Render, CutsALongLineAroundTheMistake) {
  const auto text = render(at(std::string(5000, 'a') + "HERE" + std::string(5000, 'b'), 5001, 4));
  EXPECT_THAT(text, HasSubstr("...aaa"));
  EXPECT_THAT(text, HasSubstr("aHEREb"));
  EXPECT_THAT(text, EndsWith(" ^^^^\n"));
  EXPECT_LT(text.size(), 400U);
}

TEST(Render, NeverSendsAFilesControlCharactersToTheTerminal) {
  auto diagnostic = at("a = \"\x1b[31m\x7f\xc2\x9b\xff\xe2\x80\xae\"\t", 1, 1);
  diagnostic.message = "no key `\x1b]0;x\x07`";
  diagnostic.place.file = "a\nb.toml";
  const auto text = render(diagnostic);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("a = \"?[31m????\" \n"));
  EXPECT_THAT(text, HasSubstr("no key `?]0;x?`"));
  EXPECT_THAT(text, HasSubstr("a?b.toml"));
}

TEST(Render, ColoursOnlyWhenAsked) {
  EXPECT_THAT(render(at("a", 1, 1), Colour::On), HasSubstr("\x1b[1;31merror:\x1b[0m"));
  EXPECT_THAT(render(at("a", 1, 1)), Not(HasSubstr("\x1b")));
}

TEST(Render, SurvivesASpanOutsideItsLine) {
  EXPECT_THAT(render(at("ab", 50, 9)), HasSubstr("^"));
  EXPECT_THAT(render(at("ab", 0, 0)), HasSubstr("^"));
}

TEST(Render, ShowsTheFirstFiftyAndCountsAll) {
  Diagnostics many(60, at("a", 1, 1));
  many.back().severity = Severity::Warning;
  const auto text = render(many);
  EXPECT_THAT(text, EndsWith("(10 more not shown)\n59 errors, 1 warning\n"));
}

TEST(QuoteLines, FillsInEachLineAndLeavesALostFileAlone) {
  Diagnostics diagnostics = {at("", 1, 1), at("", 1, 1)};
  diagnostics[1].place.file = "gone.toml";
  diagnostics[0].other = Place{.file = "a.toml", .span = {.line = 1, .column = 1, .length = 1}};
  int asked = 0;
  quote_lines(diagnostics, [&](const std::string& file) -> std::optional<std::string> {
    ++asked;
    return file == "a.toml" ? std::optional<std::string>("one\r\ntwo\nthree") : std::nullopt;
  });
  EXPECT_EQ(diagnostics[0].place.text, "three");
  EXPECT_EQ(diagnostics[0].other->text, "one");
  EXPECT_EQ(diagnostics[1].place.text, "");
  EXPECT_EQ(asked, 2);
}

TEST(Nearest, FindsTheWordThatWasMeant) {
  constexpr std::array<std::string_view, 4> kWords = {"public_key", "address", "user", "groups"};
  EXPECT_EQ(nearest("pubilc_key", kWords), "public_key");
  EXPECT_EQ(nearest("adress", kWords), "address");
  EXPECT_EQ(nearest("group", kWords), "groups");
  EXPECT_EQ(nearest("uesr", kWords), "user");
  EXPECT_EQ(nearest("preshared_key", kWords), std::nullopt);
  EXPECT_EQ(nearest(std::string(100'000, 'a'), kWords), std::nullopt);
}

}  // namespace
}  // namespace cw::network
