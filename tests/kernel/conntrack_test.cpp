// SPDX-License-Identifier: Apache-2.0
#include "netlink/socket/conntrack.h"

#include <filesystem>
#include <fstream>

#include <netinet/in.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/namespace.h"

namespace cw::kernel {
namespace {

using netlink::Flow;

class ConntrackTest : public NamespaceTest {
 protected:
  void SetUp() override {
    NamespaceTest::SetUp();
    auto socket = netlink::ConntrackSocket::create();
    CW_ASSERT_OK(socket);
    socket_.emplace(std::move(*socket));
  }

  static void track(const std::string& from, unsigned port, const std::string& more = "") {
    run(
        fmt::format("conntrack -I -s {} -d 10.0.1.5 -p tcp --sport {} --dport 5432 --state "
                    "ESTABLISHED --timeout 300 {} 2>&1",
                    from, port, more));
  }

  std::size_t forget(const std::function<bool(const Flow&)>& gone,
                     const netlink::FlowMatch& among = {}) {
    const auto forgotten = socket_->forget(among, gone);
    if (!forgotten) {
      ADD_FAILURE() << forgotten.error().to_text();
    }
    return forgotten.value_or(0);
  }

  std::vector<Flow> all(const netlink::FlowMatch& among = {}) {
    std::vector<Flow> flows;
    const auto keep = [&](const Flow& flow) {
      flows.push_back(flow);
      return false;
    };
    forget(keep, among);
    return flows;
  }

  std::optional<netlink::ConntrackSocket> socket_;
};

TEST_F(ConntrackTest, ForgetsThoseItIsToldToAndNoOther) {
  track("100.64.0.5", 40000);
  track("100.64.0.6", 40001);
  run("conntrack -I -s fd00::5 -d fd00:1::1 -p udp --sport 5 --dport 53 --timeout 300 2>&1");
  const Flow kept{.from = *net::Ip::parse("100.64.0.6"),
                  .asked = *net::Ip::parse("10.0.1.5"),
                  .to = *net::Ip::parse("10.0.1.5"),
                  .protocol = IPPROTO_TCP,
                  .port = 5432};
  EXPECT_EQ(forget([&](const Flow& flow) { return flow != kept; }), 2U);
  EXPECT_THAT(all(), testing::ElementsAre(kept));
}

TEST_F(ConntrackTest, ForgetsOneOfAZone) {
  track("100.64.0.5", 40000, "--zone 7");
  EXPECT_EQ(forget([](const Flow&) { return true; }), 1U);
  EXPECT_THAT(all(), testing::IsEmpty());
}

TEST_F(ConntrackTest, ForgetsOfManyInAsManyRequestsAsItTakes) {
  constexpr unsigned kMany = 2000;
  const auto file = testing::TempDir() + "cw-flows";
  std::ofstream lines(file);
  for (unsigned i = 0; i < kMany; ++i) {
    lines << fmt::format(
        "-I -s 100.64.{}.{} -d 10.0.1.5 -p tcp --sport 4000 --dport 5432 --state ESTABLISHED "
        "--timeout 300\n",
        1 + i / 250, 1 + i % 250);
  }
  lines.close();
  run("conntrack -R " + file + " 2>&1");
  std::filesystem::remove(file);
  ASSERT_EQ(all().size(), kMany);
  EXPECT_EQ(forget([](const Flow& flow) { return flow.from.low32() % 2 == 0; }), kMany / 2);
  EXPECT_EQ(all().size(), kMany / 2);
}

TEST_F(ConntrackTest, OneThatWentBeforeIsAsWanted) {
  track("100.64.0.5", 40000);
  track("100.64.0.6", 40001);
  EXPECT_EQ(forget([](const Flow&) {
              run("conntrack -F 2>&1");
              return true;
            }),
            2U);
  EXPECT_THAT(all(), testing::IsEmpty());
}

TEST_F(ConntrackTest, IsToldOfThoseThatMatchAndOfNoOther) {
  using net::Family;
  using netlink::FlowMatch;
  using testing::SizeIs;
  track("100.64.0.5", 40000);
  track("100.64.0.6", 40000, "--zone 7");
  run("conntrack -I -s 100.64.0.5 -d 10.0.1.6 -p udp --sport 5 --dport 53 --timeout 300 2>&1");
  run("conntrack -I -s 100.64.0.5 -d 10.0.1.6 -p icmp --icmp-type 8 --icmp-code 0 --icmp-id 1 "
      "--timeout 300 2>&1");
  run("conntrack -I -s fd00::5 -d fd00:1::1 -p udp --sport 5 --dport 53 --timeout 300 2>&1");
  constexpr auto kV4 = Family::V4;
  const std::uint8_t udp = IPPROTO_UDP;
  EXPECT_THAT(all({}), SizeIs(5));
  EXPECT_THAT(all({.family = Family::V6}), SizeIs(1));
  EXPECT_THAT(all({.family = kV4, .from = *net::Ip::parse("100.64.0.5")}), SizeIs(3));
  EXPECT_THAT(all({.family = kV4, .to = *net::Ip::parse("10.0.1.5")}), SizeIs(2));
  EXPECT_THAT(all({.family = kV4, .protocol = udp}), SizeIs(1));
  EXPECT_THAT(all({.family = Family::V6, .protocol = udp, .port = 53}), SizeIs(1));
  EXPECT_THAT(all({.family = kV4, .protocol = udp, .port = 54}), testing::IsEmpty());
  EXPECT_THAT(all({.family = kV4, .protocol = std::uint8_t{IPPROTO_ICMP}}), SizeIs(1));
  const FlowMatch all_of_it{.family = kV4,
                            .from = *net::Ip::parse("100.64.0.5"),
                            .to = *net::Ip::parse("10.0.1.6"),
                            .protocol = udp,
                            .port = 53};
  EXPECT_EQ(forget([](const Flow&) { return true; }, all_of_it), 1U);
  EXPECT_THAT(all({}), SizeIs(4));
}

TEST_F(ConntrackTest, KnowsATranslatedOneByWhatItHasReached) {
  using net::Family;
  track("100.64.0.5", 40000);
  run("conntrack -I -s 100.64.0.5 -d 100.80.1.5 -r 10.0.1.5 -q 10.0.0.10 -p tcp --sport 40001 "
      "--dport 5432 --reply-port-src 5432 --reply-port-dst 40001 --state ESTABLISHED --timeout 300 "
      "2>&1");
  const Flow flow{.from = *net::Ip::parse("100.64.0.5"),
                  .asked = *net::Ip::parse("10.0.1.5"),
                  .to = *net::Ip::parse("10.0.1.5"),
                  .protocol = IPPROTO_TCP,
                  .port = 5432};
  auto by_alias = flow;
  by_alias.asked = *net::Ip::parse("100.80.1.5");
  const netlink::FlowMatch match{.family = Family::V4,
                                 .from = flow.from,
                                 .to = flow.to,
                                 .protocol = flow.protocol,
                                 .port = flow.port};
  EXPECT_THAT(all(match), testing::UnorderedElementsAre(flow, by_alias));
  EXPECT_THAT(all({.family = Family::V4, .to = *net::Ip::parse("100.80.1.5")}), testing::IsEmpty());
  EXPECT_EQ(forget([](const Flow&) { return true; }, match), 2U);
  EXPECT_THAT(all(), testing::IsEmpty());
}

TEST_F(ConntrackTest, FindsNothingWhereNothingIsTracked) {
  EXPECT_EQ(forget([](const Flow&) { return true; }), 0U);
}

}  // namespace
}  // namespace cw::kernel
