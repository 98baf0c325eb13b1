// SPDX-License-Identifier: Apache-2.0
#include "net/via6.h"

#include <gtest/gtest.h>

namespace cw::net {
namespace {

TEST(Via6, WritesSiteAndAddressBehindTheViaPrefix) {
  const auto via = *Prefix::parse("fd7a:115c:a1e0:b1a::/64");
  const auto ip = to_via6(via, SiteId{7}, *Ip::parse("10.0.1.5"));
  EXPECT_EQ(ip.to_text(), "fd7a:115c:a1e0:b1a:0:7:a00:105");
  EXPECT_EQ(site_via(via, SiteId{7}).to_text(), "fd7a:115c:a1e0:b1a:0:7::/96");
  EXPECT_EQ(from_via6(via, ip), (Via6{SiteId{7}, *Ip::parse("10.0.1.5")}));
}

TEST(Via6, ReadsNothingOutsideTheViaPrefixOrTheSiteIds) {
  const auto via = *Prefix::parse("fd7a:115c:a1e0:b1a::/64");
  for (const auto* text : {"10.0.1.5", "fd7a:115c:a1e0:b1b:0:7:a00:105",
                           "fd7a:115c:a1e0:b1a:0:0:a00:105", "fd7a:115c:a1e0:b1a:1:7:a00:105"}) {
    EXPECT_EQ(from_via6(via, *Ip::parse(text)), std::nullopt) << text;
  }
}

TEST(Via6, DefaultsToTheUlasOwnSubnet) {
  EXPECT_EQ(default_via_prefix(*Prefix::parse("fd12:3456:789a::/48")).to_text(),
            "fd12:3456:789a:b1a::/64");
}

}  // namespace
}  // namespace cw::net
