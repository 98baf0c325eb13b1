// SPDX-License-Identifier: Apache-2.0
// What is written beside what is there: exchanges, and starts in more than one transaction.
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "firewall/nft/nft_socket.h"
#include "firewall/ruleset/filter.h"
#include "firewall/ruleset/ruleset.h"
#include "firewall/ruleset/transactions.h"
#include "tests/kernel/namespace.h"
#include "tests/kernel/nft_world.h"

namespace cw::kernel {
namespace {

using firewall::Depth;
using firewall::Filter;
using firewall::Rights;
using firewall::TableState;

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

}  // namespace
}  // namespace cw::kernel
