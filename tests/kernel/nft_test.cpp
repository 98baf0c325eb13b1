// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "firewall/nft/nft_socket.h"
#include "firewall/ruleset/filter.h"
#include "firewall/ruleset/ruleset.h"
#include "firewall/ruleset/transactions.h"
#include "netlink/socket/monitor.h"
#include "tests/kernel/namespace.h"
#include "tests/kernel/nft_world.h"
#include "tests/kernel/stopwatch.h"

namespace cw::kernel {
namespace {

using firewall::Depth;
using firewall::ForeignChain;
using firewall::Ruleset;
using firewall::SetElements;
using firewall::TableState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(NftTest, AnEmptyKernelHasNoTable) {
  EXPECT_EQ(read(Depth::Digest), TableState{});
  EXPECT_EQ(read(Depth::Full), TableState{});
}

TEST_F(NftTest, ReadsBackExactlyWhatWasWritten) {
  load(example());
  EXPECT_EQ(read(Depth::Full), (TableState{.present = true,
                                           .digest = digest_of(example()),
                                           .edited = false,
                                           .contents = example().contents}));
  EXPECT_EQ(read(Depth::Digest),
            (TableState{.present = true, .digest = digest_of(example()), .edited = false}));
}

TEST_F(NftTest, ReadsBackPlacesThatTouch) {
  auto touching = example();
  touching.contents.sets[2].elements = {"10.0.0.0/16", "10.1.0.0/16", "10.2.0.5", "10.2.0.6"};
  touching.contents.sets[4].elements = {"10.0.1.5 . 17 . 0-65535", "10.0.1.5 . 6 . 1-79",
                                        "10.0.1.5 . 6 . 80-90", "10.0.1.6 . 6 . 80-90"};
  load(touching);
  EXPECT_EQ(read(Depth::Full).contents->sets, touching.contents.sets);
}

TEST_F(NftTest, MayBeReplacedAgain) {
  load(example());
  load(example());
  EXPECT_FALSE(read(Depth::Full).edited);
}

TEST_F(NftTest, ReadsTheCountersOfOurTableOnly) {
  const auto none = socket_->counters();
  CW_ASSERT_OK(none);
  EXPECT_THAT(*none, IsEmpty()) << "there is no table";
  load(example());
  run("nft 'table inet other { counter foreign { }; }; table ip causeway { counter foreign { }; "
      "}'");
  run("nft 'add quota inet causeway q { 1 mbytes; }'");
  const auto counters = socket_->counters();
  CW_ASSERT_OK(counters);
  EXPECT_THAT(*counters, testing::UnorderedElementsAre(firewall::Counter{.name = "c_site"},
                                                       firewall::Counter{.name = "refused"}));
}

TEST_F(NftTest, IsNotSealedAcrossSomebodyElsesTransaction) {
  CW_EXPECT_OK(socket_->commit(replace_text(example())));
  run("nft insert rule inet causeway refuse accept");
  const auto sealed = socket_->seal();
  ASSERT_FALSE(sealed);
  EXPECT_EQ(sealed.error().kind, ErrorKind::Interrupted);
  EXPECT_TRUE(read(Depth::Full).edited);
}

TEST_F(NftTest, CountersAndOtherTablesDoNotBreakTheSeal) {
  load(example());
  run("nft add table inet other && nft add chain inet other c");
  run("ping -c 2 -W 1 127.0.0.1");
  EXPECT_FALSE(read(Depth::Full).edited);
}

TEST_F(NftTest, AnyEditOfTheStructureIsSeen) {
  constexpr auto kInAnAnonymousSetOnly =
      "nft -a list chain inet causeway forward | sed -n 's/.*240.0.0.0.*handle //p' | xargs -I@ "
      "nft 'replace rule inet causeway forward handle @ iifname \"cw-*\" ip saddr { "
      "100.64.0.0/10 } counter'";
  for (const char* edit :
       {"nft add rule inet causeway forward accept", "nft insert rule inet causeway refuse accept",
        "nft flush chain inet causeway refuse", "nft add chain inet causeway extra",
        "nft 'add chain inet causeway forward { policy drop; }'",
        "nft 'add set inet causeway more { type ipv4_addr; }'",
        "nft 'add table inet causeway { flags dormant; }'", "nft 'add counter inet causeway more'",
        kInAnAnonymousSetOnly}) {
    load(example());
    run(edit);
    EXPECT_TRUE(read(Depth::Full).edited) << edit;
    EXPECT_FALSE(read(Depth::Digest).edited) << "nobody looked";
  }
}

TEST_F(NftTest, AForeignElementIsListed) {
  load(example());
  run("nft add element inet causeway route4 '{ 172.16.0.0/12 }'");
  EXPECT_THAT(read(Depth::Full).contents->sets[2].elements, testing::Contains("172.16.0.0/12"));
}

TEST_F(NftTest, ATableWithoutASealOrADigestIsNotTakenForOurs) {
  CW_EXPECT_OK(socket_->commit(replace_text(example())));
  EXPECT_TRUE(read(Depth::Full).edited) << "never sealed";
  run("nft delete table inet causeway && nft add table inet causeway");
  const auto state = read(Depth::Full);
  EXPECT_TRUE(state.present);
  EXPECT_FALSE(state.digest);
  EXPECT_TRUE(state.edited);
}

TEST_F(NftTest, AFailedTransactionChangesNothingAndNamesTheLine) {
  load(example());
  const auto before = run("nft -s list ruleset");
  const auto result = socket_->commit(
      "add element inet causeway route4 { 172.16.0.0/12 }\n"
      "add element inet causeway gone { 10.0.0.1 }\n");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::NotFound);
  EXPECT_THAT(result.error().message, HasSubstr("nft on line 2: "));
  EXPECT_THAT(result.error().message, HasSubstr("add element inet causeway gone { 10.0.0.1 }"));
  EXPECT_EQ(run("nft -s list ruleset"), before);
}

TEST_F(NftTest, AnswersWhetherItWouldTakeATransactionAndTakesNothing) {
  load(example());
  const auto before = run("nft -s list ruleset");
  CW_EXPECT_OK(socket_->check("add element inet causeway route4 { 172.16.0.0/12 }\n"));
  EXPECT_FALSE(socket_->check("add element inet causeway gone { 10.0.0.1 }\n"));
  EXPECT_EQ(run("nft -s list ruleset"), before);
  EXPECT_FALSE(read(Depth::Full).edited);
}

// Kernels with flowtables and without: the trial of one says what the ruleset with one meets.
TEST_F(NftTest, AFlowtableThatIsTriedIsAsGoodAsOneThatIsLoaded) {
  run("ip link add ens5 type veth peer name far");
  run("ip link add cw-prod type veth peer name tunnel");
  firewall::Filter filter{.tunnels = {{.device = "cw-prod",
                                       .listen_port = 51820,
                                       .block = prefix("100.100.0.0/16"),
                                       .block_ipv6 = prefix("fd12:3456::/112"),
                                       .image = prefix("240.36.0.0/16")}},
                          .flowtable_devices = {"ens5"},
                          .mark_mask = 0x60000000,
                          .mark_judged = 0x20000000};
  const auto tried = socket_->check(firewall::flowtable_trial("ens5"));
  EXPECT_THAT(run("nft list ruleset"), IsEmpty());
  const auto loaded = socket_->commit(replace_text(compile(filter)));
  std::cout << "flowtables: " << (tried ? "yes" : tried.error().to_text()) << "\n";
  EXPECT_EQ(tried.has_value(), loaded.has_value());
  const auto spanned = socket_->flowtable_devices();
  CW_ASSERT_OK(spanned);
  EXPECT_THAT(*spanned, testing::UnorderedElementsAreArray(
                            loaded ? std::vector<std::string>{"cw-prod", "ens5"}
                                   : std::vector<std::string>{}));
  if (!tried) {
    EXPECT_NE(tried.error().kind, ErrorKind::Interrupted);
    EXPECT_NE(tried.error().kind, ErrorKind::Exhausted) << "it would be asked for ever";
    filter.flowtable_devices.clear();
    CW_EXPECT_OK(socket_->commit(replace_text(compile(filter))));
  }
  EXPECT_FALSE(socket_->check(firewall::flowtable_trial("gone")));
}

TEST_F(NftTest, RemovesTheTableAndMayDoSoAgain) {
  load(example());
  for (int i = 0; i < 2; ++i) {
    CW_EXPECT_OK(socket_->commit(firewall::remove_text()));
  }
  EXPECT_THAT(run("nft list ruleset"), IsEmpty());
}

TEST_F(NftTest, NamesOtherProgramsChainsThatMayDropOurTraffic) {
  load(example());
  run("nft 'table ip docker { chain FORWARD { type filter hook forward priority 0; policy drop; }; "
      "chain USER { }; chain POST { type nat hook postrouting priority 100; }; }'");
  run("nft 'table inet site { chain in { type filter hook input priority 0; }; }'");
  const auto chains = socket_->foreign_chains();
  CW_ASSERT_OK(chains);
  EXPECT_THAT(*chains, testing::UnorderedElementsAre(ForeignChain{.family = "ip",
                                                                  .table = "docker",
                                                                  .name = "FORWARD",
                                                                  .hook = "forward",
                                                                  .policy_drop = true},
                                                     ForeignChain{.family = "inet",
                                                                  .table = "site",
                                                                  .name = "in",
                                                                  .hook = "input",
                                                                  .policy_drop = false}));
}

TEST_F(NftTest, NamesChainsWhoseLastRuleDropsOrRejects) {
  const auto last_rule_drops = [this](const std::string& rules) {
    run("nft 'table inet site { chain c { type filter hook forward priority 0; " + rules +
        " }; chain other { }; }'");
    const auto chains = socket_->foreign_chains();
    run("nft delete table inet site");
    return chains && chains->size() == 1 && (*chains)[0].last_rule_drops;
  };
  EXPECT_TRUE(last_rule_drops("ip daddr 10.0.0.1 accept; counter drop;"));
  EXPECT_TRUE(last_rule_drops("log prefix \"no: \" reject with icmpx type admin-prohibited;"));
  EXPECT_FALSE(last_rule_drops("drop; accept;"));
  EXPECT_FALSE(last_rule_drops("ip daddr 10.0.0.1 drop;"));
  EXPECT_FALSE(last_rule_drops("accept;"));
  EXPECT_FALSE(last_rule_drops(""));
}

Ruleset large(unsigned peers) {
  auto ruleset = example();
  std::vector<std::string> peer4 = {"100.64.0.10 : goto every_route", "100.64.0.5 : drop"};
  std::vector<std::string> peer6 = {"fd00::6440:5 : goto every_route"};
  for (unsigned i = 0; i < peers; ++i) {
    peer4.push_back(net::Ip::v4(0x64410000 + i).to_text() + " : goto every_route");
    peer6.push_back(net::Ip::parse("fd01::")->with_low32(i).to_text() + " : goto every_route");
  }
  std::ranges::sort(peer4);
  std::ranges::sort(peer6);
  ruleset.contents.sets[0].elements = SetElements(peer4);
  ruleset.contents.sets[1].elements = SetElements(peer6);
  ruleset.digest = digest_of(ruleset);
  return ruleset;
}

TEST_F(NftTest, TenThousandPeersAreReadBackAndTheDigestStaysCheap) {
  const auto ruleset = large(10000);
  const auto written = best_of(1, [&] { load(ruleset); });
  const auto full = best_of(3, [&] {
    EXPECT_EQ(read(Depth::Full), (TableState{.present = true,
                                             .digest = digest_of(ruleset),
                                             .edited = false,
                                             .contents = ruleset.contents}));
  });
  const auto cheap = best_of(3, [&] { EXPECT_TRUE(read(Depth::Digest).digest); });
  const auto tool = best_of(3, [] { run("nft list table inet causeway > /dev/null"); });
  std::cout << fmt::format(
      "written {:.1f} ms, full {:.1f} ms, digest {:.2f} ms, nft list {:.1f} ms\n", written.count(),
      full.count(), cheap.count(), tool.count());
  if (kTimesCount) {
    EXPECT_LT(full, tool);
    EXPECT_LT(cheap, full / 10);
  }
}

TEST_F(NftTest, AMonitorTellsOurTransactionsFromOthersWhateverTheirSize) {
  auto monitor = netlink::Monitor::create({.ownership = kOurs, .nft_table = "causeway"}, {},
                                          static_cast<std::uint32_t>(::getpid()));
  CW_ASSERT_OK(monitor);
  load(large(10000));
  EXPECT_THAT(*monitor->read(), IsEmpty()) << "our own transaction overflowed or looked foreign";
  run("nft flush ruleset");
  EXPECT_THAT(*monitor->read(),
              ElementsAre(netlink::Notification{.what = netlink::What::Table, .name = "causeway"}));
}

}  // namespace
}  // namespace cw::kernel
