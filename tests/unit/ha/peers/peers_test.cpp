// SPDX-License-Identifier: Apache-2.0
#include "ha/peers/peers.h"

#include <gtest/gtest.h>

#include "ha/wire/sealed.h"
#include "tests/unit/ha/peers/examples.h"

namespace cw::ha::peers {
namespace {

Piece example() {
  return {.round = 5,
          .whole = true,
          .last = true,
          .index = 2,
          .accepted_from = at(18),
          .peers = {{.key = key_of(1),
                     .endpoint = endpoint("203.0.113.2", 51820),
                     .handshake = at(0),
                     .active = at(1)},
                    {.key = key_of(2), .endpoint = endpoint("2001:db8::2", 443)},
                    {.key = key_of(3)}}};
}

TEST(Piece, SaysTheSameWhenItIsRead) {
  const auto bytes = write(example());
  ASSERT_TRUE(bytes);
  EXPECT_EQ(read(*bytes), example());
}

// Other versions have to make the same bytes of it.
TEST(Piece, IsTheseBytes) {
  Piece piece = example();
  piece.peers.resize(1);
  const auto bytes = write(piece);
  ASSERT_TRUE(bytes);
  std::string hex;
  for (const std::uint8_t byte : *bytes) {
    constexpr auto kDigits = "0123456789abcdef";
    hex += {kDigits[byte >> 4U], kDigits[byte & 15U]};
  }
  EXPECT_EQ(hex,
            "0000000000000005"
            "0002"
            "03"
            "01"
            "000001a0c4506c12"
            "0000000000000000000000000000000000000000000000000000000000000001"
            "04"
            "cb007102"
            "ca6c"
            "000001a0c4506c00"
            "000001a0c4506c01");
}

TEST(Piece, IsRefusedAtAnyOtherLength) {
  auto bytes = write(example()).value();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(read(std::span(bytes).first(size))) << size;
  }
  bytes.push_back(0);
  EXPECT_FALSE(read(bytes));
}

TEST(Piece, OfTheMostPeersFitsALetter) {
  Piece piece{.round = 1, .whole = true};
  for (std::uint32_t i = 1; i <= kPeersInPiece; ++i) {
    piece.peers.push_back({.key = key_of(i), .endpoint = endpoint("2001:db8::2", 443)});
  }
  const auto bytes = write(piece);
  ASSERT_TRUE(bytes);
  EXPECT_LE(bytes->size(), wire::kMostPayload);
  piece.peers.push_back({.key = key_of(1000)});
  EXPECT_FALSE(write(piece));
}

TEST(Piece, ThatIsRefusedIsNotWritten) {
  const auto refuses = [](void (*change)(Piece&)) {
    Piece piece = example();
    change(piece);
    return !write(piece);
  };
  EXPECT_FALSE(refuses([](Piece&) {}));
  EXPECT_TRUE(refuses([](Piece& piece) { std::swap(piece.peers[0], piece.peers[1]); }));
  EXPECT_TRUE(refuses([](Piece& piece) { piece.peers[1] = piece.peers[0]; }));
  EXPECT_TRUE(refuses([](Piece& piece) { piece.peers[0].key = net::PublicKey(); }));
  EXPECT_TRUE(refuses([](Piece& piece) { piece.peers[0].endpoint->port = 0; }));
  EXPECT_TRUE(refuses([](Piece& piece) { piece.peers[0].active = Wall(Wall::duration(-1)); }));
  EXPECT_TRUE(refuses([](Piece& piece) { piece.accepted_from = Wall::max(); }));
  EXPECT_TRUE(refuses([](Piece& piece) { piece.index = kMostPieces; }));
  EXPECT_TRUE(refuses([](Piece& piece) { piece.whole = false; }));
}

}  // namespace
}  // namespace cw::ha::peers
