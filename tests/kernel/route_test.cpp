// SPDX-License-Identifier: Apache-2.0
#include "netlink/socket/route.h"

#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/namespace.h"

namespace cw::kernel {
namespace {

using netlink::Address;
using netlink::Mark;
using netlink::Route;
using netlink::RouteSocket;
using netlink::RouteType;
using netlink::Rule;
using netlink::RuleAction;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RouteSocketTest : public NamespaceTest {
 protected:
  void SetUp() override {
    NamespaceTest::SetUp();
    run("ip link add cw-a type veth peer name eth0");
    run("ip link set cw-a up && ip link set eth0 up");
    auto created = RouteSocket::create(kOurs);
    CW_ASSERT_OK(created);
    socket_.emplace(std::move(*created));
  }

  std::optional<RouteSocket> socket_;
};

TEST_F(RouteSocketTest, ListsTheLinksOfTheHostByName) {
  run("ip link set cw-a mtu 1400");
  const auto links = socket_->links();
  CW_ASSERT_OK(links);
  std::vector<std::string> names;
  for (const auto& link : *links) {
    names.push_back(link.name);
    const auto shown = run_json("ip -d -j link show dev " + link.name)[0];
    EXPECT_EQ(link.index, shown["ifindex"]);
    EXPECT_EQ(link.mtu, shown["mtu"]);
    const auto info = shown.value("linkinfo", nlohmann::json::object());
    EXPECT_EQ(link.kind, info.value("info_kind", ""));
    EXPECT_TRUE(link.up) << link.name;
  }
  EXPECT_THAT(names, ElementsAre("cw-a", "eth0", "lo"));
}

TEST_F(RouteSocketTest, SetsMtuAndUpAndMayDoSoAgain) {
  run("ip link set cw-a down");
  for (int i = 0; i < 2; ++i) {
    CW_EXPECT_OK(socket_->set_mtu("cw-a", 1380));
    CW_EXPECT_OK(socket_->set_up("cw-a"));
  }
  const auto shown = run_json("ip -j link show dev cw-a")[0];
  EXPECT_EQ(shown["mtu"], 1380);
  EXPECT_THAT(shown["flags"].dump(), HasSubstr("UP"));
}

TEST_F(RouteSocketTest, RemovesALinkAndMayDoSoAgain) {
  CW_EXPECT_OK(socket_->remove_link("cw-a"));
  CW_EXPECT_OK(socket_->remove_link("cw-a"));
  EXPECT_EQ(run_json("ip -j link").size(), 1U);
}

TEST_F(RouteSocketTest, TouchesNoDeviceThatIsNotOurs) {
  EXPECT_FALSE(socket_->remove_link("eth0"));
  EXPECT_FALSE(socket_->set_mtu("eth0", 1280));
  EXPECT_FALSE(socket_->add_address({.device = "eth0", .prefix = prefix("10.0.0.1/32")}));
  EXPECT_EQ(run_json("ip -j link show dev eth0")[0]["mtu"], 1500);
}

TEST_F(RouteSocketTest, FindsWhatTheHostHasAndIsNotOurs) {
  run("ip address add 100.83.9.1/24 dev eth0");
  run("ip route add 100.64.0.0/10 dev eth0 table 77");
  run("ip route add blackhole 100.80.0.0/12");
  run("ip route add default dev eth0");
  run("ip -6 route add fd00::/8 dev eth0");
  run("ip address add 100.83.0.1/32 dev cw-a");
  run("ip route add 100.83.0.0/16 dev cw-a table 7920 protocol 204");
  using netlink::HostPrefix;
  const auto found = socket_->overlapping({prefix("100.83.0.0/16"), prefix("fd12::/64")});
  CW_ASSERT_OK(found);
  EXPECT_THAT(*found, ElementsAre(HostPrefix{prefix("100.64.0.0/10"), "eth0", true},
                                  HostPrefix{prefix("100.83.9.0/24"), "eth0", true},
                                  HostPrefix{prefix("100.83.9.1/32"), "eth0", false},
                                  HostPrefix{prefix("fd00::/8"), "eth0", true}));
}

TEST_F(RouteSocketTest, ADeviceThatIsNotThereIsNotFound) {
  const auto result = socket_->set_mtu("cw-gone", 1380);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::NotFound);
  EXPECT_THAT(result.error().to_text(), HasSubstr("cw-gone"));
}

TEST_F(RouteSocketTest, KeepsTheKernelsWordsInErrors) {
  const auto result = socket_->set_mtu("cw-a", 100000000);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::Invalid);
  EXPECT_THAT(result.error().message, HasSubstr("the kernel: mtu greater than device maximum"));
}

