// SPDX-License-Identifier: Apache-2.0
#include "netlink/socket/monitor.h"

#include <algorithm>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "netlink/socket/route.h"
#include "tests/kernel/namespace.h"

namespace cw::kernel {
namespace {

using netlink::Monitor;
using netlink::Notification;
using netlink::RouteSocket;
using netlink::What;
using testing::Contains;
using testing::Field;
using testing::IsEmpty;

// What concerns us, seen by the kernel's own word; the tools' commands have ended when it is read.
class MonitorTest : public NamespaceTest {
 protected:
  void SetUp() override {
    NamespaceTest::SetUp();
    // No addresses that the kernel makes by itself, and announces some time later.
    run("echo 1 > /proc/sys/net/ipv6/conf/default/addr_gen_mode");
    run("ip link add cw-a type veth peer name lan0 && ip link set cw-a up && ip link set lan0 up");
    // The kernel announces the carrier some time after the device.
    run("for i in $(seq 100); do ip -br link show up | grep -Eqv 'UP|lo' || break; sleep 0.1; "
        "done");
    auto socket = RouteSocket::create(kOurs);
    CW_ASSERT_OK(socket);
    socket_.emplace(std::move(*socket));
    auto monitor =
        Monitor::create({.ownership = kOurs, .nft_table = "causeway", .site_devices = {"lan0"}},
                        {socket_->port()}, static_cast<std::uint32_t>(::getpid()));
    CW_ASSERT_OK(monitor);
    monitor_.emplace(std::move(*monitor));
  }

  std::vector<Notification> read() {
    auto notifications = monitor_->read();
    EXPECT_TRUE(notifications);
    return notifications ? *notifications : std::vector<Notification>{};
  }

  static auto is(What what) { return Field(&Notification::what, what); }

  std::optional<RouteSocket> socket_;
  std::optional<Monitor> monitor_;
};

TEST_F(MonitorTest, IsSilentWhereNothingHappensAndNeverBlocks) {
  EXPECT_THAT(read(), IsEmpty());
}

TEST_F(MonitorTest, SeesADeviceOfOursRenamed) {
  run("ip link set cw-a down && ip link set cw-a name wg0");
  EXPECT_THAT(read(), Contains(Notification{.what = What::Link, .name = "cw-a"}));
  run("ip link set wg0 mtu 1400");
  EXPECT_THAT(read(), IsEmpty());
}

TEST_F(MonitorTest, SeesWhatOthersDoToOurs) {
  run("ip addr add 100.64.0.1/32 dev cw-a");
  EXPECT_THAT(read(), Contains(is(What::Address)));
  run("ip route add 100.64.0.0/16 dev cw-a table 7920");
  EXPECT_THAT(read(), Contains(is(What::Route)));
  run("ip rule add priority 4910 lookup 7920");
  EXPECT_THAT(read(), Contains(is(What::Rule)));
  run("ip link set cw-a mtu 1400");
  EXPECT_THAT(read(), Contains(is(What::Link)));
  run("ip link delete cw-a");
  EXPECT_THAT(read(), Contains(is(What::Link)));
}

TEST_F(MonitorTest, SeesTheSitesDeviceGoAndCome) {
  run("ip link delete lan0");
  EXPECT_THAT(read(), Contains(Notification{.what = What::Link, .name = "lan0"}));
  run("ip link add lan0 type veth peer name other");
  EXPECT_THAT(read(), Contains(Notification{.what = What::Link, .name = "lan0"}));
}

TEST_F(MonitorTest, IsSilentOnWhatIsNotOurs) {
  run("ip link add v0 type veth peer name v1 && ip link set v0 up && ip addr add 10.5.0.1/24 dev "
      "v0 && ip rule add priority 5000 lookup 100 && ip route add 10.6.0.0/16 dev v0");
  run("nft add table inet other");
  EXPECT_THAT(read(), IsEmpty());
}

TEST_F(MonitorTest, IsSilentOnOurOwnRoutesAddressesAndRules) {
  CW_EXPECT_OK(socket_->add_address({.device = "cw-a", .prefix = prefix("100.64.0.1/32")}));
  CW_EXPECT_OK(socket_->add_route({.destination = prefix("100.64.0.0/16"), .device = "cw-a"}));
  CW_EXPECT_OK(socket_->add_rule({.priority = 4910, .table = 7920}));
  EXPECT_THAT(read(), IsEmpty());
}

TEST_F(MonitorTest, SeesForwardingTurnedOff) {
  run("echo 1 > /proc/sys/net/ipv4/ip_forward && echo 1 > /proc/sys/net/ipv6/conf/all/forwarding");
  read();
  run("echo 0 > /proc/sys/net/ipv4/ip_forward");
  EXPECT_THAT(read(), Contains(Notification{.what = What::Netconf, .name = "all"}));
  run("echo 0 > /proc/sys/net/ipv6/conf/all/forwarding");
  EXPECT_THAT(read(), Contains(Notification{.what = What::Netconf, .name = "all"}));
}

TEST_F(MonitorTest, SeesAFlushedRuleset) {
  run("nft add table inet causeway");
  read();
  run("nft flush ruleset");
  EXPECT_THAT(read(), Contains(Notification{.what = What::Table, .name = "causeway"}));
}

TEST_F(MonitorTest, SeesOneElementThatSomebodyAdds) {
  run("nft 'table inet causeway { set s { type ipv4_addr; }; }'");
  read();
  run("nft add element inet causeway s '{ 10.0.0.1 }'");
  EXPECT_THAT(read(), Contains(Notification{.what = What::Table, .name = "causeway"}));
}

}  // namespace
}  // namespace cw::kernel
