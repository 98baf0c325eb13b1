// SPDX-License-Identifier: Apache-2.0
#include "router/failover/netmaps.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "network/signed_netmap.h"
#include "tests/support/signing.h"

namespace cw::failover {
namespace {

constexpr ha::Time kStart{std::chrono::hours(1)};
constexpr auto kFile = "/var/lib/causeway/netmap.signed";

std::string file_of(std::uint64_t serial, std::size_t size = 5000) {
  return network::make_bundle(std::string(size, 'x'),
                              {.serial = serial,
                               .network = *net::Prefix::parse("fd5e:3a1c:9b04::/48"),
                               .time = WallTime(std::chrono::hours(24))},
                              test::signing_key(1));
}

Setup setup(std::uint64_t serial, std::string file = kFile) {
  Setup setup;
  setup.serial = serial;
  setup.netmap = std::move(file);
  for (const auto* sibling : {"r1", "r2", "r3"}) {
    setup.siblings.emplace(sibling, net::SocketAddress{});
  }
  return setup;
}

// A router that shares `prod` and `ext` with two others.
struct Router {
  explicit Router(std::string router, std::uint64_t serial, std::string file = kFile)
      : name(std::move(router)) {
    state = ha::start({.router = name,
                       .gateways = {{.name = "ext", .routers = {"r1", "r2", "r3"}},
                                    {.name = "prod", .routers = {"r1", "r2", "r3"}}},
                       .timers = ha::lan_timers()},
                      {}, kStart);
    has(serial, std::move(file));
  }

  void has(std::uint64_t serial, std::string file = kFile) {
    now_in_force = setup(serial, std::move(file));
    netmaps.configure(now_in_force);
    state.serial = serial;
  }

  void says(std::uint64_t offered, std::uint64_t looked) {
    now_in_force.offered = offered;
    now_in_force.looked = looked;
    netmaps.configure(now_in_force);
  }

  void hears(const std::string& sibling, std::uint64_t serial) {
    for (auto& gateway : state.gateways) {
      for (auto& each : gateway.siblings) {
        if (each.router == sibling) {
          each.known = true;
          each.heard = now;
          each.beat.serial = serial;
        }
      }
    }
  }

  Netmaps::News look() { return netmaps.look(state, now); }

  // As the process does it, with `file` on its disk.
  std::vector<Handing::Letter> step(const std::string& file) {
    auto turn = netmaps.handing().step(netmaps.behind(state, now), believed, now);
    if (netmaps.handing().file_to_read(now)) {
      ++reads;
      (void)netmaps.handing().have_read(file, now);
      turn = netmaps.handing().step(netmaps.behind(state, now), believed, now);
    }
    return std::move(turn.letters);
  }

  std::string name;
  ha::State state;
  Netmaps netmaps;
  Setup now_in_force;
  ha::Time now = kStart;
  Handing::Believed believed = [](const auto&, const auto&) { return true; };
  int reads = 0;
};

// Until the receiver has one, or ten seconds are over.
std::optional<ha::netmap::Bundle> hand_over(Router& from, Router& to, const std::string& file) {
  for (int i = 0; i < 2000; ++i) {
    from.now += ha::Duration(5);
    to.now += ha::Duration(5);
    from.hears(to.name, to.state.serial);
    for (const auto& letter : from.step(file)) {
      if (letter.to != to.name) {
        continue;
      }
      auto heard = to.netmaps.handing().hear(from.name, letter.payload, to.now);
      if (!heard) {
        ADD_FAILURE() << heard.error().to_text();
        return std::nullopt;
      }
      if (heard->whole) {
        return heard->whole;
      }
      if (heard->answer) {
        EXPECT_TRUE(from.netmaps.handing().hear(to.name, *heard->answer, from.now));
      }
    }
  }
  return std::nullopt;
}

TEST(Netmaps, WhoIsBehindGetsTheFileThatIsInForce) {
  Router a("r1", 6);
  Router b("r2", 5);
  a.hears("r2", 5);
  EXPECT_TRUE(a.look().step);
  const auto file = file_of(6);
  const auto whole = hand_over(a, b, file);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->bytes, file);
  EXPECT_EQ(whole->id.serial, 6U);
  EXPECT_EQ(a.reads, 1);
  EXPECT_FALSE(a.look().step) << "it is on its way";
}

TEST(Netmaps, TheNextOneFollows) {
  Router a("r1", 6);
  Router b("r2", 5);
  a.hears("r2", 5);
  ASSERT_TRUE(hand_over(a, b, file_of(6)));
  b.has(6);
  a.hears("r2", 6);
  EXPECT_FALSE(a.look().step);
  a.has(7);
  EXPECT_TRUE(a.look().step);
  EXPECT_TRUE(hand_over(a, b, file_of(7)));
  b.has(7);
  a.has(8);  // before a heartbeat has said that
  EXPECT_TRUE(a.look().step);
  EXPECT_TRUE(hand_over(a, b, file_of(8)));
}

TEST(Netmaps, NobodyIsSentWhatHeHas) {
  Router a("r1", 6);
  a.hears("r2", 6);
  a.hears("r3", 7);
  EXPECT_FALSE(a.look().step);
  EXPECT_TRUE(a.step(file_of(6)).empty());
  EXPECT_EQ(a.reads, 0);
}

TEST(Netmaps, WhoIsNotHeardIsSentNothing) {
  Router a("r1", 6);
  a.hears("r2", 5);
  a.now += ha::Duration(600);
  EXPECT_TRUE(a.step(file_of(6)).empty());
}

TEST(Netmaps, ALetterIsAboutAGatewayByWhichTheSiblingIsBelieved) {
  Router a("r1", 6);
  a.hears("r2", 5);
  a.believed = [](const std::string& gateway, const std::string&) { return gateway == "prod"; };
  const auto letters = a.step(file_of(6));
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].gateway, "prod");
  EXPECT_EQ(letters[0].to, "r2");
}