TEST_F(RouteSocketTest, AddsListsAndRemovesAddresses) {
  const Address v4{.device = "cw-a", .prefix = prefix("100.64.0.1/32")};
  const Address v6{.device = "cw-a", .prefix = prefix("fd00::1/128")};
  run("ip -6 addr flush dev cw-a");
  run("ip addr add 10.0.0.1/24 dev eth0");  // not ours
  for (int i = 0; i < 2; ++i) {
    CW_EXPECT_OK(socket_->add_address(v4));
    CW_EXPECT_OK(socket_->add_address(v6));
  }
  const auto addresses = socket_->addresses();
  CW_ASSERT_OK(addresses);
  EXPECT_THAT(*addresses, ElementsAre(v4, v6));
  const auto shown = run_json("ip -4 -j addr show dev cw-a")[0]["addr_info"][0];
  EXPECT_EQ(shown["local"], "100.64.0.1");
  EXPECT_EQ(shown["prefixlen"], 32);
  EXPECT_EQ(shown["noprefixroute"], true);
  for (int i = 0; i < 2; ++i) {
    CW_EXPECT_OK(socket_->remove_address(v4));
    CW_EXPECT_OK(socket_->remove_address(v6));
  }
  EXPECT_THAT(*socket_->addresses(), IsEmpty());
  EXPECT_THAT(run("ip addr show dev eth0"), HasSubstr("10.0.0.1/24"));
}

TEST_F(RouteSocketTest, RemovesAnAddressThatSomebodyAddedWithAWidePrefix) {
  run("ip -6 addr flush dev cw-a && ip addr add 10.9.0.7/24 dev cw-a");
  const auto addresses = *socket_->addresses();
  ASSERT_THAT(addresses, ElementsAre(Address{.device = "cw-a", .prefix = prefix("10.9.0.0/24")}));
  CW_EXPECT_OK(socket_->remove_address(addresses[0]));
  EXPECT_THAT(*socket_->addresses(), IsEmpty());
}

const Route kV4{.destination = prefix("100.64.0.0/16"), .device = "cw-a"};
const Route kV6{.destination = prefix("fd00::/64"), .device = "cw-a"};
const Route kNowhere{.destination = prefix("100.65.0.0/16"), .type = RouteType::Unreachable};
const Route kNowhere6{.destination = prefix("fd01::/64"), .type = RouteType::Blackhole};

TEST_F(RouteSocketTest, HasNoRoutesBeforeTheTableExists) {
  const auto routes = socket_->routes();
  CW_ASSERT_OK(routes);
  EXPECT_THAT(*routes, IsEmpty());
}

