// SPDX-License-Identifier: Apache-2.0
#include "net/block.h"

#include <gtest/gtest.h>

namespace cw::net {
namespace {

TEST(Block, DerivesItsIpv6TwinAndItsImage) {
  const auto block = *Block::from(*Prefix::parse("100.100.32.0/19"));
  EXPECT_EQ(block.ipv6(*Prefix::parse("fd12:3456:789a::/48")).to_text(),
            "fd12:3456:789a::6464:2000/115");
  EXPECT_EQ(block.image().to_text(), "240.36.32.0/19");
}

TEST(Block, MapsEachPeerIntoTheImagesOfItsBlock) {
  const auto block = *Block::from(*Prefix::parse("100.64.0.0/10"));
  EXPECT_EQ(block.image().to_text(), "240.0.0.0/10");
  EXPECT_EQ(translated_image(*Ip::parse("100.127.255.254")).to_text(), "240.63.255.254");
  EXPECT_TRUE(block.image().contains(translated_image(*Ip::parse("100.127.255.254"))));
}

TEST(Block, RefusesWhatWouldShareTranslatedAddresses) {
  EXPECT_FALSE(Block::from(*Prefix::parse("100.0.0.0/9")));
  EXPECT_FALSE(Block::from(*Prefix::parse("fd00::/64")));
}

}  // namespace
}  // namespace cw::net
