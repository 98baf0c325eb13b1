// SPDX-License-Identifier: Apache-2.0
#include "router/failover/handing.h"

#include <gtest/gtest.h>

#include "network/revocation.h"
#include "network/signed_netmap.h"
#include "tests/support/signing.h"

// A list of revocations from one router to another that says nothing of what it has.
namespace cw::failover {
namespace {

constexpr ha::Time kStart{std::chrono::hours(1)};
constexpr auto kFile = "/var/lib/causeway/revoked.signed";
const Handing::Lacking kSibling{{"b", {"prod"}}};

std::string file_of(std::uint64_t serial, std::size_t size = 5000,
                    network::Content content = network::Content::Revocations) {
  return network::make_bundle(std::string(size, 'x'),
                              {.content = content,
                               .serial = serial,
                               .network = *net::Prefix::parse("fd5e:3a1c:9b04::/48"),
                               .time = WallTime(std::chrono::hours(24))},
                              test::signing_key(1));
}

bool everybody(const std::string& /*gateway*/, const std::string& /*sibling*/) {
  return true;
}

struct Router {
  explicit Router(std::uint64_t serial) { list.configure(kFile, serial); }

  std::vector<Handing::Letter> step(const std::string& file, ha::Time now) {
    auto turn = list.step(kSibling, everybody, now);
    if (list.file_to_read(now)) {
      EXPECT_TRUE(list.have_read(file, now));
      turn = list.step(kSibling, everybody, now);
    }
    return std::move(turn.letters);
  }

  Handing list{network::Content::Revocations, network::kLargestRevocations};
};

// What comes whole at `b` within some seconds; `letters`: how many were written.
std::string hand_over(Router& a, Router& b, const std::string& file, ha::Time& now, int& letters) {
  std::string whole;
  letters = 0;
  for (const auto end = now + ha::Duration(5000); now < end; now += ha::Duration(10)) {
    for (const auto& letter : a.step(file, now)) {
      ++letters;
      const auto heard = b.list.hear("a", letter.payload, now);
      if (!heard) {
        continue;
      }
      if (heard->whole) {
        whole = heard->whole->bytes;
      }
      if (heard->answer) {
        EXPECT_TRUE(a.list.hear("b", *heard->answer, now));
      }
    }
  }
  return whole;
}

TEST(Handing, WhoHasNoneOrAnOlderOneGetsItAndThenItIsQuiet) {
  Router a(6);
  Router b(0);
  auto now = kStart;
  int letters = 0;
  EXPECT_TRUE(a.list.look(kSibling));
  EXPECT_EQ(hand_over(a, b, file_of(6), now, letters), file_of(6));
  b.list.configure(kFile, 6);
  EXPECT_FALSE(a.list.look(kSibling));
  EXPECT_EQ(hand_over(a, b, file_of(6), now, letters), "");
  EXPECT_LE(letters, 1);
  a.list.configure(kFile, 7);
  EXPECT_TRUE(a.list.look(kSibling));
  EXPECT_EQ(hand_over(a, b, file_of(7), now, letters), file_of(7));
}

TEST(Handing, WhoHasANewerOneIsOfferedItOnce) {
  Router a(6);
  Router b(7);
  auto now = kStart;
  int letters = 0;
  EXPECT_EQ(hand_over(a, b, file_of(6), now, letters), "");
  EXPECT_EQ(letters, 1);
}

TEST(Handing, OnlyWhatItIsSupposedToBeGoesOut) {
  Router a(6);
  Router b(0);
  auto now = kStart;
  int letters = 0;
  EXPECT_EQ(hand_over(a, b, file_of(6, 5000, network::Content::Netmap), now, letters), "");
  EXPECT_EQ(letters, 0);
}

TEST(Handing, MoreThanAListEverHasIsRefused) {
  Router a(6);
  Router b(0);
  auto now = kStart;
  int letters = 0;
  EXPECT_EQ(hand_over(a, b, file_of(6, network::kLargestRevocations + 1), now, letters), "");
  EXPECT_GE(letters, 1);
}

}  // namespace
}  // namespace cw::failover
