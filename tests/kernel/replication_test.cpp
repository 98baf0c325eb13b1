// SPDX-License-Identifier: Apache-2.0
#include "netlink/socket/replication.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/namespace.h"
#include "tests/kernel/replication_world.h"

namespace cw::kernel {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

// Another port than the client's, which no ruleset would choose again.
constexpr auto kSnat =
    R"(chain nat { type nat hook postrouting priority srcnat;
  oifname "site" meta l4proto tcp snat ip to 10.1.0.10:4000-4999 fully-random
  oifname "site" meta l4proto tcp snat ip6 to [fd10::10]:4000-4999 fully-random
  oifname "site" snat ip to 10.1.0.10
})";

std::string block(char fill) {
  return std::string(50'000, fill);
}

// Each end says something that the other hears, beginning with the server: nothing of the client's
// may be needed to let it pass.
void expect_alive(const Stream& stream) {
  for (const char word : {'a', 'b'}) {
    stream.server.send(block(word));
    EXPECT_EQ(stream.client.receive(block(word).size()), block(word));
  }
  stream.client.send("request");
  EXPECT_EQ(stream.server.receive(7), "request");
  stream.server.send("response");
  EXPECT_EQ(stream.client.receive(8), "response");
}

std::string tracked(const Space& space) {
  return space.in([] { return run("conntrack -L 2>/dev/null; conntrack -L -f ipv6 2>/dev/null"); });
}

TEST(Replication, AStreamThroughSnatGoesOnToASilentClient) {
  TwoRouters world(kSnat);
  const auto stream = world.connect("10.1.0.5", "10.1.0.5", SOCK_STREAM, 5432);
  stream.server.send("before");
  EXPECT_EQ(stream.client.receive(6), "before");
  world.take_over();
  expect_alive(stream);
  EXPECT_EQ(world.refused(), 0U) << tracked(world.standby);
}

TEST(Replication, WithoutItTheSecondRouterRefusesThem) {
  TwoRouters world(kSnat);
  const auto stream = world.connect("10.1.0.5", "10.1.0.5", SOCK_STREAM, 5432);
  world.take_over();
  world.standby.in([] { run("conntrack -F 2>/dev/null"); });
  stream.client.send("request");
  stream.server.send("stream");
  EXPECT_THAT(stream.server.receive(7, 500), testing::HasSubstr("nothing"));
  EXPECT_GT(world.refused(), 0U);
}

TEST(Replication, RequestAndResponseGoOn) {
  TwoRouters world(kSnat);
  const auto stream = world.connect("10.1.0.5", "10.1.0.5", SOCK_STREAM, 5432);
  world.take_over();
  stream.client.send("request");
  EXPECT_EQ(stream.server.receive(7), "request");
  stream.server.send("response");
  EXPECT_EQ(stream.client.receive(8), "response");
  EXPECT_EQ(world.refused(), 0U) << tracked(world.standby);
}

TEST(Replication, AnIdleOneIsRemindedOfAndResumes) {
  TwoRouters world(kSnat);
  const auto stream = world.connect("10.1.0.5", "10.1.0.5", SOCK_STREAM, 5432);
  world.replicate();
  // A kernel that is about to forget it.
  auto short_lived = world.standbys();
  ASSERT_THAT(short_lived, SizeIs(1));
  short_lived.front().timeout = 5;
  world.inject(short_lived);
  EXPECT_LE(world.standbys().front().timeout.value_or(0), 5U);
  world.standing.inject_again(world.now);
  world.take_over();
  const auto there = world.standbys();
  ASSERT_THAT(there, SizeIs(1));
  EXPECT_GT(there.front().timeout.value_or(0), 3600U);
  expect_alive(stream);
  EXPECT_EQ(world.refused(), 0U) << tracked(world.standby);
}

TEST(Replication, AnAliasIsTranslatedBothWays) {
  TwoRouters world(std::string(kSnat) +
                   "\nchain alias { type nat hook prerouting priority dstnat; ip daddr "
                   "100.80.1.5 dnat ip to 10.1.0.5; }");
  const auto stream = world.connect("100.80.1.5", "10.1.0.5", SOCK_STREAM, 5432);
  world.take_over();
  expect_alive(stream);
  EXPECT_EQ(world.refused(), 0U) << tracked(world.standby);
}

TEST(Replication, Ipv6IsTranslatedToo) {
  TwoRouters world(kSnat);
  const auto stream = world.connect("fd10::5", "fd10::5", SOCK_STREAM, 5432);
  world.take_over();
  expect_alive(stream);
  EXPECT_EQ(world.refused(), 0U) << tracked(world.standby);
}

TEST(Replication, WithoutNatNothingIsTranslated) {
  TwoRouters world("");
  const auto stream = world.connect("10.1.0.5", "10.1.0.5", SOCK_STREAM, 5432);
  const auto stream6 = world.connect("fd10::5", "fd10::5", SOCK_STREAM, 5432);
  world.take_over();
  expect_alive(stream);
  expect_alive(stream6);
  EXPECT_EQ(world.refused(), 0U) << tracked(world.standby);
}

TEST(Replication, AConnectionsMarkComesAlong) {
  TwoRouters world(
      std::string(kSnat) +
          "\nchain marking { type filter hook prerouting priority 0; ct mark set 0x1234; }",
      "ct state established ct mark 0x1234 accept");
  const auto stream = world.connect("10.1.0.5", "10.1.0.5", SOCK_STREAM, 5432);
  world.take_over();
  expect_alive(stream);
  EXPECT_EQ(world.refused(), 0U) << tracked(world.standby);
}

TEST(Replication, UdpThatWasAnsweredGoesOn) {
  TwoRouters world(kSnat);
  const auto stream = world.connect("10.1.0.5", "10.1.0.5", SOCK_DGRAM, 5353);
  world.take_over();
  stream.server.send("news");
  EXPECT_EQ(stream.client.receive(4), "news");
  stream.client.send("answer");
  EXPECT_EQ(stream.server.receive(6), "answer");
  EXPECT_EQ(world.refused(), 0U) << tracked(world.standby);
}

// Its kernel tells neither its state nor its time, and nothing happens to it that would be told.
TEST(Replication, OneInAFlowtableGoesOn) {
  TwoRouters world(std::string(kSnat) + R"(
flowtable fast { hook ingress priority 0; devices = { "tunnel", "site" }; }
chain fast_forward { type filter hook forward priority -1;
  ct state established meta l4proto tcp flow add @fast; })");
  const auto stream = world.connect("10.1.0.5", "10.1.0.5", SOCK_STREAM, 5432);
  expect_alive(stream);
  const auto offloaded = world.owners();
  ASSERT_THAT(offloaded, SizeIs(1));
  EXPECT_NE(offloaded.front().status & IPS_OFFLOAD, 0U) << tracked(world.owner);
  world.owning.dumped(offloaded, world.now);
  world.take_over();
  expect_alive(stream);
  EXPECT_EQ(world.refused(), 0U) << tracked(world.standby);
}

TEST(Replication, OneThatEndsIsTakenAway) {
  TwoRouters world(kSnat);
  auto stream = world.connect("10.1.0.5", "10.1.0.5", SOCK_STREAM, 5432);
  const auto other = world.connect("10.1.0.5", "10.1.0.5", SOCK_STREAM, 5433);
  world.replicate();
  EXPECT_THAT(world.standbys(), SizeIs(2));
  stream.client.close();
  stream.server.close();
  world.replicate();
  ASSERT_THAT(world.standbys(), SizeIs(1));
  EXPECT_EQ(world.standbys().front().reply.source_port, 5433);
  world.owner.in([] { run("conntrack -D -p tcp --dport 5433 2>/dev/null"); });
  world.replicate();
  EXPECT_THAT(world.standbys(), IsEmpty());
}

netlink::Connection connection(std::uint16_t port, const char* translated) {
  netlink::Connection made{.id = {.original = {.source = *net::Ip::parse("100.64.0.5"),
                                               .destination = *net::Ip::parse("10.1.0.5"),
                                               .source_port = port,
                                               .destination_port = 5432},
                                  .protocol = IPPROTO_TCP},
                           .timeout = 300};
  made.reply = inverse(made.id.original);
  made.reply.destination = *net::Ip::parse(translated);
  return made;
}

class ReplicationSocketTest : public NamespaceTest {
 protected:
  void SetUp() override {
    NamespaceTest::SetUp();
    auto socket =
        netlink::ReplicationSocket::create({prefix("100.64.0.0/16"), prefix("fd64::/64")});
    CW_ASSERT_OK(socket);
    socket_.emplace(std::move(*socket));
  }

  std::optional<netlink::ReplicationSocket> socket_;
};

TEST_F(ReplicationSocketTest, InjectsRefreshesReplacesAndRemoves) {
  const std::vector first{connection(4000, "10.1.0.10"), connection(4001, "10.1.0.10")};
  auto made = socket_->inject(first);
  CW_ASSERT_OK(made);
  EXPECT_EQ(made->made, 2U);
  EXPECT_THAT(*socket_->dump(), SizeIs(2));

  auto again = socket_->inject(first);
  CW_ASSERT_OK(again);
  EXPECT_EQ(again->refreshed, 2U);

  // Another translation; and another connection that wants this one's answers.
  auto thief = connection(4002, "10.1.0.10");
  thief.reply.destination_port = 4001;
  const std::vector others{connection(4000, "10.1.0.11"), thief};
  auto replaced = socket_->inject(others);
  CW_ASSERT_OK(replaced);
  EXPECT_EQ(replaced->replaced, 2U);
  const auto there = *socket_->dump();
  ASSERT_THAT(there, SizeIs(2));
  for (const auto& each : there) {
    EXPECT_EQ(each.reply, each.id == thief.id ? thief.reply : others[0].reply);
    EXPECT_NE(each.status & IPS_SRC_NAT, 0U);
  }
  const std::vector gone{others[0].id, thief.id, first[1].id};
  CW_EXPECT_OK(socket_->remove(gone));
  EXPECT_THAT(*socket_->dump(), IsEmpty());
}

TEST_F(ReplicationSocketTest, TellsOfOursAndOfNoOther) {
  for (const auto* source : {"100.64.0.5", "192.0.2.1"}) {
    run(
        fmt::format("conntrack -I -s {} -d 10.0.1.5 -p tcp --sport 40000 --dport 5432 --state "
                    "ESTABLISHED --timeout 300 -u SEEN_REPLY,ASSURED 2>&1",
                    source));
  }
  for (const auto* source : {"fd64::5", "fd65::5"}) {
    run(
        fmt::format("conntrack -I -s {} -d fd10::5 -p tcp --sport 40000 --dport 5432 --state "
                    "ESTABLISHED --timeout 300 -u SEEN_REPLY,ASSURED 2>&1",
                    source));
  }
  run("conntrack -D -s 100.64.0.5 2>&1");
  const auto read = socket_->read();
  CW_ASSERT_OK(read);
  EXPECT_FALSE(read->lost);
  ASSERT_THAT(read->events, SizeIs(3));
  EXPECT_FALSE(read->events[0].gone);
  EXPECT_EQ(read->events[1].connection.id.original.source, *net::Ip::parse("fd64::5"));
  EXPECT_TRUE(read->events[2].gone);
  EXPECT_THAT(*socket_->dump(), SizeIs(1));
}

TEST_F(ReplicationSocketTest, ManyAreInjectedInAsManyRequestsAsItTakes) {
  std::vector<netlink::Connection> many;
  for (std::uint16_t port = 1024; port < 1024 + 3000; ++port) {
    many.push_back(connection(port, "10.1.0.10"));
  }
  auto made = socket_->inject(many);
  CW_ASSERT_OK(made);
  EXPECT_EQ(made->made, 3000U);
  made = socket_->inject(many);
  CW_ASSERT_OK(made);
  EXPECT_EQ(made->refreshed, 3000U);
  EXPECT_THAT(*socket_->dump(), SizeIs(3000));
}

}  // namespace
}  // namespace cw::kernel