// The agent says what it took before it writes it down.
TEST(Netmaps, TheFileOfBeforeIsNotSent) {
  Router a("r1", 6);
  a.hears("r2", 5);
  EXPECT_TRUE(a.step(file_of(5)).empty());
  EXPECT_TRUE(a.step(file_of(6)).empty()) << "not read at every step";
  a.now += kReadsAgain;
  a.hears("r2", 5);
  EXPECT_EQ(a.step(file_of(6)).size(), 1U);
  EXPECT_EQ(a.reads, 2);
}

TEST(Netmaps, AnotherNetmapInForceIsReadAnew) {
  Router a("r1", 6);
  a.hears("r2", 5);
  (void)a.step(file_of(6));
  a.has(7);
  a.hears("r2", 5);
  EXPECT_EQ(a.step(file_of(7)).size(), 1U);
  EXPECT_EQ(a.reads, 2);
}

TEST(Netmaps, ARouterOfADirectoryNeitherSendsNorTakesAny) {
  Router directory("r1", 0, "");
  directory.hears("r2", 6);
  const auto news = directory.look();
  EXPECT_FALSE(news.wanted);
  EXPECT_FALSE(news.step);
  Router other("r2", 6);
  EXPECT_FALSE(hand_over(other, directory, file_of(6)));
}

TEST(Netmaps, WhatIsNoLetterOfThisVersionIsRefused) {
  Router a("r1", 6);
  EXPECT_FALSE(a.netmaps.handing().hear("r2", std::vector<std::uint8_t>{9, 9, 9}, a.now));
}

TEST(Netmaps, TheCoreHearsWhatIsInForceOnce) {
  Router a("r1", 6);
  EXPECT_EQ(a.look().changed, (ha::NetmapChanged{.serial = 6, .offered = 0}));
  EXPECT_FALSE(a.look().changed);
  a.has(7);
  EXPECT_EQ(a.look().changed, (ha::NetmapChanged{.serial = 7, .offered = 0}));
}

// Until the agent has looked, the source counts as having what siblings speak of.
TEST(Netmaps, TheAgentIsAskedToLookForANewerSerial) {
  Router b("r2", 5);
  (void)b.look();
  b.hears("r1", 6);
  const auto news = b.look();
  EXPECT_EQ(news.wanted, 6U);
  EXPECT_EQ(news.changed, (ha::NetmapChanged{.serial = 5, .offered = 6}));
  EXPECT_FALSE(b.look().wanted) << "once";
  b.says(5, 6);  // the source answers, and has what is in force
  EXPECT_EQ(b.look().changed, (ha::NetmapChanged{.serial = 5, .offered = 5}));
}

TEST(Netmaps, TheRecordSpeaksOfASerialToo) {
  Router b("r2", 5);
  b.state.gateways[0].record.record = ha::Record{.term = 1, .owner = "r1", .serial = 8};
  EXPECT_EQ(b.look().wanted, 8U);
}

TEST(Netmaps, ASourceThatIsDownIsNotWaitedFor) {
  Router b("r2", 5);
  b.hears("r1", 6);
  (void)b.look();
  b.says(0, 6);
  EXPECT_EQ(b.look().changed, (ha::NetmapChanged{.serial = 5, .offered = 0}));
}

TEST(Netmaps, AnAgentThatIsSilentIsWaitedForTwoSecondsAtMost) {
  Router b("r2", 5);
  b.hears("r1", 6);
  EXPECT_EQ(b.look().changed, (ha::NetmapChanged{.serial = 5, .offered = 6}));
  b.now += kSourcePatience - ha::Duration(1);
  EXPECT_FALSE(b.look().changed);
  b.now += ha::Duration(1);
  EXPECT_EQ(b.look().changed, (ha::NetmapChanged{.serial = 5, .offered = 0}));
}

}  // namespace
}  // namespace cw::failover
