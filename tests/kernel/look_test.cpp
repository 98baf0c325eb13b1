// SPDX-License-Identifier: Apache-2.0
// Looks at all connections that a kernel has, in parts: that no part takes long, and that together
// they are the whole.
#include <algorithm>
#include <array>

#include <linux/netfilter/nf_conntrack_common.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <time.h>

#include "ha/reset/resets.h"
#include "router/failover/connections.h"
#include "tests/kernel/namespace.h"
#include "tests/kernel/stopwatch.h"

namespace cw::kernel {
namespace {

using failover::Connections;
using testing::SizeIs;

constexpr auto kGoesOn = "10.1.0.10";  // moves with the gateway
constexpr auto kEnds = "10.1.0.9";     // the owner's own

// In the kernel, and as many again that the owner before told of. The second is for the long form:
// all that a gateway may have.
#if defined(__SANITIZE_ADDRESS__)
constexpr std::array kCounts = {10'000U, 20'000U};
#else
constexpr std::array kCounts = {10'000U, static_cast<unsigned>(ha::replica::kMostConnections)};
#endif

// No part, nor a change of role, takes more than this share of the whole.
constexpr int kShare = 4;

ha::reset::Moving moving() {
  return {.blocks = {prefix("100.64.0.0/16"), prefix("fd64::/64")},
          .addresses = {*net::Ip::parse(kGoesOn)}};
}

netlink::Connection connection(std::uint32_t number, const char* seen_as) {
  constexpr std::uint32_t kPorts = 50'000;
  netlink::Connection made{
      .id = {.original = {.source = net::Ip::v4(0x64400005U + number / kPorts),
                          .destination = net::Ip::v4(0x0a010005U + number / kPorts),
                          .source_port = static_cast<std::uint16_t>(1024 + number % kPorts),
                          .destination_port = 5432},
             .protocol = IPPROTO_TCP},
      .timeout = 300};
  made.reply = inverse(made.id.original);
  made.reply.destination = *net::Ip::parse(seen_as);
  return made;
}

std::vector<netlink::Connection> connections(std::uint32_t first, std::uint32_t count,
                                             const char* seen_as = kGoesOn) {
  std::vector<netlink::Connection> all;
  for (auto number = first; number < first + count; ++number) {
    all.push_back(connection(number, seen_as));
  }
  return all;
}

// Of the processor, the kernel's part included: whatever else runs here counts for nothing.
template <class F>
Milliseconds time_of(const F& f) {
  const auto now = [] {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return Milliseconds(std::chrono::seconds(time.tv_sec)) +
           Milliseconds(std::chrono::nanoseconds(time.tv_nsec));
  };
  const auto start = now();
  f();
  return now() - start;
}

class ReplicationInParts : public NamespaceTest {
 protected:
  struct Turns {
    Milliseconds longest{};
    Milliseconds whole{};
    std::size_t count = 0;
    std::size_t ended = 0;
  };

  void SetUp() override {
    NamespaceTest::SetUp();
    auto kernel = netlink::ReplicationSocket::create(moving().blocks);
    CW_ASSERT_OK(kernel);
    kernel_.emplace(std::move(*kernel));
  }

  void open() {
    auto opened = Connections::open(moving(), 1, now_);
    CW_ASSERT_OK(opened);
    connections_.emplace(std::move(*opened));
  }

  void inject(const std::vector<netlink::Connection>& all) {
    const auto injected = kernel_->inject(all);
    CW_ASSERT_OK(injected);
  }

  [[nodiscard]] bool is_due() const {
    return connections_->look_due().value_or(ha::Time::max()) <= now_;
  }

  // As the loop does: what ended is told to its clients.
  void look_once() {
    const auto looked = connections_->look(now_);
    CW_EXPECT_OK(looked.kernel);
    for (const auto& each : looked.ended) {
      resets_.add(each.id.original);
    }
  }

  Turns look() {
    Turns turns;
    for (; is_due(); ++turns.count) {
      const auto took = time_of([&] { look_once(); });
      turns.longest = std::max(turns.longest, took);
      turns.whole += took;
    }
    turns.ended = resets_.total();
    return turns;
  }

  // By the owner, of that.
  void hear(const std::vector<netlink::Connection>& all) {
    ha::replica::Owner owner{{.term = 1, .start = 1}};
    auto told = all;
    for (auto& each : told) {
      each.status = IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_ASSURED;
    }
    owner.dumped(told, now_);
    for (std::size_t step = 0; step < all.size() && !connections_->complete(); ++step) {
      for (const auto& payload : owner.step(now_)) {
        CW_EXPECT_OK(connections_->heard("b", payload, now_));
      }
      now_ += ha::replica::kGather;
    }
    EXPECT_EQ(connections_->count(), all.size());
  }

  void print(const char* what, const Turns& turns) {
    fmt::print("{}: {} turns, the longest {:.2f} ms, all {:.1f} ms\n", what, turns.count,
               turns.longest.count(), turns.whole.count());
  }

  ha::Time now_{std::chrono::hours(1)};
  std::optional<netlink::ReplicationSocket> kernel_;
  std::optional<Connections> connections_;
  ha::reset::Resets resets_{now_};
};

class ReplicationOfMany : public ReplicationInParts, public testing::WithParamInterface<unsigned> {
 protected:
  // As the agent does: a small machine's kernel has room for 65,536 by itself. The limit is the
  // machine's, and its first namespace alone may write it.
  void SetUp() override {
    ReplicationInParts::SetUp();
    run(fmt::format("nsenter --net=/proc/1/ns/net sysctl -qw net.netfilter.nf_conntrack_max={}",
                    2 * ha::replica::kMostConnections));
  }
};

TEST_P(ReplicationOfMany, NoTurnOfALookTakesLong) {
  const auto many = GetParam();
  inject(connections(0, many));
  open();
  const auto standing_by = look();
  print("standby", standing_by);
  EXPECT_EQ(connections_->count(), many);
  EXPECT_LT(standing_by.longest, standing_by.whole / kShare);

  hear(connections(many, many, kEnds));
  const auto own = time_of([&] { connections_->own(2, now_); });
  const auto owning = look();
  print("takeover", owning);
  EXPECT_EQ(connections_->count(), many);
  EXPECT_EQ(owning.ended, many);
  EXPECT_FALSE(connections_->is_ending());
  EXPECT_LT(owning.longest, owning.whole / kShare);
  EXPECT_LT(own, owning.whole / kShare);

  now_ += ha::replica::kLookEvery;
  const auto later = look();
  print("a minute later", later);
  EXPECT_EQ(connections_->count(), many);
  EXPECT_LT(later.longest, later.whole / kShare);
  const auto given_up = time_of([&] { connections_->stand_by(now_); });
  EXPECT_LT(given_up, owning.whole / kShare);
  fmt::print("own {:.2f} ms, stand by {:.2f} ms, a dump in one go {:.1f} ms\n", own.count(),
             given_up.count(), time_of([&] { CW_EXPECT_OK(kernel_->dump()); }).count());
}

INSTANTIATE_TEST_SUITE_P(Counts, ReplicationOfMany, testing::ValuesIn(kCounts));

TEST_F(ReplicationInParts, WhatHappensMeanwhileIsNotUndone) {
  constexpr std::uint32_t kSome = 4 * netlink::kMostPerPart;
  const auto some = connections(0, kSome);
  inject(some);
  open();
  look();
  connections_->own(1, now_);
  for (int turn = 0; turn < 3; ++turn) {
    look_once();
  }
  const std::vector gone{some.front().id, some[kSome / 2].id, some.back().id};
  CW_EXPECT_OK(kernel_->remove(gone));
  CW_EXPECT_OK(connections_->on_ready(now_));
  look_once();
  inject(connections(kSome, 2));
  CW_EXPECT_OK(connections_->on_ready(now_));
  look();
  EXPECT_EQ(connections_->count(), kSome - gone.size() + 2);
}

TEST_F(ReplicationInParts, LostEventsEndInALook) {
  open();
  look();
  connections_->own(1, now_);
  look();
  now_ += ha::replica::kLookAgain;
  EXPECT_FALSE(is_due());
  const int least = 1;  // the kernel makes it some 2 KiB
  ASSERT_EQ(::setsockopt(connections_->fd(), SOL_SOCKET, SO_RCVBUF, &least, sizeof least), 0);
  inject(connections(0, 1000));
  CW_EXPECT_OK(connections_->on_ready(now_));
  EXPECT_TRUE(is_due());
  look();
  EXPECT_EQ(connections_->count(), 1000U);
}

TEST_F(ReplicationInParts, ADumpIsWholeAndMayBeGivenUp) {
  constexpr std::uint32_t kSome = 5 * netlink::kMostPerPart;
  inject(connections(0, kSome));
  for (int attempt = 0; attempt < 3; ++attempt) {
    CW_EXPECT_OK(kernel_->begin_dump());
    CW_EXPECT_OK(kernel_->dump_part());
    CW_EXPECT_OK(kernel_->inject(connections(0, 10)));  // while it is under way
  }
  std::size_t told = 0;
  std::size_t parts = 0;
  CW_EXPECT_OK(kernel_->begin_dump());
  for (bool last = false; !last; ++parts) {
    const auto part = kernel_->dump_part();
    CW_ASSERT_OK(part);
    told += part->connections.size();
    last = part->last;
    EXPECT_LT(part->connections.size(), 2 * netlink::kMostPerPart);
  }
  EXPECT_EQ(told, kSome);
  EXPECT_GE(parts, 4U);
  EXPECT_THAT(*kernel_->dump(), SizeIs(kSome));
}

}  // namespace
}  // namespace cw::kernel
