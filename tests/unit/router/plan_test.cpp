// SPDX-License-Identifier: Apache-2.0
#include "router/plan/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "router/plan/desired.h"
#include "tests/support/model_kernel.h"
#include "tests/support/networks.h"

namespace cw::router {
namespace {

using firewall::Depth;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// A model kernel that has converged on two gateways and six peers.
class Converged : public testing::Test {
 protected:
  Converged() {
    auto sinks = kernel.sinks();
    const auto report = apply(plan_now(), sinks, test::key_ring());
    EXPECT_TRUE(report.ok());
  }

  Plan plan_now(Depth depth = Depth::Full) {
    auto sinks = kernel.sinks();
    return plan(wanted, read_kernel(sinks, wanted, depth).state);
  }

  std::vector<std::string> lines(Depth depth = Depth::Full) { return to_lines(plan_now(depth)); }

  DesiredState wanted = *desired(test::snapshot(2, 6));
  test::ModelKernel kernel;
};

TEST_F(Converged, NeedsNothingMore) {
  EXPECT_THAT(lines(), ElementsAre());
  EXPECT_THAT(lines(Depth::Digest), ElementsAre());
}

TEST_F(Converged, RepairsWhatADownedLinkTookAlong) {
  kernel.set_down("cw-prod");
  EXPECT_THAT(lines(),
              ElementsAre("+ address fd12:3456:789a::6464:1/128 dev cw-prod (missing)",
                          "~ device cw-prod up (is down)",
                          "+ route 100.100.0.0/17 dev cw-prod src 100.100.0.1 (missing)",
                          "+ route 240.36.0.0/17 dev cw-prod src 100.100.0.1 mtu 1392 (missing)",
                          "+ route fd12:3456:789a::6464:0/113 dev cw-prod src "
                          "fd12:3456:789a::6464:1 (missing)"));
}

TEST_F(Converged, PutsBackATranslatorThatSomebodyTookAway) {
  kernel.replace_translator("cw-prod", "");
  EXPECT_THAT(
      lines(),
      ElementsAre("~ device cw-prod 4via6 fd12:3456:789a:b1a:0:1::/96 to 10.0.0.0/16 (missing)"));
}

TEST_F(Converged, ReplacesATranslatorOfSomebodyElses) {
  kernel.replace_translator("cw-spare", "foreign");
  EXPECT_THAT(lines(), ElementsAre("~ device cw-spare 4via6 fd12:3456:789a:b1a:0:1::/96 to "
                                   "10.0.0.0/16 (was another)"));
}

TEST_F(Converged, ChangesWhatIsTranslatedBehindWhatIsJudged) {
  auto snapshot = test::snapshot(2, 6);
  snapshot.netmap.sites[0].routes.push_back(*net::Prefix::parse("10.7.0.0/16"));
  wanted = *desired(snapshot);
  EXPECT_THAT(
      lines(),
      ElementsAre("+ firewall route4 10.7.0.0/16 (other elements)",
                  "~ device cw-prod 4via6 fd12:3456:789a:b1a:0:1::/96 to 2 routes (was another)",
                  "~ device cw-spare 4via6 fd12:3456:789a:b1a:0:1::/96 to 2 routes (was another)"));
}

TEST_F(Converged, TakesTheTranslatorsAwayWhereTheyAreNotWanted) {
  wanted.translators.clear();
  EXPECT_THAT(lines(), ElementsAre("~ device cw-prod without 4via6 (not in the network)",
                                   "~ device cw-spare without 4via6 (not in the network)"));
}

TEST_F(Converged, PutsBackTheCountersOfATranslatorThatHasLostThem) {
  kernel.translated.erase("cw-prod");
  EXPECT_THAT(lines(), ElementsAre("~ device cw-prod 4via6 fd12:3456:789a:b1a:0:1::/96 to "
                                   "10.0.0.0/16 (its counters are gone)"));
}

TEST_F(Converged, ClearsTheCountersAwayOfADeviceThatWentBeforeItsGateway) {
  ASSERT_TRUE(kernel.remove_link("cw-spare"));
  kernel.translated.try_emplace("not-ours");
  wanted = *desired(test::snapshot(1, 6));
  EXPECT_THAT(lines(), Contains("~ device cw-spare without 4via6 (not in the network)"));
  EXPECT_THAT(lines(), Not(Contains(HasSubstr("not-ours"))));
}

TEST_F(Converged, StartsTheHandshakesOfADeviceThatWasDown) {
  auto snapshot = test::snapshot(2, 6);
  snapshot.last_seen[snapshot.netmap.peers[0].public_key] = {
      {*net::Ip::parse("203.0.113.2"), 40000}, snapshot.now, "cw-prod"};
  wanted = *desired(snapshot);
  EXPECT_THAT(lines(), ElementsAre());
  kernel.set_down("cw-prod");
  EXPECT_EQ(lines().back(), "~ device cw-prod start 1 handshake (was down, seen lately)");
}

TEST_F(Converged, LoadsAFlushedRulesetBeforeAnythingElse) {
  kernel.nft.flush();
  EXPECT_THAT(lines(Depth::Digest), ElementsAre(StartsWith("~ firewall table inet causeway")));
}

TEST_F(Converged, TellsAFirewallThatIsLoadedAnewWherePeersAre) {
  const net::SocketAddress home{*net::Ip::parse("203.0.113.2"), 40000};
  kernel.wireguard("cw-prod").peers.at(0).endpoint = home;
  kernel.wireguard("cw-prod").peers.at(1).endpoint = home;
  kernel.nft.flush();
  const auto plan = plan_now(Depth::Digest);
  ASSERT_EQ(plan.steps.size(), 1U);
  const auto& step = std::get<ReplaceRuleset>(plan.steps[0].action);
  EXPECT_THAT(step.clients, ElementsAre(home));
  EXPECT_FALSE(step.another);
}

TEST_F(Converged, ReplacesAStructureThatSomebodyEdited) {
  kernel.nft.edit_structure();
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("changed by somebody else")));
}