TEST_F(RouteSocketTest, AddsListsAndRemovesRoutesOfEachKind) {
  run("ip route add 10.8.0.0/16 dev eth0 table 7920");  // another protocol
  run("ip route add 10.8.0.0/16 dev eth0 proto 204");   // another table
  for (int i = 0; i < 2; ++i) {
    for (const auto& route : {kV4, kV6, kNowhere, kNowhere6}) {
      CW_EXPECT_OK(socket_->add_route(route));
    }
  }
  const auto routes = socket_->routes();
  CW_ASSERT_OK(routes);
  EXPECT_THAT(*routes, ElementsAre(kV4, kNowhere, kV6, kNowhere6));
  EXPECT_EQ(run_json("ip -4 -j route show table 7920 proto 204").size(), 2U);
  EXPECT_THAT(run("ip route show table 7920 100.64.0.0/16"),
              HasSubstr("100.64.0.0/16 dev cw-a proto 204 scope link"));
  EXPECT_THAT(run("ip -6 route show table 7920 fd01::/64"), HasSubstr("blackhole fd01::/64"));
  for (int i = 0; i < 2; ++i) {
    for (const auto& route : {kV4, kV6, kNowhere, kNowhere6}) {
      CW_EXPECT_OK(socket_->remove_route(route));
    }
  }
  EXPECT_THAT(*socket_->routes(), IsEmpty());
  EXPECT_THAT(run("ip route show table 7920"), HasSubstr("10.8.0.0/16"));
  EXPECT_THAT(run("ip route"), HasSubstr("10.8.0.0/16 dev eth0 proto 204"));
}

TEST_F(RouteSocketTest, AddingReplacesOursToTheSamePrefix) {
  run("ip addr add 100.64.0.1/32 dev cw-a");
  for (const auto& destination : {kV4.destination, kV6.destination}) {
    CW_EXPECT_OK(socket_->add_route({.destination = destination, .type = RouteType::Unreachable}));
    const Route unicast{.destination = destination, .device = "cw-a"};
    CW_EXPECT_OK(socket_->add_route(unicast));
  }
  EXPECT_THAT(*socket_->routes(), ElementsAre(kV4, kV6));
  auto with_source = kV4;
  with_source.preferred_source = *net::Ip::parse("100.64.0.1");
  CW_EXPECT_OK(socket_->add_route(with_source));
  EXPECT_THAT(*socket_->routes(), ElementsAre(with_source, kV6));
  auto with_mtu = with_source;
  with_mtu.mtu = 1392;
  CW_EXPECT_OK(socket_->add_route(with_mtu));
  EXPECT_THAT(*socket_->routes(), ElementsAre(with_mtu, kV6));
  CW_EXPECT_OK(socket_->add_route({.destination = kV4.destination, .type = RouteType::Blackhole}));
  EXPECT_EQ((*socket_->routes())[0].type, RouteType::Blackhole);
  EXPECT_EQ(socket_->routes()->size(), 2U);
}

TEST_F(RouteSocketTest, ShowsAndRemovesARouteThatOurValuesCannotExpress) {
  run("ip route add 100.64.0.0/16 dev cw-a proto 204 table 7920 metric 50 advmss 1300");
  run("ip -6 route add fd00::/64 dev cw-a proto 204 table 7920 metric 50");
  const auto routes = *socket_->routes();
  ASSERT_EQ(routes.size(), 2U);
  EXPECT_EQ(routes[0].extra, "metric 50, metric of kind 8");
  EXPECT_EQ(routes[1].extra, "metric 50");
  for (const auto& route : routes) {
    CW_EXPECT_OK(socket_->remove_route(route));
  }
  EXPECT_THAT(*socket_->routes(), IsEmpty());
}

TEST_F(RouteSocketTest, ARouteOverADeviceThatIsNotThereIsNotFound) {
  const auto result = socket_->add_route({.destination = kV4.destination, .device = "cw-gone"});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::NotFound);
}

std::vector<Rule> rules_of_each_kind(net::Family family) {
  return {{.family = family, .priority = 4900, .iif = "lo", .table = 7920},
          {.family = family,
           .priority = 4910,
           .mark = Mark{.value = 0x20000000, .mask = 0x60000000},
           .table = 7920},
          {.family = family,
           .priority = 4920,
           .iif = "cw-a",
           .mark = Mark{.value = 0x20000000, .mask = 0x60000000},
           .table = 254},
          {.family = family, .priority = 4920, .iif = "cw-later", .table = 254},
          {.family = family, .priority = 4930, .iif = "cw-a", .action = RuleAction::Prohibit},
          {.family = family,
           .priority = 4940,
           .mark = Mark{.value = 0, .mask = 0x40000000},
           .action = RuleAction::Blackhole}};
}

