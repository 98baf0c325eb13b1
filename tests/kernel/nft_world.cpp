// SPDX-License-Identifier: Apache-2.0
#include "tests/kernel/nft_world.h"

#include <utility>

#include "firewall/ruleset/transactions.h"

namespace cw::kernel {

using firewall::Depth;
using firewall::NftSocket;
using firewall::Ruleset;
using firewall::TableState;

Ruleset example() {
  Ruleset ruleset{
      .structure = R"(
  counter refused { }
  map peer4 { type ipv4_addr : verdict; }
  map peer6 { type ipv6_addr : verdict; }
  set route4 { type ipv4_addr; flags interval; }
  set route6 { type ipv6_addr; flags interval; }
  set service { type ipv4_addr . inet_proto . inet_service; flags interval; }
  map tally { type ipv4_addr . inet_proto . inet_service : counter; flags interval; }
  chain refuse { counter name refused drop; }
  chain every_route {
    ct state new counter name ip daddr . ip protocol . th dport map @tally
    ip daddr @route4 accept
    ip daddr . ip protocol . th dport @service accept
    goto refuse
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname "cw-*" ip saddr { 100.64.0.0/10, 240.0.0.0/4 } counter
    meta l4proto { 6, 17 } limit rate 100/second burst 10 packets accept
    ip saddr vmap @peer4
  }
)",
      .contents = {.counters = {"c_site"},
                   .sets = {{.name = "peer4",
                             .elements = {"100.64.0.10 : goto every_route", "100.64.0.5 : drop"}},
                            {.name = "peer6", .elements = {"fd00::6440:5 : goto every_route"}},
                            {.name = "route4",
                             .elements = {"10.0.0.0/16", "10.2.0.0/16", "10.9.0.5",
                                          "192.0.2.1-192.0.2.9", "255.0.0.0/8"}},
                            {.name = "route6", .elements = {"2001:db8::5", "fd00:1::/64"}},
                            {.name = "service",
                             .elements = {"10.0.0.0/16 . 6 . 5201-5400", "10.1.2.3 . 17 . 53"}},
                            {.name = "tally",
                             .elements = {"10.0.0.0-10.0.0.4 . 0-255 . 0-65535 : \"c_site\"",
                                          "10.0.0.5 . 6 . 5432 : \"refused\""}}}}};
  ruleset.digest = digest_of(ruleset);
  return ruleset;
}

std::vector<std::string> names(const Ruleset& ruleset) {
  std::vector<std::string> names;
  for (const auto& set : ruleset.contents.sets) {
    names.push_back(set.name);
  }
  return names;
}

void NftTest::SetUp() {
  NamespaceTest::SetUp();
  auto socket = NftSocket::create();
  CW_ASSERT_OK(socket);
  socket_.emplace(std::move(*socket));
}

void NftTest::load(const Ruleset& ruleset) {
  CW_EXPECT_OK(socket_->commit(replace_text(ruleset)));
  CW_EXPECT_OK(socket_->seal());
}

TableState NftTest::read(Depth depth, const std::vector<std::string>& sets) {
  auto state = socket_->read(depth, sets);
  EXPECT_TRUE(state) << (state ? "" : state.error().to_text());
  return state ? *state : TableState{};
}

}  // namespace cw::kernel