TEST_F(Converged, LoadsTheFlowtableAnewWithADeviceThatWasDeleted) {
  auto snapshot = test::snapshot(2, 6);
  snapshot.host.flowtable_devices = {"ens5"};
  wanted = *desired(snapshot);
  auto sinks = kernel.sinks();
  const auto converge = [&] {
    ASSERT_TRUE(
        apply(plan(wanted, read_kernel(sinks, wanted, Depth::Full).state), sinks, test::key_ring())
            .ok());
  };
  converge();
  EXPECT_THAT(lines(Depth::Digest), ElementsAre());
  ASSERT_TRUE(kernel.remove_link("cw-prod"));
  EXPECT_THAT(lines(Depth::Digest), Contains(AllOf(StartsWith("~ firewall table"),
                                                   HasSubstr("flowtable lost a device"))));
  converge();
  EXPECT_THAT(lines(Depth::Digest), ElementsAre());
}

TEST_F(Converged, PutsBackOneElementWithoutReplacingTheTable) {
  kernel.nft.remove_element("peer4", "100.100.0.16 : goto every_route");
  EXPECT_THAT(lines(),
              ElementsAre("+ firewall peer4 100.100.0.16 : goto every_route (other elements)"));
}

TEST_F(Converged, PrunesNothingAfterAnInterruptedDump) {
  kernel.interrupt_dumps = true;
  wanted = DesiredState{};
  EXPECT_THAT(lines(), ElementsAre());
}

TEST_F(Converged, OpensNothingWhileTheFirewallCannotBeRead) {
  kernel.set_down("cw-prod");
  kernel.sysctls["net/ipv4/ip_forward"] = "0";
  auto sinks = kernel.sinks();
  auto state = read_kernel(sinks, wanted, Depth::Full).state;
  state.firewall.reset();
  for (const auto& line : to_lines(plan(wanted, state))) {
    EXPECT_THAT(line, StartsWith("+ address"));
  }
}

TEST_F(Converged, LeavesADeviceOfAnotherKindAloneAndSaysWhoHasItsName) {
  ASSERT_TRUE(kernel.remove_link("cw-prod"));
  kernel.add_foreign_link("cw-prod", "bridge");
  for (const auto& line : lines()) {
    EXPECT_THAT(line, testing::AnyOf(StartsWith("+ device cw-prod"), StartsWith("+ address"),
                                     StartsWith("+ route")));
  }
}

TEST_F(Converged, DropsPeersThatLeftTheNetworkAfterTheNewOnesAreIn) {
  auto snapshot = test::snapshot(2, 6);
  snapshot.netmap.peers[0].public_key = test::public_key(77);  // the same person, a new key
  wanted = *desired(snapshot);
  const auto all = lines();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_THAT(all[0], StartsWith("+ peer cw-prod p0000 100.100.0.16/32"));
  EXPECT_THAT(all[1], StartsWith("- peer cw-prod "));
}

TEST_F(Converged, TakesEverythingDownWithTheFirewallLast) {
  wanted = DesiredState{};
  const auto all = lines();
  EXPECT_THAT(all, Contains("- device cw-prod (not in the network)"));
  EXPECT_EQ(all.back(), "- firewall table inet causeway (not in the network)");
}

TEST(Plan, ClosesADeviceBeforeItOpensIt) {
  const auto wanted = *desired(test::snapshot(1, 1));
  test::ModelKernel kernel;
  auto sinks = kernel.sinks();
  const auto all = to_lines(plan(wanted, read_kernel(sinks, wanted, Depth::Full).state));
  const auto at = [&](const std::string& start) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].starts_with(start)) {
        return i;
      }
    }
    ADD_FAILURE() << "no line starts with " << start;
    return all.size();
  };
  EXPECT_LT(at("~ firewall"), at("+ rule IPv4 4930"));
  EXPECT_LT(at("+ rule IPv4 4930"), at("+ rule IPv4 4920"));
  EXPECT_LT(at("+ rule IPv4 4920"), at("~ device cw-prod up"));
  EXPECT_LT(at("~ device cw-prod up"), at("+ route"));
  EXPECT_LT(at("+ route"), at("~ sysctl net/ipv4/ip_forward"));
}

}  // namespace
}  // namespace cw::router
