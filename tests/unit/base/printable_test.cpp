// SPDX-License-Identifier: Apache-2.0
#include "base/printable.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace cw {
namespace {

TEST(Printable, LeavesNoCommandsToTheTerminal) {
  EXPECT_EQ(printable("a\x1b[2Jb\nc\td\x7f"), "a?[2Jb?c d?");
  EXPECT_EQ(printable("\xc2\x9b"
                      "2J"),
            "?2J")
      << "CSI as one character of C1";
}

TEST(Printable, LeavesNoMarksThatReorderText) {
  EXPECT_EQ(printable("\u202egpj.exe"), "?gpj.exe");
  EXPECT_EQ(printable("\u2066x\u2069\u200f"), "?x??");
}

TEST(Printable, LeavesOtherTextAsItIs) {
  EXPECT_EQ(printable("Zoë €𐍈 'x'"), "Zoë €𐍈 'x'");
}

TEST(Printable, ShowsWhatIsNoUtf8ByteForByte) {
  EXPECT_EQ(printable("\xff\xe2\x82z"), "???z");
}

TEST(Printable, KeepsLineEndsWhereLinesAreAskedFor) {
  EXPECT_EQ(printable_lines("a\x1b\n\n\tb\r\n"), "a?\n\n b?\n");
  EXPECT_EQ(printable_lines(""), "");
}

TEST(Printable, NeverContainsAControlCharacterAndChangesNothingTwice) {
  EXPECT_TRUE(rc::check([](const std::string& text) {
    const auto shown = printable(text);
    for (const char c : shown) {
      const auto byte = static_cast<unsigned char>(c);
      RC_ASSERT(byte >= 0x20 && byte != 0x7f);
    }
    RC_ASSERT(printable(shown) == shown);
  }));
}

}  // namespace
}  // namespace cw
