// SPDX-License-Identifier: Apache-2.0
#include "net/key.h"

#include <type_traits>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace cw::net {
namespace {

// RFC 7748 section 6.1, Alice's pair, in base64.
constexpr auto kPrivate = "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=";
constexpr auto kPublic = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";

TEST(PublicKey, ParsesWhatItPrints) {
  EXPECT_EQ(PublicKey::parse(kPublic)->to_text(), kPublic);
}

TEST(PublicKey, RefusesWhatIsNot32BytesOfBase64) {
  for (const std::string text : {"", "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo",
                                 "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=\n",
                                 "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo=",
                                 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}) {
    EXPECT_FALSE(PublicKey::parse(text)) << text;
  }
}

TEST(PrivateKey, DerivesThePublicKeyOfRfc7748) {
  EXPECT_EQ(PrivateKey::parse(kPrivate)->public_key().to_text(), kPublic);
}

TEST(PrivateKey, CannotBeCopiedComparedOrFormatted) {
  static_assert(!std::is_copy_constructible_v<PrivateKey>);
  static_assert(!std::equality_comparable<PrivateKey>);
  static_assert(!fmt::is_formattable<PrivateKey>::value);
}

TEST(PrivateKey, IsWipedWhenMovedFrom) {
  auto key = *PrivateKey::parse(kPrivate);
  const PrivateKey other = std::move(key);
  EXPECT_EQ(other.public_key().to_text(), kPublic);
  EXPECT_EQ(key.expose()[0], 0);  // NOLINT(bugprone-use-after-move): what this test is about
}

TEST(PrivateKey, NeverRepeatsItsTextInAnError) {
  const auto key = PrivateKey::parse("c2VjcmV0");
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().to_text().find("c2VjcmV0"), std::string::npos);
}

}  // namespace
}  // namespace cw::net
