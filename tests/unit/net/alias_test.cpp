// SPDX-License-Identifier: Apache-2.0
#include "net/alias.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace cw::net {
namespace {

Prefix prefix(const char* text) {
  return *Prefix::parse(text);
}

const Prefix kSite = prefix("fd5e:3a1c:9b04:b1a:0:7::/96");
const Alias kAlias{.route = prefix("10.0.0.0/16"), .alias = prefix("100.80.0.0/16")};

Prefix meant(const char* text) {
  return meant_at(kSite, std::span(&kAlias, 1), prefix(text));
}

TEST(Alias, IsOneToOne) {
  EXPECT_EQ(to_alias(kAlias, prefix("10.0.1.5/32")), prefix("100.80.1.5/32"));
  EXPECT_EQ(to_alias(kAlias, prefix("10.0.4.0/24")), prefix("100.80.4.0/24"));
  EXPECT_EQ(from_alias(kAlias, prefix("100.80.255.255/32")), prefix("10.0.255.255/32"));
  EXPECT_EQ(from_alias(kAlias, prefix("100.81.0.0/32")), std::nullopt);
  EXPECT_EQ(to_alias(kAlias, prefix("10.0.0.0/15")), std::nullopt);
}

TEST(Alias, AndVia6MeanTheRealDestination) {
  EXPECT_EQ(meant("100.80.1.5/32"), prefix("10.0.1.5/32"));
  EXPECT_EQ(meant("100.80.0.0/16"), prefix("10.0.0.0/16"));
  EXPECT_EQ(meant("fd5e:3a1c:9b04:b1a:0:7:a00:105/128"), prefix("10.0.1.5/32"));
  EXPECT_EQ(meant("fd5e:3a1c:9b04:b1a:0:7:a00:0/112"), prefix("10.0.0.0/16"));
  EXPECT_EQ(meant("fd5e:3a1c:9b04:b1a:0:7::/96"), prefix("0.0.0.0/0"));
}

TEST(Alias, AndVia6OfOthersOrWiderOnesMeanThemselves) {
  for (const auto* text : {"10.0.1.5/32", "100.64.0.0/10", "100.81.0.1/32", "fd00::/8", "::/0",
                           "fd5e:3a1c:9b04:b1a:0:8:a00:105/128"}) {
    EXPECT_EQ(meant(text), prefix(text)) << text;
  }
}

RC_GTEST_PROP(AliasLaws, LeadBackAndForth, ()) {
  const auto length = *rc::gen::inRange<std::uint8_t>(8, 33);
  const auto any = [] { return Ip::v4(*rc::gen::arbitrary<std::uint32_t>()); };
  const Alias alias{.route = Prefix::of(any(), length), .alias = Prefix::of(any(), length)};
  const auto inner = *rc::gen::inRange<std::uint8_t>(length, 33);
  const auto host = *rc::gen::arbitrary<std::uint32_t>();
  const auto mask = length == 32 ? 0U : 0xffffffffU >> length;
  const auto real = Prefix::of(Ip::v4(alias.route.address().low32() | (host & mask)), inner);
  const auto written = to_alias(alias, real);
  RC_ASSERT(written && alias.alias.contains(*written) && written->length() == inner);
  const auto back = from_alias(alias, *written);
  RC_ASSERT(back && *back == real);
}

}  // namespace
}  // namespace cw::net
