// SPDX-License-Identifier: Apache-2.0
#include "firewall/codec/nft_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::firewall {
namespace {

constexpr auto kWhat = "cannot change the firewall";

TEST(NftError, NamesTheLineAndShowsIt) {
  const auto error = nft_error(
      "/proc/self/fd/5:3:41-42: Error: No such file or directory; did you mean chain 'deny'?\n"
      "add rule inet x y ip saddr 1.2.3.4 goto zz\n"
      "                                        ^^\n"
      "/proc/self/fd/5:4:1-2: Error: another\n",
      kWhat);
  EXPECT_EQ(error.kind, ErrorKind::NotFound);
  EXPECT_EQ(error.message,
            "cannot change the firewall: nft on line 3: No such file or directory; did you mean "
            "chain 'deny'?: add rule inet x y ip saddr 1.2.3.4 goto zz");
}

TEST(NftError, ShowsOnlyThePartOfALongLineThatItIsAbout) {
  std::string line = "add element inet causeway peer4 { ";
  for (int i = 0; i < 10000; ++i) {
    line += "100.64.0.5, ";
  }
  const auto column = line.size() + 1;
  line += "what ";
  line.append(5000, 'x');
  const auto error = nft_error("/proc/self/fd/5:1:" + std::to_string(column) +
                                   "-9: Error: syntax error\n" + line + "\n   ^^^^\n",
                               kWhat);
  EXPECT_EQ(error.kind, ErrorKind::Invalid);
  EXPECT_LT(error.message.size(), 300U);
  EXPECT_THAT(error.message, testing::HasSubstr("100.64.0.5, what xxx"));
}

TEST(NftError, TellsTheKindFromTheWords) {
  EXPECT_EQ(
      nft_error("x:1:1-2: Error: Could not process rule: Operation not permitted\n", kWhat).kind,
      ErrorKind::Permission);
  EXPECT_EQ(nft_error("x:1:1-2: Error: Could not process rule: File exists\n", kWhat).kind,
            ErrorKind::Exists);
  EXPECT_EQ(
      nft_error("netlink: Error: cache initialization failed: Operation not permitted\n", kWhat)
          .kind,
      ErrorKind::Permission);
}

TEST(NftError, KeepsWhatItCannotRead) {
  EXPECT_EQ(nft_error("something else\n", kWhat).message,
            "cannot change the firewall: nft: something else");
  EXPECT_EQ(nft_error("", kWhat).message,
            "cannot change the firewall: nft: refused without a word");
  EXPECT_THAT(nft_error(":: Error: \n", kWhat).message, testing::HasSubstr("nft"));
}

}  // namespace
}  // namespace cw::firewall
