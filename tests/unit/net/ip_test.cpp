// SPDX-License-Identifier: Apache-2.0
#include "net/ip.h"

#include <gtest/gtest.h>

namespace cw::net {
namespace {

TEST(Ip, ParsesWhatItPrints) {
  for (const auto* text : {"0.0.0.0", "10.0.1.5", "255.255.255.255", "::", "::1", "fd00::6440:5",
                           "2001:db8::1:0:0:1"}) {
    const auto ip = Ip::parse(text);
    ASSERT_TRUE(ip) << text;
    EXPECT_EQ(ip->to_text(), text);
  }
}

TEST(Ip, RefusesWhatIsNoAddress) {
  for (const auto* text : {"", "10.0.1", "10.0.1.256", "010.0.0.1", "10.0.0.1 ", "fe80::1%eth0",
                           "example.com", "::ffff:10.0.0.1", "1::2::3"}) {
    EXPECT_FALSE(Ip::parse(text)) << text;
  }
  EXPECT_FALSE(Ip::parse(std::string_view("10.0.0.1\0", 9)));
}

TEST(Ip, ReadsTheKernelsBytes) {
  const std::array<std::uint8_t, 4> bytes = {10, 0, 1, 5};
  EXPECT_EQ(*Ip::from_bytes(bytes), Ip::v4(0x0a000105));
  EXPECT_FALSE(Ip::from_bytes(std::span(bytes).first(3)));
}

TEST(Ip, SortsIpv4BeforeIpv6ThenByNumber) {
  EXPECT_LT(*Ip::parse("9.255.0.0"), *Ip::parse("10.0.0.0"));
  EXPECT_LT(*Ip::parse("255.0.0.0"), *Ip::parse("::"));
}

TEST(Ip, EmbedsAnIpv4AddressInItsLow32Bits) {
  const auto ula = *Ip::parse("fd12:3456:789a::");
  EXPECT_EQ(ula.with_low32(0x64400005).to_text(), "fd12:3456:789a::6440:5");
  EXPECT_EQ(ula.with_low32(0x64400005).low32(), 0x64400005U);
}

}  // namespace
}  // namespace cw::net