TEST_F(RouteSocketTest, AddsListsAndRemovesRulesOfEachKind) {
  run("ip rule add priority 4899 lookup 100");  // not ours
  auto rules = rules_of_each_kind(net::Family::V4);
  const auto v6 = rules_of_each_kind(net::Family::V6);
  rules.insert(rules.end(), v6.begin(), v6.end());
  for (int i = 0; i < 2; ++i) {
    for (const auto& rule : rules) {
      CW_EXPECT_OK(socket_->add_rule(rule));
    }
  }
  const auto listed = socket_->rules();
  CW_ASSERT_OK(listed);
  EXPECT_EQ(*listed, rules);
  EXPECT_THAT(run("ip rule"),
              HasSubstr("4910:\tfrom all fwmark 0x20000000/0x60000000 lookup 7920 proto 204"));
  EXPECT_THAT(run("ip -6 rule"), HasSubstr("4930:\tfrom all iif cw-a prohibit proto 204"));
  for (int i = 0; i < 2; ++i) {
    for (const auto& rule : rules) {
      CW_EXPECT_OK(socket_->remove_rule(rule));
    }
  }
  EXPECT_THAT(*socket_->rules(), IsEmpty());
  EXPECT_THAT(run("ip rule"), HasSubstr("4899:"));
}

TEST_F(RouteSocketTest, ShowsAndRemovesARuleThatOurValuesCannotExpress) {
  run("ip rule add priority 4910 fwmark 0x20000000/0x60000000 uidrange 1-2 lookup 7920");
  run("ip rule add priority 4910 not from 10.0.0.0/8 lookup 7920 suppress_prefixlength 0");
  const auto rules = *socket_->rules();
  ASSERT_EQ(rules.size(), 2U);
  EXPECT_THAT(rules[0].extra,
              testing::AllOf(HasSubstr("not"), HasSubstr("from"), HasSubstr("suppressor")));
  EXPECT_EQ(rules[1].extra, "uidrange");
  for (const auto& rule : rules) {
    CW_EXPECT_OK(socket_->remove_rule(rule));
  }
  EXPECT_THAT(*socket_->rules(), IsEmpty());
}

TEST_F(RouteSocketTest, ReadsADumpOfMoreThanOneDatagram) {
  run("for i in $(seq 25); do echo link add v$i type veth peer name w$i; done | ip -batch -");
  CW_EXPECT_OK(socket_->add_route(kV4));
  EXPECT_EQ(socket_->links()->size(), 53U);
  EXPECT_THAT(*socket_->routes(), ElementsAre(kV4));
}

class WireGuardLinkTest : public RouteSocketTest {};

TEST_F(WireGuardLinkTest, CreatesADeviceAndAdoptsTheOneThatIsThere) {
  for (int i = 0; i < 2; ++i) {
    CW_EXPECT_OK(socket_->create_wireguard("cw-prod", 1420));
  }
  const auto shown = run_json("ip -d -j link show dev cw-prod")[0];
  EXPECT_EQ(shown["linkinfo"]["info_kind"], "wireguard");
  EXPECT_EQ(shown["mtu"], 1420);
  CW_EXPECT_OK(socket_->create_wireguard("cw-prod", 1380));
  EXPECT_EQ(run_json("ip -j link show dev cw-prod")[0]["mtu"], 1380);
}

TEST_F(RouteSocketTest, AForeignDeviceOfThatNameIsNotTakenOver) {
  const auto result = socket_->create_wireguard("cw-a", 1420);
  ASSERT_FALSE(result);
  // A kernel without WireGuard says that first.
  if (result.error().kind != ErrorKind::Unsupported) {
    EXPECT_EQ(result.error().kind, ErrorKind::Exists);
    EXPECT_THAT(result.error().to_text(), HasSubstr("it is a veth"));
  }
}

}  // namespace
}  // namespace cw::kernel
