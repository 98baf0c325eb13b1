// SPDX-License-Identifier: Apache-2.0
#include "netlink/socket/host_address.h"

#include <algorithm>
#include <optional>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/unique_fd.h"
#include "tests/kernel/namespace.h"

namespace cw::kernel {
namespace {

using netlink::AddressScope;
using netlink::HostAddress;
using netlink::HostAddressSocket;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

class HostAddressTest : public NamespaceTest {
 protected:
  void SetUp() override {
    NamespaceTest::SetUp();
    run("ip link add lan address 02:00:00:00:00:01 type veth peer name far");
    run("ip link set lan up && ip link set far up");
    auto created = HostAddressSocket::create(204);
    CW_ASSERT_OK(created);
    socket_.emplace(std::move(*created));
  }

  std::optional<HostAddressSocket> socket_;
};

net::Ip ip(const char* text) {
  return *net::Ip::parse(text);
}

// There is a route to it, which without a default route is its own.
bool is_reachable(const net::Ip& to) {
  const UniqueFd fd(::socket(to.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in v4{.sin_family = AF_INET, .sin_port = htons(9)};
  sockaddr_in6 v6{.sin6_family = AF_INET6, .sin6_port = htons(9)};
  std::ranges::copy(to.bytes(), to.is_v4() ? reinterpret_cast<std::uint8_t*>(&v4.sin_addr)
                                           : reinterpret_cast<std::uint8_t*>(&v6.sin6_addr));
  return (to.is_v4() ? ::connect(fd.get(), reinterpret_cast<sockaddr*>(&v4), sizeof v4)
                     : ::connect(fd.get(), reinterpret_cast<sockaddr*>(&v6), sizeof v6)) == 0;
}

TEST_F(HostAddressTest, SaysHowAnEthernetDeviceIs) {
  const auto link = socket_->ethernet_link("lan");
  CW_ASSERT_OK(link);
  EXPECT_EQ(link->index, run_json("ip -j link show dev lan")[0]["ifindex"]);
  EXPECT_TRUE(link->up && link->running);
  EXPECT_EQ(link->mac, (netlink::Mac{2, 0, 0, 0, 0, 1}));

  run("ip link set far down");
  EXPECT_TRUE(socket_->ethernet_link("lan")->up);
  EXPECT_FALSE(socket_->ethernet_link("lan")->running);
  run("ip link set lan down");
  EXPECT_FALSE(socket_->ethernet_link("lan")->up);
}

TEST_F(HostAddressTest, ADeviceThatIsMissingOrNoEthernetIsAnError) {
  EXPECT_EQ(socket_->ethernet_link("gone").error().kind, ErrorKind::NotFound);
  EXPECT_EQ(socket_->ethernet_link("lo").error().kind, ErrorKind::Unsupported);
}

TEST_F(HostAddressTest, AddsAndRemovesBothFamiliesAndMayDoSoAgain) {
  for (const auto& each : {ip("10.9.0.7"), ip("fd09::7")}) {
    const HostAddress ours{.device = "lan", .ip = each, .protocol = 204};
    for (int i = 0; i < 2; ++i) {
      CW_EXPECT_OK(socket_->add("lan", each, AddressScope::Global));
      EXPECT_THAT(*socket_->addresses(), Contains(ours));
    }
    for (int i = 0; i < 2; ++i) {
      CW_EXPECT_OK(socket_->remove("lan", each));
      EXPECT_THAT(*socket_->addresses(), Not(Contains(ours)));
    }
  }
}

TEST_F(HostAddressTest, AnAddressWorksAtOnceBringsNoRouteAndIsNobodysSource) {
  CW_EXPECT_OK(socket_->add("lan", ip("10.9.0.7"), AddressScope::Global));
  CW_EXPECT_OK(socket_->add("lan", ip("fd09::7"), AddressScope::Global));
  const auto shown = run("ip -6 address show dev lan to fd09::7");
  EXPECT_THAT(shown, HasSubstr("deprecated"));
  EXPECT_THAT(shown, Not(HasSubstr("tentative")));
  EXPECT_EQ(run("ip route"), "");
  EXPECT_THAT(run("ip -6 route"), Not(HasSubstr("fd09")));

  run("ip address add 10.9.0.1/24 dev lan && ip address add fd09::1/64 dev lan nodad");
  EXPECT_THAT(run("ip route get 10.9.0.9"), HasSubstr("src 10.9.0.1 "));
  EXPECT_THAT(run("ip route get fd09::9"), HasSubstr("src fd09::1 "));
}

// The kernel says yes to an IPv6 address before it takes packets for it.
TEST_F(HostAddressTest, AnAddressTakesPacketsWhenItIsAdded) {
  for (const auto* device : {"lan", "lo"}) {
    for (int i = 0; i < 50; ++i) {
      for (const auto& each : {ip("10.9.0.7"), ip("fd09::7")}) {
        CW_EXPECT_OK(socket_->add(device, each, AddressScope::Host));
        EXPECT_TRUE(is_reachable(each)) << each.to_text() << " " << device << " " << i;
        CW_EXPECT_OK(socket_->remove(device, each));
        EXPECT_FALSE(is_reachable(each));
      }
    }
  }
}

TEST_F(HostAddressTest, AnAddressOfTheHostsIsNeitherTakenOverNorRemoved) {
  run("ip address add 10.9.0.7/32 dev lan && ip address add fd09::7/128 dev lan nodad");
  for (const auto& each : {ip("10.9.0.7"), ip("fd09::7")}) {
    const auto added = socket_->add("lan", each, AddressScope::Global);
    EXPECT_EQ(added.error().kind, ErrorKind::Exists);
    EXPECT_THAT(added.error().message, HasSubstr("not by Causeway"));
    EXPECT_FALSE(socket_->remove("lan", each));
    EXPECT_THAT(*socket_->addresses(),
                Contains(HostAddress{.device = "lan", .ip = each, .protocol = 0}));
  }
}

TEST_F(HostAddressTest, OneAddressMayBeOnTwoDevicesAndOutlivesTheFirst) {
  for (const auto& each : {ip("10.9.0.7"), ip("fd09::7")}) {
    CW_EXPECT_OK(socket_->add("lan", each, AddressScope::Global));
    CW_EXPECT_OK(socket_->add("lo", each, AddressScope::Host));
    CW_EXPECT_OK(socket_->remove("lan", each));
    EXPECT_THAT(run("ip route get " + each.to_text()), HasSubstr("local"));
  }
}

}  // namespace
}  // namespace cw::kernel
