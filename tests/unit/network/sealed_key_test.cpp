// SPDX-License-Identifier: Apache-2.0
#include "network/sealed_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::network {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr SealCost kCheap{.passes = 1, .memory = 8192};  // the least there is

net::PrivateKey key() {
  return *net::PrivateKey::parse("EBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBA=");
}

std::string sealed() {
  return *seal(key(), "fd5e:3a1c:9b04::/48", "main", net::Secret("correct horse"), kCheap);
}

TEST(SealedKey, OpensWithItsPassphraseAndSaysWhoseItIs) {
  const auto text = sealed();
  EXPECT_THAT(text, ::testing::StartsWith("causeway gateway key 1\nnetwork fd5e:3a1c:9b04::/48\n"
                                          "gateway main\npublic-key "));
  EXPECT_THAT(text, Not(HasSubstr("EBAQ")));
  const auto name = sealed_name(text);
  ASSERT_TRUE(name);
  EXPECT_EQ(name->gateway, "main");
  const auto opened = unseal(text, net::Secret("correct horse"));
  ASSERT_TRUE(opened) << opened.error().to_text();
  EXPECT_EQ(opened->public_key(), key().public_key());
}

TEST(SealedKey, IsAnotherTextEachTime) {
  EXPECT_NE(sealed(), sealed());
}

TEST(SealedKey, DoesNotOpenWithAnotherPassphrase) {
  const auto opened = unseal(sealed(), net::Secret("correct house"));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::Permission);
}

TEST(SealedKey, RefusesAShortPassphrase) {
  EXPECT_FALSE(seal(key(), "fd5e:3a1c:9b04::/48", "main", net::Secret("1234567"), kCheap));
}

TEST(SealedKey, OpensNothingWhereAnyByteWasChanged) {
  const auto good = sealed();
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_FALSE(unseal(bad, net::Secret("correct horse"))) << i;
    EXPECT_FALSE(unseal(good.substr(0, i), net::Secret("correct horse"))) << i;
  }
  EXPECT_FALSE(unseal(good + "\n", net::Secret("correct horse")));
}

TEST(SealedKey, RefusesACostThatTakesTheMachineDown) {
  auto text = sealed();
  text.replace(text.find("argon2id 1 8192"), 15, "argon2id 1 99999999999999");
  const auto opened = unseal(text, net::Secret("correct horse"));
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("would take"));
}

}  // namespace
}  // namespace cw::network
