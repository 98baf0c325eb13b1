// SPDX-License-Identifier: Apache-2.0
#include "via6/parameters.h"

#include <cstring>
#include <set>

#include <gmock/gmock.h>

#include "via6/counters.h"
#include "via6/program/parameters.h"

namespace cw::via6 {
namespace {

net::Prefix prefix(const char* text) {
  return *net::Prefix::parse(text);
}

Parameters parameters() {
  return {.via_prefix = prefix("fd12:3456:789a:b1a::/64"),
          .site = net::SiteId{7},
          .routes = {prefix("10.0.0.0/16")},
          .ula = prefix("fd12:3456:789a::/48"),
          .block = *net::Block::from(prefix("100.101.128.0/17")),
          .gateway = *net::Ip::parse("100.101.0.1"),
          .mtu = 1420};
}

cw_via6_parameters made(const Parameters& from) {
  const auto bytes = constants(from, Framing::None);
  cw_via6_parameters value{};
  EXPECT_TRUE(bytes) << bytes.error().to_text();
  EXPECT_EQ(bytes->size(), sizeof value);
  std::memcpy(&value, bytes->data(), sizeof value);
  return value;
}

std::string words(const void* words, std::size_t size) {
  std::vector<std::uint8_t> bytes(16);
  std::memcpy(bytes.data(), words, size);
  return size == 4 ? net::Ip::from_bytes(std::span(bytes).first(4))->to_text()
                   : net::Ip::from_bytes(bytes)->to_text();
}

TEST(Via6Parameters, BecomeConstantsInNetworkOrder) {
  const auto value = made(parameters());
  EXPECT_EQ(value.layer3, 0U);
  EXPECT_EQ(value.mtu, 1420U);
  EXPECT_EQ(words(value.via, sizeof value.via), "fd12:3456:789a:b1a::");
  EXPECT_EQ(words(&value.site, 4), "0.0.0.7");
  EXPECT_EQ(words(value.ula, sizeof value.ula), "fd12:3456:789a::");
  EXPECT_EQ(words(&value.block, 4), "100.101.128.0");
  EXPECT_EQ(words(&value.mask, 4), "255.255.128.0");
  EXPECT_EQ(words(&value.image, 4), "240.37.128.0");
  EXPECT_EQ(words(&value.gateway, 4), "100.101.0.1");
}

TEST(Via6Parameters, RoutesBecomeSortedDisjointRanges) {
  auto from = parameters();
  from.routes = {prefix("10.2.0.0/16"), prefix("fd00::/64"),   prefix("10.0.0.0/16"),
                 prefix("10.1.0.0/16"), prefix("10.0.7.0/24"), prefix("192.168.1.1/32")};
  const auto value = made(from);
  EXPECT_EQ(value.ranges[0].first, 0x0a000000U);
  EXPECT_EQ(value.ranges[0].last, 0x0a02ffffU);
  EXPECT_EQ(value.ranges[1].first, 0xc0a80101U);
  EXPECT_EQ(value.ranges[1].last, 0xc0a80101U);
  EXPECT_EQ(value.ranges[2].first, 0xffffffffU);
  EXPECT_EQ(value.ranges[2].last, 0U);
}

TEST(Via6Parameters, HoldAThousandRoutesAndSayWhenThereAreTooMany) {
  auto from = parameters();
  from.routes.clear();
  for (std::uint32_t i = 0; i < CW_VIA6_RANGES; ++i) {
    from.routes.push_back(net::Prefix::of(net::Ip::v4(0x0a000000 + i * 512), 24));
  }
  EXPECT_TRUE(constants(from, Framing::None));
  from.routes.push_back(prefix("192.168.0.0/16"));
  const auto refused = constants(from, Framing::None);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().to_text(),
            "a translator holds 1024 ranges of routes, and the site has 1025");
}

TEST(Via6Parameters, RefuseWhatIsNoViaPrefixAndNoMtu) {
  auto from = parameters();
  from.via_prefix = prefix("fd12::/48");
  EXPECT_FALSE(constants(from, Framing::None));
  from = parameters();
  from.mtu = 1279;
  EXPECT_FALSE(constants(from, Framing::None));
}

TEST(Via6Parameters, HaveADigestOfTheirOwn) {
  std::set<std::string> seen;
  const auto see = [&](const auto& change) {
    auto from = parameters();
    change(from);
    const auto text = digest(from);
    ASSERT_TRUE(text);
    EXPECT_EQ(text->size(), 32U);
    EXPECT_TRUE(seen.insert(*text).second);
  };
  see([](Parameters&) {});
  see([](Parameters& from) { from.via_prefix = prefix("fd12:3456:789a:b1b::/64"); });
  see([](Parameters& from) { from.site = net::SiteId{8}; });
  see([](Parameters& from) { from.routes.push_back(prefix("192.168.0.0/16")); });
  see([](Parameters& from) { from.ula = prefix("fd12:3456:789b::/48"); });
  see([](Parameters& from) { from.block = *net::Block::from(prefix("100.101.0.0/17")); });
  see([](Parameters& from) { from.gateway = *net::Ip::parse("100.101.0.2"); });
  see([](Parameters& from) { from.mtu = 1380; });
  EXPECT_EQ(*digest(parameters()), *digest(parameters()));
}

TEST(Via6Counters, EachHasANameOfItsOwnAndAMeaning) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kOutcomes; ++i) {
    EXPECT_TRUE(names.insert(name(i)).second) << name(i);
    EXPECT_FALSE(meaning(i).empty());
  }
  EXPECT_FALSE(names.contains("unknown"));
  EXPECT_EQ(name(kOutcomes), "unknown");
}

}  // namespace
}  // namespace cw::via6
