// SPDX-License-Identifier: Apache-2.0
#include "net/endpoint.h"

#include <gtest/gtest.h>

namespace cw::net {
namespace {

TEST(SocketAddress, IsReadAsItIsWritten) {
  for (const char* text : {"203.0.113.2:51820", "[2001:db8::1]:1"}) {
    const auto address = SocketAddress::parse(text);
    ASSERT_TRUE(address) << address.error().to_text();
    EXPECT_EQ(address->to_text(), text);
  }
  for (const char* text :
       {"db.example.com:5432", "203.0.113.2", "203.0.113.2:0", "2001:db8::1:1"}) {
    EXPECT_FALSE(SocketAddress::parse(text)) << text;
  }
}

TEST(Endpoint, ParsesNamesAndAddresses) {
  for (const auto* text : {"vpn.example.com:51820", "203.0.113.2:443", "[2001:db8::1]:51820", "a:1",
                           "prod.example.com.:65535"}) {
    const auto endpoint = Endpoint::parse(text);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(endpoint->to_text(), text);
  }
}

TEST(Endpoint, RefusesWhatNoClientCouldResolve) {
  for (const auto* text :
       {"", "vpn.example.com", "vpn.example.com:0", "vpn.example.com:65536", "vpn example.com:1",
        "2001:db8::1:51820", "[10.0.0.1]:1", "-vpn.example.com:1", "10.0.0.300:51820", ":51820",
        "[2001:db8::1]", "vpn..example.com:1", "vpn.example.com:51820x"}) {
    EXPECT_FALSE(Endpoint::parse(text)) << text;
  }
  EXPECT_FALSE(Endpoint::parse(std::string(64, 'a') + ".com:1"));
}

TEST(SocketAddress, PutsBracketsAroundIpv6) {
  EXPECT_EQ((SocketAddress{*Ip::parse("::1"), 53}.to_text()), "[::1]:53");
  EXPECT_EQ((SocketAddress{*Ip::parse("127.0.0.1"), 53}.to_text()), "127.0.0.1:53");
}

}  // namespace
}  // namespace cw::net
