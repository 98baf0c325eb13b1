// SPDX-License-Identifier: Apache-2.0
#include <linux/if_ether.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/lan_world.h"
#include "tests/kernel/namespace.h"

namespace cw::kernel {
namespace {

using ha::FabricOutcome;
using ha::arp::Claim;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::uint16_t kPort = 51820;
constexpr int kSoon = 1000;  // milliseconds: an answer that comes, comes in less than one

const auto kV4 = *net::Ip::parse("10.9.0.100");
const auto kV6 = *net::Ip::parse("fd09::100");

// Two routers, and somebody who talks to the gateway. Everything by the family that is the
// parameter; the address of the other one moves with it.
class LanFabricTest : public NamespaceTest, public testing::WithParamInterface<net::Family> {
 protected:
  void SetUp() override {
    NamespaceTest::SetUp();
    run("ip link add br0 type bridge mcast_snooping 0 && ip link set br0 up");
    bridge_.reset(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    host_a_ = std::make_unique<Host>("a", 1, bridge_);
    host_b_ = std::make_unique<Host>("b", 2, bridge_);
    talker_ = std::make_unique<Host>("talker", 3, bridge_);
    a_ = std::make_unique<Router>(*host_a_, config());
    b_ = std::make_unique<Router>(*host_b_, config());
    both_ = {a_.get(), b_.get()};
    at_a_.emplace(*host_a_, moving(), kPort);
    at_b_.emplace(*host_b_, moving(), kPort);
    talk_.emplace(*talker_, talker_->own(GetParam()), kPort);
    onlooker_.emplace(*talker_, GetParam() == net::Family::V4 ? ETH_P_ARP : ETH_P_IPV6,
                      GetParam() == net::Family::V4
                          ? ha::arp::arp_by({kV4, host_a_->own(GetParam()), kBehind})
                          : ha::arp::advertisements_of({kV6, host_a_->own(GetParam())}));
  }

  static ha::arp::Config config() {
    return {
        .interface = "lan", .protocol = 204, .gateways = {{.name = "gw", .addresses = {kV4, kV6}}}};
  }

  [[nodiscard]] static net::Ip moving() { return GetParam() == net::Family::V4 ? kV4 : kV6; }

  // Who gets what the talker sends to the gateway now: "a", "b", or "" for neither.
  std::string served_by() {
    const auto text = fmt::format("{}", ++said_);
    talk_->send(text, moving(), kPort);
    // Whoever it is: first the one that has it, so that nothing has to time out.
    for (int i = 0; i < kSoon / 10; ++i) {
      if (at_a_->receive(5) == text) {
        return "a";
      }
      if (at_b_->receive(5) == text) {
        return "b";
      }
    }
    return "";
  }

  // And the talker gets an answer, from the gateway's address.
  bool answers(const Datagrams& router) {
    router.send("answer", talker_->own(GetParam()), kPort);
    return talk_->receive(kSoon) == "answer";
  }

  [[nodiscard]] ha::arp::Frame question(const net::Ip& ip) const {
    return ip.is_v4() ? ha::arp::arp_probe(talker_->mac(), ip)
                      : ha::arp::neighbor_solicitation(talker_->mac(), talker_->link_local(), ip);
  }

  // What the LAN answers to "who has the gateway's address?": all that came before the answer to
  // the same of an address that does not move, which was asked for after it.
  std::vector<Claim> who_has_it(const net::Ip& control) {
    onlooker_->claims();
    onlooker_->send(question(moving()));
    onlooker_->send(question(control));
    auto claims = onlooker_->claims_until(control);
    std::erase_if(claims, [&](const Claim& claim) { return claim.ip == control; });
    return claims;
  }

  // An address of router A's that is on another device of it.
  const net::Ip kBehind = *net::Ip::parse("10.8.0.1");

  UniqueFd bridge_;
  std::unique_ptr<Host> host_a_;
  std::unique_ptr<Host> host_b_;
  std::unique_ptr<Host> talker_;
  std::unique_ptr<Router> a_;
  std::unique_ptr<Router> b_;
  std::vector<Router*> both_;
  std::optional<Datagrams> at_a_;
  std::optional<Datagrams> at_b_;
  std::optional<Datagrams> talk_;
  std::optional<Onlooker> onlooker_;
  int said_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Family, LanFabricTest, testing::Values(net::Family::V4, net::Family::V6),
                         [](const auto& family) {
                           return family.param == net::Family::V4 ? "V4" : "V6";
                         });

TEST_P(LanFabricTest, NeighboursFollowEachMoveAtOnce) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(outcome_of_move(*a_, both_), FabricOutcome::Here);
    EXPECT_EQ(served_by(), "a");
    EXPECT_TRUE(answers(*at_a_));
    b_->move();
    EXPECT_EQ(served_by(), "b");
    EXPECT_TRUE(answers(*at_b_));
    a_->withdraw();
    EXPECT_EQ(served_by(), "b");
    b_->withdraw();
  }
}

TEST_P(LanFabricTest, AWithdrawnAddressIsServedToWhoeverStillSendsAndAnsweredForToNobody) {
  host_a_->in([] { run("ip link add behind type veth && ip address add 10.8.0.1/24 dev behind"); });
  EXPECT_EQ(outcome_of_move(*a_, {a_.get()}), FabricOutcome::Here);
  EXPECT_EQ(served_by(), "a");
  EXPECT_THAT(who_has_it(host_a_->own(GetParam())),
              Contains(Claim{.ip = moving(), .mac = host_a_->mac()}));

  a_->withdraw();
  EXPECT_EQ(served_by(), "a");
  EXPECT_TRUE(answers(*at_a_));
  EXPECT_THAT(who_has_it(host_a_->own(GetParam())), IsEmpty());
  if (GetParam() == net::Family::V4) {
    // The host's other addresses are answered for as before, on whatever device they are.
    EXPECT_THAT(who_has_it(kBehind), IsEmpty());
  }
}

TEST_P(LanFabricTest, AWithdrawnAddressIsNotAnsweredForWithRouteLocalnetEither) {
  host_a_->in([] { run("sysctl -qw net.ipv4.conf.all.route_localnet=1"); });
  EXPECT_EQ(outcome_of_move(*a_, {a_.get()}), FabricOutcome::Here);
  a_->withdraw();
  EXPECT_THAT(who_has_it(host_a_->own(GetParam())), IsEmpty());
}

TEST_P(LanFabricTest, ACheckMendsWhatKeepsAWithdrawnAddressQuiet) {
  EXPECT_EQ(outcome_of_move(*a_, {a_.get()}), FabricOutcome::Here);
  a_->withdraw();
  host_a_->in(
      [] { run("sysctl -qw net.ipv4.conf.lan.arp_ignore=0 net.ipv4.conf.lan.arp_announce=0"); });
  EXPECT_EQ(outcome_of_check(*a_, {a_.get()}), FabricOutcome::Here);
  EXPECT_THAT(who_has_it(host_a_->own(GetParam())), IsEmpty());
}

TEST_P(LanFabricTest, ARouterThatAnswersFromAWithdrawnAddressClaimsItNotByTheWay) {
  EXPECT_EQ(outcome_of_move(*a_, both_), FabricOutcome::Here);
  EXPECT_EQ(served_by(), "a");
  a_->withdraw();
  EXPECT_EQ(outcome_of_move(*b_, both_), FabricOutcome::Here);
  EXPECT_EQ(served_by(), "b");
  onlooker_->claims();
  host_a_->in([] { run("ip neigh flush dev lan"); });
  EXPECT_TRUE(answers(*at_a_));  // for which it had to ask who the talker is
  EXPECT_THAT(onlooker_->claims(), Not(Contains(Claim{.ip = moving(), .mac = host_a_->mac()})));
  EXPECT_EQ(served_by(), "b");
}

TEST_P(LanFabricTest, AWithdrawnAddressIsElsewhereOnceSomebodyElseHasIt) {
  EXPECT_EQ(outcome_of_move(*a_, both_), FabricOutcome::Here);
  a_->withdraw();
  EXPECT_EQ(outcome_of_check(*a_, both_), FabricOutcome::Here);
  EXPECT_EQ(outcome_of_move(*b_, both_), FabricOutcome::Here);
  EXPECT_EQ(outcome_of_check(*a_, both_), FabricOutcome::Elsewhere);
  EXPECT_EQ(outcome_of_check(*b_, both_), FabricOutcome::Here);
}

TEST_P(LanFabricTest, OfTwoThatMoveAtOnceBothLearnWhoWon) {
  const auto first = a_->move();
  const auto second = b_->move();
  run_until(both_, [&] { return a_->answer_to(first) && b_->answer_to(second); });
  EXPECT_EQ(std::get<ha::FabricAnswer>(a_->answer_to(first)->what).outcome,
            FabricOutcome::Elsewhere);
  EXPECT_EQ(std::get<ha::FabricAnswer>(b_->answer_to(second)->what).outcome, FabricOutcome::Here);
  EXPECT_EQ(served_by(), "b");
  EXPECT_EQ(outcome_of_check(*a_, both_), FabricOutcome::Elsewhere);
  // The loser answers for it still, so it is not the winner's alone until he withdraws.
  EXPECT_EQ(outcome_of_check(*b_, both_), FabricOutcome::Elsewhere);
  a_->withdraw();
  EXPECT_EQ(outcome_of_move(*b_, both_), FabricOutcome::Here);
  EXPECT_EQ(outcome_of_check(*b_, both_), FabricOutcome::Here);
}

TEST_P(LanFabricTest, ALateMoveOfAPausedRouterIsSeenAndTakenBack) {
  EXPECT_EQ(outcome_of_move(*b_, both_), FabricOutcome::Here);
  EXPECT_EQ(served_by(), "b");
  a_->move();
  EXPECT_EQ(served_by(), "a");
  const auto check = b_->check();
  run_until({b_.get()}, [&] { return b_->answer_to(check).has_value(); });
  EXPECT_EQ(std::get<ha::FabricAnswer>(b_->answer_to(check)->what).outcome,
            FabricOutcome::Elsewhere);
  EXPECT_THAT(b_->answer_to(check)->why, HasSubstr("02:00:00:00:00:01 says on lan that it has "));
  b_->move();
  EXPECT_EQ(served_by(), "b");
  EXPECT_EQ(outcome_of_check(*a_, both_), FabricOutcome::Elsewhere);
}

TEST_P(LanFabricTest, ARouterThatWakesUpInItsMoveAnnouncesNoMore) {
  const auto move = a_->move();
  b_->move();
  const auto arrived = [&] { return b_->arrived(); };
  run_until({b_.get()}, arrived);
  run_until({a_.get()}, [&] { return a_->answer_to(move).has_value(); });
  EXPECT_EQ(std::get<ha::FabricAnswer>(a_->answer_to(move)->what).outcome,
            FabricOutcome::Elsewhere);
  EXPECT_EQ(a_->wake, std::nullopt);
  EXPECT_EQ(served_by(), "b");
}

TEST_P(LanFabricTest, APacketForTheAddressIsEvidenceBeforeTheClockIs) {
  EXPECT_EQ(outcome_of_move(*b_, both_), FabricOutcome::Here);
  EXPECT_EQ(served_by(), "b");
  const auto listening = a_->fds.size();
  a_->move();
  EXPECT_EQ(a_->fds.size(), listening + 2);
  EXPECT_FALSE(a_->arrived());
  EXPECT_EQ(served_by(), "a");
  const auto before = *a_->wake - std::chrono::milliseconds(1);
  a_->ready(before);
  EXPECT_TRUE(a_->arrived());
  EXPECT_EQ(a_->fds.size(), listening);  // and no packet wakes it any more
}

TEST_P(LanFabricTest, AStrangersClaimIsReportedAndNothingElse) {
  EXPECT_EQ(outcome_of_move(*a_, {a_.get()}), FabricOutcome::Here);
  run_until({a_.get()}, [&] { return !a_->wake; });
  onlooker_->claims();
  onlooker_->send(moving().is_v4()
                      ? ha::arp::arp_announcement(talker_->mac(), moving(), ha::arp::Form::Reply)
                      : ha::arp::neighbor_advertisement(talker_->mac(), moving()));
  EXPECT_EQ(outcome_of_check(*a_, {a_.get()}), FabricOutcome::Elsewhere);
  EXPECT_EQ(a_->wake, std::nullopt);
  EXPECT_THAT(onlooker_->claims(), IsEmpty());
}

TEST_P(LanFabricTest, AStandbyAsksAndDisturbsNobody) {
  EXPECT_EQ(outcome_of_move(*a_, {a_.get()}), FabricOutcome::Here);
  EXPECT_EQ(served_by(), "a");
  EXPECT_EQ(outcome_of_check(*b_, {b_.get()}), FabricOutcome::Elsewhere);
  EXPECT_EQ(outcome_of_check(*a_, both_), FabricOutcome::Here);
  EXPECT_EQ(served_by(), "a");
}

TEST_P(LanFabricTest, ACheckBringsNobodyToAnotherRouterThatAnswers) {
  EXPECT_EQ(outcome_of_move(*a_, {a_.get()}), FabricOutcome::Here);
  EXPECT_EQ(served_by(), "a");  // or else the talker asks later, and both answer
  EXPECT_EQ(outcome_of_move(*b_, {b_.get()}), FabricOutcome::Here);
  EXPECT_EQ(served_by(), "b");
  EXPECT_EQ(outcome_of_check(*b_, {b_.get()}), FabricOutcome::Elsewhere);  // A answered
  EXPECT_EQ(served_by(), "b");
}

TEST_P(LanFabricTest, AFrameOfItsOwnThatTheLanReturnsIsNobodyElses) {
  EXPECT_EQ(outcome_of_move(*a_, {a_.get()}), FabricOutcome::Here);
  onlooker_->send(moving().is_v4()
                      ? ha::arp::arp_announcement(host_a_->mac(), moving(), ha::arp::Form::Request)
                      : ha::arp::neighbor_advertisement(host_a_->mac(), moving()));
  EXPECT_EQ(outcome_of_check(*a_, {a_.get()}), FabricOutcome::Here);
}

TEST_P(LanFabricTest, WhereTheInterfaceCannotBeUsedAMoveAndACheckAreRefused) {
  const auto refused = [&](std::uint64_t request, const char* why) {
    run_until({a_.get()}, [&] { return a_->answer_to(request).has_value(); });
    const auto report = *a_->answer_to(request);
    EXPECT_EQ(std::get<ha::FabricAnswer>(report.what).outcome, FabricOutcome::Refused);
    EXPECT_GT(std::get<ha::FabricAnswer>(report.what).retry_after, ha::Duration{0});
    EXPECT_THAT(report.why, HasSubstr(why));
  };
  EXPECT_EQ(outcome_of_move(*a_, {a_.get()}), FabricOutcome::Here);
  host_a_->in([] { run("ip link set lan down"); });
  refused(a_->check(), "lan is down");
  refused(a_->move(), "lan is down");
  host_a_->in([] { run("ip link set lan up"); });
  run("ip link set to-a down");
  refused(a_->check(), "no carrier");
  run("ip link set to-a up");
  EXPECT_EQ(outcome_of_move(*a_, {a_.get()}), FabricOutcome::Here);
  EXPECT_EQ(served_by(), "a");
  host_a_->in([] { run("ip link delete lan"); });
  refused(a_->check(), "lan");
  refused(a_->move(), "lan");
  a_->withdraw();
}

TEST_P(LanFabricTest, AnAddressThatTheHostHasOfItsOwnIsRefusedAndStays) {
  host_a_->in([&] {
    run(fmt::format("ip address add {} dev lan {}", net::Prefix::host(moving()).to_text(),
                    moving().is_v4() ? "" : "nodad"));
  });
  const auto move = a_->move();
  run_until({a_.get()}, [&] { return a_->answer_to(move).has_value(); });
  EXPECT_THAT(a_->answer_to(move)->why, HasSubstr("not by Causeway"));
  // The IPv4 address comes first, so of a move that fails at the other one it has happened.
  EXPECT_EQ(std::get<ha::FabricAnswer>(a_->answer_to(move)->what).outcome,
            moving().is_v4() ? FabricOutcome::Refused : FabricOutcome::Unknown);
  a_->withdraw();
  EXPECT_EQ(served_by(), "a");
}

TEST_P(LanFabricTest, ANewProcessAdoptsWhatItFinds) {
  EXPECT_EQ(outcome_of_move(*a_, {a_.get()}), FabricOutcome::Here);
  a_->start();
  EXPECT_EQ(served_by(), "a");
  EXPECT_EQ(outcome_of_check(*a_, {a_.get()}), FabricOutcome::Here);
  a_->withdraw();
  a_->start();
  EXPECT_EQ(served_by(), "a");
  EXPECT_THAT(who_has_it(host_a_->own(GetParam())), IsEmpty());
  ASSERT_TRUE(a_->wake);
  a_->pass(*a_->wake);  // kLinger later
  EXPECT_THAT(host_a_->in([] { return run("ip address show"); }), Not(HasSubstr("::100/128")));
  EXPECT_THAT(host_a_->in([] { return run("ip address show"); }), Not(HasSubstr("0.100/32")));
}

TEST_P(LanFabricTest, AsManyAddressesAsThereMayBeAreWatched) {
  for (std::uint32_t i = 1; i < ha::arp::kMostAddresses / 2; ++i) {
    a_->config.gateways.push_back(
        {.name = fmt::format("gw{}", i),
         .addresses = {kV4.with_low32(0x0a0a0000U + i), kV6.with_low32(0x1000U + i)}});
  }
  a_->start();
  EXPECT_EQ(outcome_of_move(*a_, {a_.get()}), FabricOutcome::Here);
  a_->config.gateways.push_back({.name = "more", .addresses = {kBehind}});
  host_a_->in([&] {
    const auto opened = ha::arp::LanFabric::open(a_->config, *a_, {}, lan_now());
    EXPECT_EQ(opened.error().kind, ErrorKind::Exhausted);
  });
}

TEST_P(LanFabricTest, TheAddressOfAGatewayThatIsGoneGoesWithIt) {
  EXPECT_EQ(outcome_of_move(*a_, {a_.get()}), FabricOutcome::Here);
  a_->config.gateways.clear();
  a_->start();
  EXPECT_THAT(host_a_->in([] { return run("ip address show"); }), Not(HasSubstr("::100/128")));
  EXPECT_THAT(host_a_->in([] { return run("ip address show"); }), Not(HasSubstr("0.100/32")));
}

}  // namespace
}  // namespace cw::kernel
