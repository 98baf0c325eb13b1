// SPDX-License-Identifier: Apache-2.0
#include "firewall/ruleset/filter.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "firewall/ruleset/tally.h"
#include "firewall/ruleset/transactions.h"

namespace cw::firewall {
namespace {

using testing::Contains;
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

Filter with_policy() {
  auto filter = one_gateway();
  const auto prefix = [](const char* text) { return *net::Prefix::parse(text); };
  filter.peers[0].rights = "g_dba";
  filter.peers.push_back({*net::Ip::parse("100.100.0.6"), *net::Ip::parse("fd12:3456:789a::6464:6"),
                          *net::Ip::parse("240.36.0.6")});
  filter.rights = {
      {.name = "g_dba",
       .grants = {
           {.to = prefix("10.0.1.5/32"), .protocol = Protocol::Tcp, .first = 5432, .last = 5432},
           {.to = prefix("10.0.2.0/24"), .protocol = Protocol::Icmp, .rule = 1},
           {.to = prefix("2001:db8:1::/64"), .rule = 1}}}};
  filter.from_site = {{.to = prefix("100.100.0.5/32"),
                       .protocol = Protocol::Udp,
                       .first = 53,
                       .last = 53,
                       .rule = 2}};
  filter.rules = {"dba-postgres", "dba-more", "dns", "nobody's"};
  return filter;
}

Filter with_flowtable() {
  auto filter = with_policy();
  filter.flowtable_devices = {"ens5"};
  return filter;
}

// One gateway of each mode, and one whose IPv6 does not float.
Filter each_egress() {
  const auto prefix = [](const char* text) { return *net::Prefix::parse(text); };
  const auto ip = [](const char* text) { return *net::Ip::parse(text); };
  auto filter = one_gateway();
  const auto add = [&](const char* device, std::uint16_t port, const char* block,
                       const char* block_ipv6, const char* image, Egress egress) {
    filter.tunnels.push_back({.device = device,
                              .listen_port = port,
                              .block = prefix(block),
                              .block_ipv6 = prefix(block_ipv6),
                              .image = prefix(image),
                              .egress = egress});
  };
  add("cw-move", 51821, "100.101.0.0/16", "fd12:3456:789a::6465:0/112", "240.37.0.0/16",
      {.mode = EgressMode::Floating,
       .address = ip("10.0.0.20"),
       .address_ipv6 = ip("2001:db8:1::20")});
  add("cw-four", 51822, "100.102.0.0/16", "fd12:3456:789a::6466:0/112", "240.38.0.0/16",
      {.mode = EgressMode::Floating, .address = ip("10.0.0.21"), .address_ipv6 = {}});
  add("cw-plain", 51823, "100.103.0.0/16", "fd12:3456:789a::6467:0/112", "240.39.0.0/16",
      {.mode = EgressMode::Routed, .address = {}, .address_ipv6 = {}});
  return filter;
}

Filter with_egress(const Egress& egress) {
  auto filter = one_gateway();
  filter.tunnels.front().egress = egress;
  return filter;
}

const Egress kFloating = {.mode = EgressMode::Floating,
                          .address = net::Ip::v4(0x0a000014),
                          .address_ipv6 = *net::Ip::parse("2001:db8:1::20")};

class FilterGolden : public testing::TestWithParam<std::pair<const char*, Filter>> {};

INSTANTIATE_TEST_SUITE_P(Filter, FilterGolden,
                         testing::Values(std::pair("one_gateway", one_gateway()),
                                         std::pair("policy", with_policy()),
                                         std::pair("flowtable", with_flowtable()),
                                         std::pair("egress", each_egress())),
                         [](const auto& test) { return test.param.first; });

TEST_P(FilterGolden, ReadsLikeItsFile) {
  const std::string path =
      fmt::format(CW_SOURCE_DIR "/tests/unit/firewall/golden/{}.nft", GetParam().first);
  const auto text = replace_text(compile(GetParam().second));
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
  EXPECT_THAT(compile(one_gateway()).contents.sets[0].elements,
              ElementsAre("100.100.0.5 : goto every_route", "240.36.0.5 : goto every_route"));
}

TEST(Filter, KeepsItsStructureWhenRulesChangePlaces) {
  auto swapped = with_policy();
  std::swap(swapped.rules[0], swapped.rules[1]);
  for (auto& grant : (*swapped.rights)[0].grants) {
    grant.rule = 1 - grant.rule;
  }
  EXPECT_EQ(compile(swapped).structure, compile(with_policy()).structure);
  EXPECT_EQ(compile(swapped).contents, compile(with_policy()).contents) << "nothing overlaps here";
}

TEST(Filter, SaysInTheKernelWhichRulesAreCountedInPart) {
  auto filter = with_policy();
  auto& grants = (*filter.rights)[0].grants;
  grants = {{.to = *net::Prefix::parse("10.0.9.9/32"), .rule = 0}};
  for (std::uint32_t i = 0; i <= kMostBoxes; ++i) {  // none beside another
    grants.push_back({.to = net::Prefix::host(net::Ip::v4(0x0a010000 + 2 * i)), .rule = 1});
  }
  const auto ruleset = compile(filter);
  const auto& contents = ruleset.contents;
  EXPECT_THAT(contents.counters, Contains(counter_name("dba-postgres", Counts::All)));
  EXPECT_THAT(contents.counters, Contains(counter_name("dba-more", Counts::Part)));
  EXPECT_THAT(contents.counters, Not(Contains(counter_name("dba-more", Counts::All))));
  const auto dba = std::ranges::find(contents.jumps, "g_dba", &Jump::chain);
  const auto counts = std::ranges::find(contents.sets, dba->to + "_new4", &SetContent::name);
  EXPECT_THAT(counts->elements, ElementsAre("10.0.9.9 . 0-255 . 0-65535 : \"" +
                                            counter_name("dba-postgres", Counts::All) + "\""));
}

TEST(Filter, KeepsItsStructureWhateverThePolicySays) {
  auto other = with_policy();
  other.rules.push_back("more");
  other.rights->push_back(
      {.name = "g_ops", .grants = {{.to = *net::Prefix::parse("10.0.3.0/24"), .rule = 4}}});
  other.peers[1].rights = "g_ops";
  other.from_site.clear();
  EXPECT_EQ(compile(other).structure, compile(with_policy()).structure);
}

TEST(Filter, GivesRightsToThoseWhoMayTheSameUnderOneName) {
  auto filter = with_policy();
  filter.rights->push_back({.name = "g_ops", .grants = filter.rights->front().grants});
  const auto contents = compile(filter).contents;
  EXPECT_THAT(contents.jumps, testing::SizeIs(3));
  EXPECT_THAT(contents.rights, testing::SizeIs(2)) << "theirs, and the site's";
}

TEST(Filter, SpeaksNoIpv6OnAHostWithoutIt) {
  auto filter = one_gateway();
  filter.ipv6 = false;
  EXPECT_THAT(replace_text(compile(filter)), Not(HasSubstr("ip6 ")));
  EXPECT_THAT(replace_text(compile(filter)), Not(HasSubstr("peer6")));
}

TEST(Filter, MasqueradesNothingThatFloatsOrIsRouted) {
  EXPECT_THAT(compile(with_egress(kFloating)).structure, Not(HasSubstr("masquerade")));
  EXPECT_THAT(compile(with_egress({.mode = EgressMode::Routed})).structure,
              Not(HasSubstr("masquerade")));
}

TEST(Filter, TranslatesTheBlockOfTwoTunnelsOnce) {
  auto filter = with_egress(kFloating);
  auto replacement = filter.tunnels.front();
  replacement.device = "cw-prod-2";
  replacement.listen_port = 51920;
  filter.tunnels.push_back(replacement);
  const auto text = compile(filter).structure;
  const auto rule = text.find(" snat ip to 10.0.0.20");
  ASSERT_NE(rule, std::string::npos);
  EXPECT_EQ(text.find(" snat ip to 10.0.0.20", rule + 1), std::string::npos);
  EXPECT_THAT(text, HasSubstr("ip daddr { 10.0.0.20 } ct state"));
}

TEST(Filter, FloatsInIpv4AloneOnAHostWithoutIpv6) {
  auto filter = with_egress(kFloating);
  filter.ipv6 = false;
  EXPECT_THAT(compile(filter).structure, Not(HasSubstr("ip6")));
  EXPECT_THAT(compile(filter).structure, HasSubstr("snat ip to 10.0.0.20"));
}

TEST(Filter, RedirectsNothingWithoutAlternatePorts) {
  auto filter = one_gateway();
  filter.alternate_ports.clear();
  EXPECT_THAT(compile(filter).structure, Not(HasSubstr("redirect to")));
}

TEST(Filter, TranslatesAliasesOfWhatComesFromATunnelBeforeItIsJudged) {
  auto filter = one_gateway();
  EXPECT_THAT(compile(filter).structure, Not(HasSubstr("dnat ip prefix")));
  filter.aliases = {
      {.route = *net::Prefix::parse("10.0.0.0/16"), .alias = *net::Prefix::parse("100.80.0.0/16")},
      {.route = *net::Prefix::parse("10.1.2.3/32"), .alias = *net::Prefix::parse("100.81.0.7/32")}};
  const auto structure = compile(filter).structure;
  const auto at = [&](std::string_view text) { return structure.find(text); };
  EXPECT_THAT(structure,
              HasSubstr(R"(iifname "cw-*" ip daddr 100.80.0.0/16 dnat ip prefix to 10.0.0.0/16)"));
  EXPECT_THAT(structure, HasSubstr(R"(iifname "cw-*" ip daddr 100.81.0.7 dnat ip to 10.1.2.3)"));
  EXPECT_LT(at("chain alias_prerouting"), at("chain mark_prerouting"));
  EXPECT_THAT(structure.substr(at("chain alias_prerouting")),
              testing::StartsWith("chain alias_prerouting {\n"
                                  "    type nat hook prerouting priority dstnat; policy accept;"));
}

TEST(Filter, LeavesAPortToTheGatewayThatListensOnIt) {
  auto filter = one_gateway();
  filter.tunnels[0].listen_port = 443;
  EXPECT_THAT(compile(filter).structure, HasSubstr("udp dport { 4500 }"));
}

TEST(Filter, TracksNothingOfWireGuardsOnAnyGatewaysPort) {
  auto filter = one_gateway();
  filter.tunnels.push_back(filter.tunnels[0]);
  filter.tunnels[1].device = "cw-spare";
  filter.tunnels[1].listen_port = 51821;
  const auto text = compile(filter).structure;
  EXPECT_THAT(text, HasSubstr("udp dport { 51820, 51821 } fib daddr type local notrack\n"));
  EXPECT_THAT(text, HasSubstr("udp sport { 51820, 51821 } notrack\n"));
}

TEST(Filter, SetsTheMarkInTheChainOfWhatIsAllowedAndNowhereElse) {
  for (const auto& filter : {one_gateway(), with_policy()}) {
    const auto text = compile(filter).structure;
    const auto pass = text.find("chain pass {");
    const auto mark = text.find("meta mark set");
    EXPECT_LT(pass, mark);
    EXPECT_LT(mark, text.find('}', pass));
    EXPECT_EQ(mark, text.rfind("meta mark set"));
  }
}

TEST(Filter, NeverHasABaseChainThatDropsByPolicy) {
  EXPECT_THAT(compile(one_gateway()).structure, Not(HasSubstr("policy drop")));
}

}  // namespace
}  // namespace cw::firewall
