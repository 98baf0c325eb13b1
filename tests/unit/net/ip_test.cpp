// SPDX-License-Identifier: Apache-2.0
#include "net/ip.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <gtest/gtest.h>
#include <rapidcheck.h>

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

// inet_ntop differs from RFC 5952 only for the mapped and compatible forms, "::a.b.c.d".
TEST(Ip, PrintsEveryIpv6AddressAsTheSystemDoes) {
  EXPECT_TRUE(rc::check([] {
    Ip::V6Bytes bytes{};
    for (auto& byte : bytes) {
      byte = *rc::gen::weightedOneOf<std::uint8_t>(
          {{3, rc::gen::just(std::uint8_t{0})}, {1, rc::gen::arbitrary<std::uint8_t>()}});
    }
    bytes[0] = 0xfd;
    std::array<char, INET6_ADDRSTRLEN> expected{};
    RC_ASSERT(inet_ntop(AF_INET6, bytes.data(), expected.data(), expected.size()) != nullptr);
    RC_ASSERT(Ip::v6(bytes).to_text() == expected.data());
  }));
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
