// SPDX-License-Identifier: Apache-2.0
#include "ha/netmap/payload.h"

#include <functional>

#include <gtest/gtest.h>

namespace cw::ha::netmap {
namespace {

constexpr Id kId{.serial = 6, .digest = 0x0123456789abcdef};

std::vector<Said> examples() {
  return {{.of = kId, .what = Offer{.size = 1}},
          {.of = kId, .what = Offer{.size = kMostNetmap}},
          {.of = kId, .what = Piece{.index = 3, .ask = true, .content = "all of it"}},
          {.of = kId,
           .what = Piece{.index = pieces_of(kMostNetmap) - 1,
                         .ask = false,
                         .content = std::string(kPieceBytes, '\xff')}},
          {.of = kId, .what = Have{.next = 7, .further = 0xfffe}},
          {.of = kId, .what = Enough{}}};
}

TEST(NetmapPayload, IsReadAsItWasWritten) {
  for (const auto& said : examples()) {
    const auto again = read(write(said));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*again, said);
  }
}

TEST(NetmapPayload, IsRefusedWhenItIsCutOffOrGoesOn) {
  for (const auto& said : examples()) {
    const auto whole = write(said);
    const bool ends_anywhere = std::holds_alternative<Piece>(said.what);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const auto cut = read(std::span(whole).first(length));
      if (ends_anywhere && length > whole.size() - std::get<Piece>(said.what).content.size()) {
        continue;  // a shorter piece; its receiver knows how long it has to be
      }
      EXPECT_FALSE(cut) << length;
    }
    auto longer = whole;
    longer.resize(2 * kPieceBytes);
    EXPECT_FALSE(read(longer));
  }
}

TEST(NetmapPayload, HasNoOtherValues) {
  const auto refuses = [](const Said& said) { return !read(write(said)); };
  EXPECT_TRUE(refuses({.of = {.serial = 0, .digest = 1}, .what = Enough{}}));
  EXPECT_TRUE(refuses({.of = kId, .what = Offer{.size = 0}}));
  EXPECT_TRUE(refuses({.of = kId, .what = Offer{.size = kMostNetmap + 1}}));
  EXPECT_TRUE(refuses({.of = kId, .what = Piece{.index = 0, .ask = false, .content = ""}}));
  EXPECT_TRUE(refuses(
      {.of = kId, .what = Piece{.index = pieces_of(kMostNetmap), .ask = false, .content = "x"}}));
  EXPECT_TRUE(refuses({.of = kId, .what = Have{.next = 0, .further = 1}}));
}

TEST(NetmapPayload, OfAnotherVersionAsksForAnUpgrade) {
  auto payload = write({.of = kId, .what = Enough{}});
  payload[0] = 2;
  EXPECT_EQ(read(payload).error().kind, ErrorKind::Unsupported);
}

TEST(NetmapPayload, TellsFilesOfOneSerialApart) {
  EXPECT_NE(id_of(6, "one"), id_of(6, "other"));
  EXPECT_NE(id_of(6, "one"), id_of(7, "one"));
  EXPECT_EQ(id_of(6, "one"), id_of(6, "one"));
}

}  // namespace
}  // namespace cw::ha::netmap
