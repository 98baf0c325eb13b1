// SPDX-License-Identifier: Apache-2.0
#include "ha/wire/sealed.h"

#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace cw::ha::wire {
namespace {

constexpr auto kPrivateKey = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";

const LetterKey& key() {
  static const LetterKey kOne(*net::PrivateKey::parse(kPrivateKey));
  return kOne;
}

Letter example() {
  return {.kind = Kind::Peers,
          .gateway = "gw-a",
          .from = "router-a",
          .to = "router-b",
          .stamp = {.boot = 7, .to_boot = 9, .sequence = 3},
          .payload = {'p', 'e', 'e', 'r', 's'}};
}

Letter longest() {
  Letter letter = example();
  letter.gateway = std::string(kMostGatewayName, 'g');
  letter.from = std::string(kMostName, 'a');
  letter.to = std::string(kMostName, 'b');
  letter.payload.assign(kMostPayload, 0x55);
  return letter;
}

std::string to_hex(std::span<const std::uint8_t> bytes) {
  std::string hex;
  for (const std::uint8_t byte : bytes) {
    constexpr auto kDigits = "0123456789abcdef";
    hex += {kDigits[byte >> 4U], kDigits[byte & 15U]};
  }
  return hex;
}

TEST(Letter, SaysTheSameWhenItIsOpened) {
  const auto bytes = seal(example(), key());
  ASSERT_TRUE(bytes);
  EXPECT_EQ(open(*bytes, key()), example());
  EXPECT_EQ(gateway_of_letter(*bytes), "gw-a");
  EXPECT_TRUE(is_letter(*bytes));
}

// Other versions have to make the same bytes of it. Computed with Python's hashlib.blake2b for the
// subkey, HChaCha20 written down from draft-irtf-cfrg-xchacha, and cryptography's ChaCha20Poly1305.
TEST(Letter, IsTheseBytes) {
  Nonce nonce;
  std::iota(nonce.begin(), nonce.end(), std::uint8_t{1});
  const auto bytes = seal(example(), key(), nonce);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(to_hex(*bytes),
            "43574853"
            "01"
            "01"
            "0000000000000007"
            "0000000000000009"
            "0000000000000003"
            "0467772d61"
            "08726f757465722d61"
            "08726f757465722d62"
            "0102030405060708090a0b0c0d0e0f101112131415161718"
            "64529b85b4"
            "1dd1719930ddc2ae085a395ed50567b9");
}

TEST(Letter, IsRefusedWhereAnyBitDiffers) {
  const auto bytes = seal(example(), key());
  ASSERT_TRUE(bytes);
  for (std::size_t bit = 0; bit < bytes->size() * 8; ++bit) {
    auto damaged = *bytes;
    damaged[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    EXPECT_FALSE(open(damaged, key())) << bit;
  }
}

TEST(Letter, IsRefusedAtAnyOtherLength) {
  auto bytes = seal(longest(), key());
  ASSERT_TRUE(bytes);
  EXPECT_EQ(bytes->size(), kMostLetterBytes);
  EXPECT_EQ(open(*bytes, key()), longest());
  for (std::size_t size = 0; size < bytes->size(); ++size) {
    EXPECT_FALSE(open(std::span(*bytes).first(size), key())) << size;
    (void)gateway_of_letter(std::span(*bytes).first(size));
  }
  bytes->push_back(0);
  EXPECT_FALSE(open(*bytes, key()));
}

TEST(Letter, OfAnotherGatewaySaysWhatToCompare) {
  const LetterKey other(*net::PrivateKey::parse("cAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk="));
  const auto opened = open(seal(example(), key()).value(), other);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::Permission);
  EXPECT_THAT(opened.error().message, testing::HasSubstr("private key"));
}

TEST(Letter, OfAnotherVersionIsNotRead) {
  auto bytes = seal(example(), key()).value();
  bytes[4] = 2;
  EXPECT_EQ(open(bytes, key()).error().kind, ErrorKind::Unsupported);
  EXPECT_EQ(gateway_of_letter(bytes).error().kind, ErrorKind::Unsupported);
}

TEST(Letter, HidesWhatItSays) {
  Letter letter = example();
  letter.payload.assign(64, 'x');
  const auto once = seal(letter, key()).value();
  const auto again = seal(letter, key()).value();
  EXPECT_NE(once, again);  // a nonce of its own
  EXPECT_THAT(std::string(once.begin(), once.end()), testing::Not(testing::HasSubstr("xxx")));
}

TEST(Letter, ThatCannotBeOpenedIsNotSealed) {
  const auto refuses = [](void (*change)(Letter&)) {
    Letter letter = example();
    change(letter);
    return !seal(letter, key());
  };
  EXPECT_TRUE(refuses([](Letter& letter) { letter.gateway = "gateway-names"; }));
  EXPECT_TRUE(refuses([](Letter& letter) { letter.from = ""; }));
  EXPECT_TRUE(refuses([](Letter& letter) { letter.to = "../b"; }));
  EXPECT_TRUE(refuses([](Letter& letter) { letter.stamp.boot = 0; }));
  EXPECT_TRUE(refuses([](Letter& letter) { letter.stamp.to_boot = 0; }));
  EXPECT_TRUE(refuses([](Letter& letter) { letter.stamp.sequence = 0; }));
  EXPECT_TRUE(refuses([](Letter& letter) { letter.payload.resize(kMostPayload + 1); }));
  EXPECT_TRUE(refuses([](Letter& letter) { letter.kind = Kind{9}; }));
}

TEST(Letter, HasAKeyOfItsOwn) {
  const auto parsed = net::PrivateKey::parse(kPrivateKey);
  const HeartbeatKey heartbeats(*parsed);
  EXPECT_NE(to_hex(key().expose()), to_hex(heartbeats.expose()));
  EXPECT_NE(to_hex(key().expose()), to_hex(parsed->expose()));
}

TEST(Letter, AHeartbeatIsNone) {
  const HeartbeatKey heartbeats(*net::PrivateKey::parse(kPrivateKey));
  const auto beat = seal(Heartbeat{.beat = {.gateway = "gw-a", .router = "router-a"},
                                   .to = "router-b",
                                   .proof = {.boot = 7, .sequence = 1}},
                         heartbeats);
  ASSERT_TRUE(beat);
  EXPECT_FALSE(is_letter(*beat));
  EXPECT_FALSE(open(*beat, key()));
  EXPECT_FALSE(gateway_of(seal(example(), key()).value()));
}

RC_GTEST_PROP(Letter, AnyPayloadSurvives, (std::vector<std::uint8_t> payload)) {
  Letter letter = example();
  letter.payload = std::move(payload);
  RC_PRE(letter.payload.size() <= kMostPayload);
  RC_ASSERT(open(seal(letter, key()).value(), key()) == letter);
}

}  // namespace
}  // namespace cw::ha::wire
