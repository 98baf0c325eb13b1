// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <optional>

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
#include "tests/kernel/stopwatch.h"

namespace cw::kernel {
namespace {

using firewall::Depth;
using firewall::Filter;
using firewall::ForeignChain;
using firewall::NftSocket;
using firewall::Rights;
using firewall::Ruleset;
using firewall::SetElements;
using firewall::TableState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Of every kind that the kernel lists in a way of its own: hash and interval sets of both
// families, a verdict map, a concatenation with ranges, a map to counters, a limit, protocols by
// number.
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

class NftTest : public NamespaceTest {
 protected:
  void SetUp() override {
    NamespaceTest::SetUp();
    auto socket = NftSocket::create();
    CW_ASSERT_OK(socket);
    socket_.emplace(std::move(*socket));
  }

  void load(const Ruleset& ruleset) {
    CW_EXPECT_OK(socket_->commit(replace_text(ruleset)));
    CW_EXPECT_OK(socket_->seal());
  }

  TableState read(Depth depth, const std::vector<std::string>& sets = names(example())) {
    auto state = socket_->read(depth, sets);
    EXPECT_TRUE(state) << (state ? "" : state.error().to_text());
    return state ? *state : TableState{};
  }

  std::optional<NftSocket> socket_;
};

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

TEST_F(NftTest, UpdatingElementsKeepsTheSeal) {
  load(example());
  auto after = example();
  after.contents.sets[0].elements = {"100.64.0.10 : drop", "100.64.0.5 : drop",
                                     "100.64.0.7 : goto every_route"};
  after.contents.sets[2].elements = {"10.2.0.0/16", "10.9.0.5", "192.0.2.1-192.0.2.9",
                                     "255.0.0.0/8"};
  CW_EXPECT_OK(socket_->commit(
      exchange_texts(exchange(example().contents, after), digest_of(after)).front()));
  EXPECT_EQ(read(Depth::Full), (TableState{.present = true,
                                           .digest = digest_of(after),
                                           .edited = false,
                                           .contents = after.contents}));
}

Filter with_rules(std::vector<std::string> rules, std::vector<Rights> rights, std::string of_peer) {
  const auto ip = [](const char* text) { return *net::Ip::parse(text); };
  const auto prefix = [](const char* text) { return *net::Prefix::parse(text); };
  return {.tunnels = {{.device = "cw-prod",
                       .listen_port = 51820,
                       .block = prefix("100.100.0.0/16"),
                       .block_ipv6 = prefix("fd12:3456:789a::6464:0/112"),
                       .image = prefix("240.36.0.0/16")}},
          .peers = {{ip("100.100.0.5"), ip("fd12:3456:789a::6464:5"), ip("240.36.0.5"),
                     std::move(of_peer)}},
          .routes = {prefix("10.0.0.0/16")},
          .rights = std::move(rights),
          .rules = std::move(rules),
          .mark_mask = 0x60000000,
          .mark_judged = 0x20000000};
}

Rights rights_to(std::string name, std::initializer_list<const char*> places, std::uint32_t rule) {
  Rights rights{.name = std::move(name)};
  for (const auto* place : places) {
    rights.grants.push_back({.to = *net::Prefix::parse(place), .rule = rule});
  }
  return rights;
}

TEST_F(NftTest, ExchangesRightsBesideThoseInForce) {
  const auto before = compile(with_rules(
      {"a", "b"}, {rights_to("g_1", {"10.0.1.0/24"}, 0), rights_to("g_2", {"10.0.2.5/32"}, 1)},
      "g_1"));
  const auto after = compile(with_rules(
      {"b", "c"}, {rights_to("g_2", {"10.0.2.5/32", "10.0.3.0/24"}, 1), rights_to("g_3", {}, 0)},
      "g_3"));
  load(before);
  for (const auto* wanted : {&after, &before, &after}) {
    const auto there = read(Depth::Full, names(*wanted));
    const auto change = exchange(*there.contents, *wanted);
    CW_EXPECT_OK(socket_->exchange(exchange_texts(change, wanted->digest)));
    CW_EXPECT_OK(socket_->finish(clear_text(change)));
    EXPECT_EQ(read(Depth::Full, names(*wanted)), (TableState{.present = true,
                                                             .digest = wanted->digest,
                                                             .edited = false,
                                                             .contents = wanted->contents}));
  }
}

TEST_F(NftTest, StartsWithMoreThanOneTransactionTakesAndEndsWithTheSame) {
  std::vector<Rights> rights;
  for (unsigned i = 0; i < 40; ++i) {
    rights.push_back({.name = fmt::format("g_{:02}", i)});
    for (unsigned j = 0; j < 300; ++j) {  // every second one: else they would be one place
      rights.back().grants.push_back(
          {.to = *net::Prefix::parse(fmt::format("10.0.{}.{}/32", i * 3 + j / 100, j % 100 * 2))});
    }
  }
  const auto wanted = compile(with_rules({"a"}, std::move(rights), "g_01"));
  const auto texts = start_texts(wanted);
  ASSERT_GT(texts.size(), 2U);
  CW_EXPECT_OK(socket_->start(texts));
  CW_EXPECT_OK(socket_->seal());
  EXPECT_EQ(
      read(Depth::Full, names(wanted)),
      (TableState{
          .present = true, .digest = wanted.digest, .edited = false, .contents = wanted.contents}));
}

TEST_F(NftTest, IsNotSealedWhereSomebodyElseHadATransactionDuringAStart) {
  CW_EXPECT_OK(socket_->start({replace_text(example())}));
  run("nft add table inet others");
  const auto sealed = socket_->seal();
  ASSERT_FALSE(sealed);
  EXPECT_EQ(sealed.error().kind, ErrorKind::Interrupted);
}

TEST_F(NftTest, ExchangesNothingInATableThatSomebodyEdited) {
  load(example());
  run("nft add rule inet causeway refuse counter");
  auto after = example();
  after.contents.counters.push_back("c_more");
  const auto done =
      socket_->exchange(exchange_texts(exchange(example().contents, after), digest_of(after)));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::Interrupted);
  EXPECT_EQ(read(Depth::Full).digest, digest_of(example()));
}

TEST_F(NftTest, IsNotSealedWhereSomebodyElseHadATransactionDuringAnExchange) {
  load(example());
  auto after = example();
  after.contents.counters.emplace_back("c_z");
  CW_EXPECT_OK(
      socket_->exchange(exchange_texts(exchange(example().contents, after), digest_of(after))));
  run("nft add table inet others");
  const auto done = socket_->finish({});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::Interrupted);
  EXPECT_TRUE(read(Depth::Full).edited);
}

TEST_F(NftTest, MovesWhatCountsForOneCounterToAnother) {
  load(example());
  auto after = example();
  after.contents.sets[5].elements = {"10.0.0.0-10.0.0.4 . 0-255 . 0-65535 : \"refused\"",
                                     "10.0.0.5 . 6 . 5432 : \"c_site\""};
  CW_EXPECT_OK(socket_->commit(
      exchange_texts(exchange(example().contents, after), digest_of(after)).front()));
  EXPECT_EQ(read(Depth::Full).contents->sets, after.contents.sets);
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
