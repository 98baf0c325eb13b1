// SPDX-License-Identifier: Apache-2.0
#include "firewall/ruleset/filter.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::firewall {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Filter one_gateway() {
  const auto prefix = [](const char* text) { return *net::Prefix::parse(text); };
  const auto ip = [](const char* text) { return *net::Ip::parse(text); };
  return {.tunnels = {{.device = "cw-prod",
                       .listen_port = 51820,
                       .block = prefix("100.100.0.0/16"),
                       .block_ipv6 = prefix("fd12:3456:789a::6464:0/112"),
                       .image = prefix("240.36.0.0/16")}},
          .peers = {{ip("100.100.0.5"), ip("fd12:3456:789a::6464:5"), ip("240.36.0.5")}},
          .routes = {prefix("10.0.0.0/16"), prefix("10.1.2.3/32"), prefix("2001:db8:1::/64")},
          .alternate_ports = {443, 4500},
          .mark_mask = 0x60000000,
          .mark_judged = 0x20000000};
}

TEST(Filter, ReadsLikeItsGoldenFile) {
  const std::string path = CW_SOURCE_DIR "/tests/unit/firewall/golden/one_gateway.nft";
  const auto text = replace_text(compile(one_gateway()));
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << text;
    GTEST_SKIP() << "wrote " << path;
  }
  const std::ifstream file(path);
  std::stringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(text, golden.str());
}

TEST(Filter, KeepsPeersInSetsAndNotInChains) {
  auto more = one_gateway();
  more.peers.push_back({*net::Ip::parse("100.100.0.6"), *net::Ip::parse("fd12:3456:789a::6464:6"),
                        *net::Ip::parse("240.36.0.6")});
  EXPECT_EQ(compile(more).structure, compile(one_gateway()).structure);
  EXPECT_THAT(compile(one_gateway()).sets[0].elements,
              ElementsAre("100.100.0.5 : goto every_route", "240.36.0.5 : goto every_route"));
}

TEST(Filter, SpeaksNoIpv6OnAHostWithoutIt) {
  auto filter = one_gateway();
  filter.ipv6 = false;
  EXPECT_THAT(replace_text(compile(filter)), Not(HasSubstr("ip6 ")));
  EXPECT_THAT(replace_text(compile(filter)), Not(HasSubstr("peer6")));
}

TEST(Filter, RedirectsNothingWithoutAlternatePorts) {
  auto filter = one_gateway();
  filter.alternate_ports.clear();
  EXPECT_THAT(compile(filter).structure, Not(HasSubstr("redirect")));
}

TEST(Filter, LeavesAPortToTheGatewayThatListensOnIt) {
  auto filter = one_gateway();
  filter.tunnels[0].listen_port = 443;
  EXPECT_THAT(compile(filter).structure, HasSubstr("udp dport { 4500 }"));
}

TEST(Filter, NeverHasABaseChainThatDropsByPolicy) {
  EXPECT_THAT(compile(one_gateway()).structure, Not(HasSubstr("policy drop")));
}

}  // namespace
}  // namespace cw::firewall
