// SPDX-License-Identifier: Apache-2.0
#include "router/agent/host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// As the kernel prints it; the last two columns are flags and device.
constexpr auto kRoutes =
    "20010db8000100000000000000000000 40 00000000000000000000000000000000 00 "
    "00000000000000000000000000000000 00000100 00000001 00000000 00400001     eth0\n"
    "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
    "fe80000000000000000000000000000a 00000400 00000003 00000000 00450003     eth0\n"
    "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
    "fe80000000000000000000000000000b 00000400 00000003 00000000 00000003     eth1.7\n"
    "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
    "00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n";

TEST(DefaultRoutes6, TellsAdvertisedOnesFromConfiguredOnes) {
  EXPECT_THAT(default_routes6(kRoutes),
              ElementsAre(DefaultRoute6{.device = "eth0", .from_advertisement = true},
                          DefaultRoute6{.device = "eth1.7", .from_advertisement = false}));
}

TEST(DefaultRoutes6, GarbageIsNoRoute) {
  EXPECT_THAT(default_routes6("a b c\n\n0 00"), IsEmpty());
  EXPECT_THAT(default_routes6(""), IsEmpty());
}

TEST(DefaultDevices4, AreThoseOfDefaultRoutesThatLeadSomewhere) {
  EXPECT_THAT(
      default_devices4(
          "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
          "ens5\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
          "ens5\t0000000A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
          "ens6\t00000000\t0100000B\t0003\t0\t0\t200\t000000F0\t0\t0\t0\n"
          "*\t00000000\t00000000\t0200\t0\t0\t300\t00000000\t0\t0\t0\n"),
      ElementsAre("ens5"));
  EXPECT_THAT(default_devices4("\n00000000 00000000\n"), IsEmpty());
}

TEST(NetworkdConfiguration, RemovesForeignRoutesUnlessToldNotTo) {
  EXPECT_TRUE(removes_foreign_routes({}));
  EXPECT_TRUE(removes_foreign_routes({"[Network]\nManageForeignRoutes=no\n"}));
  EXPECT_FALSE(removes_foreign_routes(
      {"[Network]\nManageForeignRoutes = no\nManageForeignRoutingPolicyRules=false\n"}));
}

TEST(NetworkdConfiguration, ALaterFileOverridesAnEarlierOne) {
  const std::string off = "ManageForeignRoutes=no\nManageForeignRoutingPolicyRules=no\n";
  EXPECT_FALSE(removes_foreign_routes({"ManageForeignRoutes=yes\n", off}));
  EXPECT_TRUE(removes_foreign_routes({off, "ManageForeignRoutes=yes\n"}));
  EXPECT_FALSE(removes_foreign_routes({off, "#ManageForeignRoutes=yes\n"}));
}

}  // namespace
}  // namespace cw::agent
