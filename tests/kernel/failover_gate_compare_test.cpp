// SPDX-License-Identifier: Apache-2.0
// What a gate finds: changed by somebody, gone, or left by the process before.
#include <chrono>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "router/model/ownership.h"
#include "tests/kernel/failover_gate_world.h"
#include "tests/kernel/namespace.h"

namespace cw::kernel {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST_P(FailoverGate, ADeviceThatWasMadeAnewIsOpenedAgain) {
  meet(2);
  CW_EXPECT_OK(gate_->open("gw", kicks(), now()));
  ASSERT_TRUE(comes([&] { return sessions() == 2; }));
  CW_EXPECT_OK(routes_->remove_link(kDevice));
  CW_EXPECT_OK(gate_->compare(now()));  // it is not there yet
  make_device();
  add_peers();
  for (const auto& kick : kicks()) {  // the agent knows where they were
    CW_EXPECT_OK(wireguard_->change(
        {.device = kDevice, .peers = {{.key = kick.key, .endpoint = kick.endpoint}}}));
  }
  site_sends();  // which keeps a handshake back, as the gate is wanted open
  CW_EXPECT_OK(gate_->compare(now()));
  EXPECT_EQ(device().fwmark, router::kMarkOuter);
  EXPECT_TRUE(comes([&] { return sessions() == 2; }, kBeforeRetry));
}

TEST_P(FailoverGate, ComparingPutsRightWhatSomebodyChangedAndNothingElse) {
  meet(1);
  run("ip rule add priority 4895 lookup 9999");  // somebody else's
  CW_EXPECT_OK(gate_->open("gw", kicks(), now()));
  const auto ip6 = GetParam().length == 64 ? "ip -6" : "ip";
  const auto rules = run("ip rule; ip -6 rule");
  const auto table = run(fmt::format("{} route show table 7930", ip6));
  EXPECT_THAT(rules, HasSubstr("fwmark 0x40000000/0x60000000 ipproto udp sport 51820 lookup 7930"));
  EXPECT_THAT(rules, HasSubstr("fwmark 0x60000000/0x60000000 blackhole"));
  EXPECT_THAT(table, HasSubstr(std::string("src ") + GetParam().gateway));

  run("for v in -4 -6; do ip $v rule delete priority 4890; done");
  run(fmt::format("{} rule delete priority 4894; {} route flush table 7930", ip6, ip6));
  run("ip rule add priority 4892 to 100.64.0.0/16 protocol 205 unreachable");
  run("wg set cw-gw fwmark 7");
  CW_EXPECT_OK(gate_->compare(now()));
  EXPECT_EQ(run("ip rule; ip -6 rule"), rules);
  EXPECT_EQ(run(fmt::format("{} route show table 7930", ip6)), table);
  EXPECT_EQ(device().fwmark, router::kMarkOuter);

  run("(timeout 2 ip monitor route rule > /tmp/gate-monitor; true) & sleep 0.5");
  CW_EXPECT_OK(gate_->compare(now()));
  wait(2s);
  EXPECT_EQ(run("grep -v fe80 /tmp/gate-monitor; rm /tmp/gate-monitor"), "");
}

TEST_P(FailoverGate, TheSourceFollowsMainAndTheAddress) {
  meet(1);
  const auto ip6 = GetParam().length == 64 ? "ip -6" : "ip";
  const auto table = [&] { return run(fmt::format("{} route show table 7930 || true", ip6)); };
  const auto rule = [&] { return run(fmt::format("{} rule show priority 4894", ip6)); };
  leave();
  CW_EXPECT_OK(gate_->open("gw", {}, now()));
  EXPECT_EQ(rule(), "");
  arrive();
  CW_EXPECT_OK(gate_->compare(now()));
  EXPECT_NE(rule(), "");
  run(fmt::format("{} route add default via {} metric 5", ip6, GetParam().client));
  CW_EXPECT_OK(gate_->compare(now()));
  EXPECT_THAT(table(), HasSubstr(fmt::format("default via {}", GetParam().client)));
  run(fmt::format("{} route delete default", ip6));
  leave();
  CW_EXPECT_OK(gate_->compare(now()));
  EXPECT_EQ(rule(), "");
  EXPECT_THAT(table(), Not(HasSubstr("default")));
  arrive();
  CW_EXPECT_OK(gate_->compare(now()));
  EXPECT_NE(rule(), "");
  CW_EXPECT_OK(gate_->close("gw", now()));
  EXPECT_EQ(rule(), "");
  EXPECT_EQ(run(fmt::format("{} route show table all protocol 205", ip6)), "");
}

TEST_P(FailoverGate, TheNextProcessGoesOnWithWhatItFinds) {
  meet(1);
  CW_EXPECT_OK(gate_->open("gw", kicks(), now()));
  ASSERT_TRUE(comes([&] { return sessions() == 1; }));
  const auto rules = run("ip rule; ip -6 rule");
  const auto begun = seen("begun");
  start();
  EXPECT_THAT(gate_->open_gates().names, ElementsAre("gw"));
  EXPECT_EQ(run("ip rule; ip -6 rule"), rules);
  CW_EXPECT_OK(gate_->open("gw", kicks(), now()));
  CW_EXPECT_OK(gate_->start_handshakes("gw", kicks(), now()));
  wait(300ms);
  EXPECT_EQ(seen("begun"), begun);  // whoever has a session keeps it

  CW_EXPECT_OK(gate_->stand_down());
  EXPECT_THAT(run("ip rule; ip -6 rule"), Not(HasSubstr("sport")));
  EXPECT_THAT(run("ip rule"), HasSubstr("blackhole"));  // the agent's
  EXPECT_EQ(device().fwmark, router::kMarkOuter);
  CW_EXPECT_OK(gate_->configure({}, now()));
  EXPECT_FALSE(gate_->close("gw", now()));
}

}  // namespace
}  // namespace cw::kernel
