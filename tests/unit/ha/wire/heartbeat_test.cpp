// SPDX-License-Identifier: Apache-2.0
#include "ha/wire/heartbeat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace cw::ha::wire {
namespace {

HeartbeatKey key_of(const char* base64) {
  return HeartbeatKey(*net::PrivateKey::parse(base64));
}

const HeartbeatKey& key() {
  static const HeartbeatKey kOne = key_of("yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=");
  return kOne;
}

Heartbeat example() {
  return {.beat = {.gateway = "gw-a",
                   .router = "router-a",
                   .epoch = {.term = 5, .provisional = true},
                   .role = Role::Drain,
                   .fitness = Fitness::Poor,
                   .goodbye = true,
                   .serial = 2,
                   .owned = 1,
                   .pauses = 3,
                   .out_of_reach = 0x8002,
                   .ready = 4,
                   .silence = Duration{5000},
                   .handover = Handover{.id = 42, .to = "router-b", .go = true}},
          .to = "router-b",
          .proof = {.boot = 7, .sequence = 1, .echoed_boot = 9, .echoed_sequence = 3},
          .wall = -1};
}

TEST(Heartbeat, SaysTheSameWhenItIsRead) {
  const auto bytes = seal(example(), key());
  ASSERT_TRUE(bytes);
  EXPECT_EQ(open(*bytes, key()), example());
  EXPECT_EQ(gateway_of(*bytes), "gw-a");
}

// Other versions have to make the same bytes of it. The tag was computed by Python's
// hashlib.blake2b.
TEST(Heartbeat, IsTheseBytes) {
  Heartbeat heartbeat = example();
  heartbeat.beat.handover.reset();
  const auto bytes = seal(heartbeat, key());
  ASSERT_TRUE(bytes);
  std::string hex;
  for (const std::uint8_t byte : *bytes) {
    constexpr auto kDigits = "0123456789abcdef";
    hex += {kDigits[byte >> 4U], kDigits[byte & 15U]};
  }
  EXPECT_EQ(hex,
            "43574842"
            "01"
            "03"
            "04"
            "01"
            "0000000000000007"
            "0000000000000001"
            "0000000000000009"
            "0000000000000003"
            "ffffffffffffffff"
            "0000000000000005"
            "0000000000000002"
            "0000000000000004"
            "0000000000000000"
            "00000001"
            "00000003"
            "00001388"
            "8002"
            "0467772d61"
            "08726f757465722d61"
            "08726f757465722d62"
            "00"
            "7bfb2364a2b434e2d1546e73c1c2b006");
}

TEST(Heartbeat, IsRefusedWhereAnyBitDiffers) {
  const auto bytes = seal(example(), key());
  ASSERT_TRUE(bytes);
  for (std::size_t bit = 0; bit < bytes->size() * 8; ++bit) {
    auto damaged = *bytes;
    damaged[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    EXPECT_FALSE(open(damaged, key())) << bit;
  }
}

TEST(Heartbeat, IsRefusedWhereItEndsEarlyOrLate) {
  auto bytes = *seal(example(), key());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(open(std::span(bytes).first(size), key())) << size;
  }
  bytes.push_back(0);
  EXPECT_FALSE(open(bytes, key()));
}

TEST(Heartbeat, OfAnotherGatewaysKeyIsNobodys) {
  const HeartbeatKey other = key_of("GGH5TCqmWsdHyUFRvPbBG0lmpQaUvBXMWLkWgz7sQ3k=");
  const auto opened = open(*seal(example(), other), key());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::Permission);
}

TEST(Heartbeat, OfAnotherVersionSaysThatAnUpgradeIsUnfinished) {
  auto bytes = *seal(example(), key());
  bytes[4] = 2;
  const auto opened = open(bytes, key());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::Unsupported);
  EXPECT_THAT(opened.error().to_text(), testing::HasSubstr("upgrade"));
}

TEST(Heartbeat, WithANameThatIsNoneIsNotSent) {
  for (const char* name : {"", "a/b", "A", "a name", "gateway-of-14-"}) {
    Heartbeat heartbeat = example();
    heartbeat.beat.gateway = name;
    EXPECT_FALSE(seal(heartbeat, key())) << name;
  }
}

TEST(Heartbeat, TheKeyIsNotThePrivateKeyNorItsHash) {
  const auto secret = net::PrivateKey::parse("yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=");
  EXPECT_FALSE(std::ranges::equal(key().expose(), secret->expose()));
  // crypto_kdf_derive_from_key(32, 1, "cwhabeat"); routers of two versions must agree. Computed by
  // hashlib.blake2b.
  std::string hex;
  for (const std::uint8_t byte : key().expose()) {
    constexpr auto kDigits = "0123456789abcdef";
    hex += {kDigits[byte >> 4U], kDigits[byte & 15U]};
  }
  EXPECT_EQ(hex, "dd561e28eda913ec48d3f003d8db6d2fccdd51fc61d05138c1e0d00ac64a41f2");
}

// Whatever is sealed is read as the same, or was not sealed.
RC_GTEST_PROP(HeartbeatLaw, ReadingGivesBackWhatWasSealed, ()) {
  const auto name = [](std::size_t most) {
    return rc::gen::mapcat(rc::gen::inRange<std::size_t>(1, most + 1), [](std::size_t size) {
      return rc::gen::container<std::string>(size,
                                             rc::gen::elementOf(std::string("abcxyz0189-_.")));
    });
  };
  Heartbeat heartbeat = example();
  Beat& beat = heartbeat.beat;
  beat.gateway = *name(kMostGatewayName);
  beat.router = *name(kMostName);
  heartbeat.to = *name(kMostName);
  beat.epoch = {*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::arbitrary<bool>()};
  beat.role = *rc::gen::elementOf(std::vector<Role>(std::begin(kRoles), std::end(kRoles)));
  beat.goodbye = *rc::gen::arbitrary<bool>();
  beat.serial = *rc::gen::arbitrary<std::uint64_t>();
  beat.out_of_reach = *rc::gen::arbitrary<std::uint16_t>();
  beat.silence = Duration{*rc::gen::inRange(0, 60'001)};
  beat.handover.reset();
  if (*rc::gen::arbitrary<bool>()) {
    beat.handover = Handover{*rc::gen::arbitrary<std::uint64_t>(), *name(kMostName),
                             *rc::gen::arbitrary<bool>()};
  }
  heartbeat.proof.sequence = *rc::gen::inRange<std::uint64_t>(1, UINT64_MAX);
  heartbeat.wall = *rc::gen::arbitrary<std::int64_t>();
  const auto bytes = seal(heartbeat, key());
  RC_ASSERT(bytes.has_value());
  RC_ASSERT(bytes->size() <= kMostBytes);
  RC_ASSERT(open(*bytes, key()) == heartbeat);
}

}  // namespace
}  // namespace cw::ha::wire
