// SPDX-License-Identifier: Apache-2.0
#include "router/failover/mail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::failover {
namespace {

net::PrivateKey private_key(std::uint8_t seed) {
  net::KeyBytes bytes{};
  bytes.fill(seed);
  return *net::PrivateKey::from_bytes(bytes);
}

std::map<std::string, Mail::Keys> keys(std::uint8_t seed) {
  const auto key = private_key(seed);
  std::map<std::string, Mail::Keys> keys;
  keys.emplace("prod", Mail::Keys{.heartbeats = ha::wire::HeartbeatKey(key),
                                  .letters = ha::wire::LetterKey(key)});
  return keys;
}

Mail mail(const std::string& router, std::uint64_t boot, std::uint8_t seed = 7) {
  Mail mail(router, boot, keys(seed));
  mail.configure(
      {.router = router, .gateways = {{.name = "prod", .routers = {"r1", "r2"}}}, .timers = {}});
  return mail;
}

ha::Beat beat(const std::string& router) {
  return {.gateway = "prod", .router = router};
}

// Two routers that have proved to each other that they live.
struct Two {
  Mail a = mail("r1", 11);
  Mail b = mail("r2", 22);

  Two() {
    (void)b.open(*a.write(beat("r1"), "r2", 0));
    (void)a.open(*b.write(beat("r2"), "r1", 0));
    (void)b.open(*a.write(beat("r1"), "r2", 0));
  }
};

TEST(Mail, AHeartbeatComesWithItsSendersClock) {
  Two two;
  const auto opened = two.b.open(*two.a.write(beat("r1"), "r2", 1234));
  ASSERT_TRUE(opened) << opened.error().to_text();
  const auto* heard = std::get_if<Mail::Heartbeat>(&*opened);
  ASSERT_NE(heard, nullptr);
  EXPECT_EQ(heard->beat, beat("r1"));
  EXPECT_EQ(heard->wall, 1234);
}

TEST(Mail, WhatIsSentAgainSaysNothing) {
  Two two;
  const auto datagram = *two.a.write(beat("r1"), "r2", 0);
  ASSERT_TRUE(two.b.open(datagram));
  const auto again = two.b.open(datagram);
  ASSERT_TRUE(again);
  EXPECT_TRUE(std::holds_alternative<Mail::Unused>(*again));
}

TEST(Mail, AStrangersIsRefused) {
  Two two;
  auto stranger = mail("r1", 33, 9);
  const auto opened = two.b.open(*stranger.write(beat("r1"), "r2", 0));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::Permission);
}

TEST(Mail, ALetterIsWrittenOnlyToWhoIsBelieved) {
  auto alone = mail("r1", 11);
  const auto letter = alone.write("prod", "r2", ha::wire::Kind::Peers, {1, 2, 3});
  ASSERT_TRUE(letter);
  EXPECT_FALSE(*letter);
  EXPECT_EQ(alone.believed("prod", "r2"), 0U);
}

TEST(Mail, ALetterArrivesWithWhoWroteIt) {
  Two two;
  const auto letter = two.a.write("prod", "r2", ha::wire::Kind::Peers, {1, 2, 3});
  ASSERT_TRUE(letter && *letter);
  const auto opened = two.b.open(**letter);
  ASSERT_TRUE(opened) << opened.error().to_text();
  const auto* told = std::get_if<Mail::Told>(&*opened);
  ASSERT_NE(told, nullptr);
  EXPECT_EQ(told->from, "r1");
  EXPECT_THAT(told->payload, ::testing::ElementsAre(1, 2, 3));
}

TEST(Mail, WhatIsForSomebodyElseIsRefused) {
  Two two;
  const auto datagram = *two.a.write(beat("r1"), "r2", 0);
  auto third = mail("r1", 44);
  EXPECT_FALSE(third.open(datagram));
}

TEST(Mail, AConfigurationThatKeepsASiblingKeepsWhatWasSaid) {
  Two two;
  two.b.configure(
      {.router = "r2", .gateways = {{.name = "prod", .routers = {"r1", "r2"}}}, .timers = {}});
  EXPECT_EQ(two.b.believed("prod", "r1"), 11U);
}

}  // namespace
}  // namespace cw::failover
