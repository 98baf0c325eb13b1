// SPDX-License-Identifier: Apache-2.0
#include "network/minisign.h"

#include <type_traits>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/network/signing_keys.h"

namespace cw::network::minisign {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Made by Debian's minisign 0.11: `minisign -G -W`, and `echo hello >f; minisign -S -m f`.
constexpr std::string_view kTheirPublic =
    "untrusted comment: minisign public key A5500FEF217882A8\n"
    "RWSogngh7w9QpcyAhm97SBW+q795NyVG5N2mnAiWOIMLcFoEaokV1YNl\n";
constexpr std::string_view kTheirSecret =
    "untrusted comment: minisign encrypted secret key\n"
    "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAqIJ4Ie8PUKVvW12bU8DA"
    "pKs9w6ZICb/"
    "mE7fzOanyoKIpEdySCnmm2syAhm97SBW+q795NyVG5N2mnAiWOIMLcFoEaokV1YNlAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAA=\n";
constexpr std::string_view kTheirSignature =
    "untrusted comment: signature from minisign secret key\n"
    "RUSogngh7w9QpVDxdbF3AtVpskUGS2uy4doIeWoxe6RJw4WVbADfoTL4lM/bV5eVWrG+QDt6z3FBxC/"
    "dBHmOjOBOqRtC4AmD"
    "XQo=\n"
    "trusted comment: causeway x\n"
    "X13mtN+7jZb1xrwQ+5dyNYRMYqR5KCjMHZ8zQBQUQycXNwZf9FrTx1oRo7GYe7ScLmSlIiWjVPLZOa5futV+CQ==\n";
// Of the same, by `minisign -S -l`.
constexpr std::string_view kTheirLegacySignature =
    "untrusted comment: signature from minisign secret key\n"
    "RWSogngh7w9QpZYM7iJILnVjYD47NvlYSj4ZUP1nIv6PvGO9ha2bZnWwwuxO38UQsN5RpkYfR653G5DwZ0EmkXXHfGPRfY"
    "3iyg4=\n"
    "trusted comment: causeway x\n"
    "/EAUt5ey319AJZ+4zVrCD674gy8FpoyZ6tUbLpd3r8pUbeEcS/bANPg3CluyqOiqeFbHQTGUhuIbSogAnIyHCw==\n";

constexpr Work kLittleWork{.operations = 32768, .memory = 1U << 20U};

TEST(Minisign, VerifiesWhatMinisignSigned) {
  const auto key = parse_public_key_file(kTheirPublic).value();
  EXPECT_EQ(key.name(), "A5500FEF217882A8");
  for (const auto text : {kTheirSignature, kTheirLegacySignature}) {
    const auto signature = parse_signature(text);
    ASSERT_TRUE(signature) << signature.error().to_text();
    EXPECT_EQ(to_text(*signature), text);
    EXPECT_TRUE(verify(*signature, "hello\n", std::span(&key, 1)));
    EXPECT_FALSE(verify(*signature, "Hello\n", std::span(&key, 1)));
  }
}

TEST(Minisign, SignsWithAKeyOfMinisign) {
  const auto secret = parse_secret_key_file(kTheirSecret, std::nullopt).value();
  EXPECT_EQ(secret.public_key(), parse_public_key_file(kTheirPublic).value());
  // Ed25519 is deterministic, so ours is theirs.
  EXPECT_EQ(to_text(sign("hello\n", secret, "signature from minisign secret key", "causeway x")),
            kTheirSignature);
}

TEST(Minisign, RefusesAKeyThatIsNotTrusted) {
  const auto secret = signing_key(1);
  const auto other = signing_key(2).public_key();
  const auto signature = sign("body", secret, "c", "t");
  const auto refused = verify(signature, "body", std::span(&other, 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::Permission);
  EXPECT_THAT(refused.error().to_text(), HasSubstr(secret.public_key().name()));
  EXPECT_EQ(verify(signature, "body", {}).error().kind, ErrorKind::Permission);
}

TEST(Minisign, FindsTheKeyAmongSeveralWithOneId) {
  const auto secret = signing_key(1);
  const PublicKey twin(secret.public_key().id(), signing_key(2).public_key().bytes());
  const std::array keys = {twin, secret.public_key()};
  EXPECT_EQ(verify(sign("body", secret, "c", "t"), "body", keys).value(), secret.public_key());
}

TEST(Minisign, RefusesAnAlteredTrustedComment) {
  const auto secret = signing_key(1);
  const auto key = secret.public_key();
  auto signature = sign("body", secret, "c", "t");
  signature.trusted_comment = "u";
  EXPECT_EQ(verify(signature, "body", std::span(&key, 1)).error().kind, ErrorKind::Invalid);
}

TEST(Minisign, RefusesSignatureFilesWrittenInAnotherWay) {
  const std::string good(kTheirSignature);
  const auto without_end = good.substr(0, good.size() - 1);
  for (const auto& text : {std::string(), good + "\n", without_end, "\n" + good, good.substr(0, 60),
                           good.substr(20)}) {
    EXPECT_FALSE(parse_signature(text)) << text;
  }
  std::string long_comment = "untrusted comment: " + std::string(kLongestComment + 1, 'x');
  EXPECT_FALSE(parse_signature(long_comment + good.substr(good.find('\n'))));
}

TEST(Minisign, ReadsPublicKeysInOneForm) {
  const auto key = signing_key(1).public_key();
  EXPECT_EQ(PublicKey::parse(key.to_text()).value(), key);
  EXPECT_EQ(parse_public_key_file(public_key_file(key)).value(), key);
  EXPECT_EQ(parse_public_key_file(key.to_text() + "\n").value(), key);
  EXPECT_THAT(key.to_text(), StartsWith("RW"));
  for (const auto& text : {std::string(), key.to_text() + " ", key.to_text().substr(1),
                           "X" + key.to_text().substr(1), std::string("untrusted comment: x")}) {
    EXPECT_FALSE(parse_public_key_file(text)) << text;
  }
}

TEST(Minisign, ReadsSecretKeysThatItWrote) {
  const auto key = signing_key(1);
  const auto open = secret_key_file(key, std::nullopt).value();
  EXPECT_FALSE(is_encrypted(open).value());
  EXPECT_EQ(parse_secret_key_file(open, std::nullopt).value().public_key(), key.public_key());

  const Encryption encryption{.passphrase = "correct horse", .salt = {1, 2}, .work = kLittleWork};
  const auto closed = secret_key_file(key, encryption).value();
  EXPECT_TRUE(is_encrypted(closed).value());
  EXPECT_EQ(parse_secret_key_file(closed, "correct horse").value().public_key(), key.public_key());
}

TEST(Minisign, RefusesAWrongOrMissingPassphrase) {
  const Encryption encryption{.passphrase = "correct horse", .salt = {1, 2}, .work = kLittleWork};
  const auto closed = secret_key_file(signing_key(1), encryption).value();
  for (const std::optional<std::string_view> passphrase :
       {std::optional<std::string_view>(), std::optional<std::string_view>("wrong")}) {
    const auto refused = parse_secret_key_file(closed, passphrase);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::Permission);
  }
}

TEST(Minisign, RefusesAKeyFileThatWouldTakeAllMemory) {
  const Encryption encryption{.passphrase = "x", .salt = {}, .work = kLittleWork};
  auto text = secret_key_file(signing_key(1), encryption).value();
  // Byte 50 of the content is the second of the little-endian memory limit's: character 66 or so.
  const auto line = text.find('\n') + 1;
  text.replace(line + 62, 9, "/////////");
  const auto refused = is_encrypted(text);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().to_text(), HasSubstr("more than minisign"));
}

TEST(Minisign, RefusesASecretKeyWithAnotherPublicHalf) {
  std::string text(kTheirSecret);
  const auto at = text.find("IpEdySCnmm2syAhm97");
  ASSERT_NE(at, std::string::npos);
  text[at + 17] = '8';  // a byte of the second half
  EXPECT_THAT(parse_secret_key_file(text, std::nullopt).error().to_text(), HasSubstr("damaged"));
}

// The formatter would be the way by which a key got into a log.
TEST(Minisign, SecretKeysAreNeitherCopiedNorComparedNorFormatted) {
  static_assert(!std::is_copy_constructible_v<SecretKey>);
  static_assert(!std::is_copy_assignable_v<SecretKey>);
  static_assert(!std::equality_comparable<SecretKey>);
  static_assert(!fmt::is_formattable<SecretKey>::value);
}

}  // namespace
}  // namespace cw::network::minisign
