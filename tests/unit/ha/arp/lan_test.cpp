// SPDX-License-Identifier: Apache-2.0
#include "ha/arp/lan.h"

#include <algorithm>
#include <iterator>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace cw::ha::arp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const auto kV4 = *net::Ip::parse("10.9.0.100");
const auto kV6 = *net::Ip::parse("fd09::100");
const auto kOther = *net::Ip::parse("10.9.0.101");
constexpr Duration kTick{1};

FabricAnswer answer(std::uint64_t request, FabricOutcome outcome) {
  return {.gateway = "a", .request = request, .outcome = outcome, .retry_after = {}};
}

class LanTest : public testing::Test {
 protected:
  LanTest() {
    Moving a;
    a.gateway = "a";
    a.addresses = {kV4, kV6};
    Moving b;
    b.gateway = "b";
    b.addresses = {kOther};
    lan_.gateways = {a, b};
  }

  std::vector<Action> tell(const Event& event) {
    auto outcome = step(lan_, event, now_);
    lan_ = std::move(outcome.lan);
    wake_ = outcome.wake;
    return std::move(outcome.actions);
  }

  std::vector<Action> wait(Duration time) {
    now_ += time;
    return tell(Waited{});
  }

  // Waits each time for as long as it wants to; all that comes until then.
  std::vector<Action> run(Duration time) {
    const auto end = now_ + time;
    std::vector<Action> all;
    while (wake_ && *wake_ <= end) {
      now_ = std::max(now_, *wake_);
      std::ranges::move(tell(Waited{}), std::back_inserter(all));
    }
    now_ = end;
    return all;
  }

  Lan lan_;
  Time now_{std::chrono::hours(1)};
  std::optional<Time> wake_;
};

const Moved kMove{.gateway = "a", .request = 7};
const Asked kCheckLoud{.gateway = "a", .request = 8, .presence = Presence::Loud};
const Asked kCheckQuiet{.gateway = "a", .request = 8, .presence = Presence::Quiet};
const Asked kCheckAbsent{.gateway = "a", .request = 8, .presence = Presence::Absent};

TEST_F(LanTest, AMoveIsAnnouncedAtOnceAndIsHereWhenNobodyContradicted) {
  EXPECT_THAT(tell(kMove), ElementsAre(Announce{.gateway = "a"}));
  EXPECT_EQ(wake_, now_ + kSettle);
  EXPECT_THAT(wait(kSettle - kTick), IsEmpty());
  EXPECT_THAT(wait(kTick),
              ElementsAre(AddressArrived{.gateway = "a"}, answer(7, FabricOutcome::Here)));
}

TEST_F(LanTest, APacketForTheAddressIsEvidenceAtOnceAndOnlyOnce) {
  tell(kMove);
  EXPECT_THAT(tell(Reached{.ip = kV6}),
              ElementsAre(AddressArrived{.gateway = "a"}, answer(7, FabricOutcome::Here)));
  EXPECT_THAT(tell(Reached{.ip = kV4}), IsEmpty());
  EXPECT_THAT(wait(kSettle), IsEmpty());
}

TEST_F(LanTest, TheAnnouncementIsRepeatedAndThenThereIsNothingToWaitFor) {
  tell(kMove);
  const auto all = run(Duration{10'000});
  EXPECT_EQ(std::ranges::count(all, Action(Announce{.gateway = "a"})), std::ssize(kAnnounceAt) - 1);
  EXPECT_EQ(wake_, std::nullopt);
}

TEST_F(LanTest, AnAnnouncementThatIsLateIsSentOnce) {
  tell(kMove);
  wait(kSettle);
  EXPECT_THAT(wait(kAnnounceAt[2] - kSettle), ElementsAre(Announce{.gateway = "a"}));
  EXPECT_EQ(wake_, now_ + (kAnnounceAt[3] - kAnnounceAt[2]));
}

TEST_F(LanTest, ARouterThatPausedAnnouncesNoMore) {
  tell(kMove);
  wait(kSettle);
  EXPECT_THAT(wait(kAnnounceAt[1] - kSettle + kPause + kTick), IsEmpty());
  EXPECT_EQ(wake_, std::nullopt);
}

TEST_F(LanTest, ARouterThatPausedConcludesNothingFromSilence) {
  tell(kMove);
  EXPECT_THAT(wait(kSettle + kPause + kTick), ElementsAre(answer(7, FabricOutcome::Unknown)));
  EXPECT_EQ(wake_, std::nullopt);
}

TEST_F(LanTest, AMoveThatSomebodyContradictsIsElsewhereAndAnnouncedNoMore) {
  tell(kMove);
  EXPECT_THAT(tell(Claimed{.ip = kV4}), ElementsAre(answer(7, FabricOutcome::Elsewhere)));
  EXPECT_THAT(run(Duration{10'000}), IsEmpty());
}

TEST_F(LanTest, AClaimOfEitherFamilyCounts) {
  tell(kMove);
  EXPECT_THAT(tell(Claimed{.ip = kV6}), ElementsAre(answer(7, FabricOutcome::Elsewhere)));
}

TEST_F(LanTest, AClaimOfAnotherGatewaysAddressIsNoContradiction) {
  tell(kMove);
  EXPECT_THAT(tell(Claimed{.ip = kOther}), IsEmpty());
  EXPECT_THAT(wait(kSettle),
              ElementsAre(AddressArrived{.gateway = "a"}, answer(7, FabricOutcome::Here)));
}

TEST_F(LanTest, AClaimLaterOnIsTheNextChecksAnswerUntilTheNextMove) {
  tell(kMove);
  run(Duration{5000});
  EXPECT_THAT(tell(Claimed{.ip = kV4}), IsEmpty());
  EXPECT_THAT(tell(kCheckLoud), ElementsAre(answer(8, FabricOutcome::Elsewhere)));
  EXPECT_THAT(tell(kCheckLoud), ElementsAre(answer(8, FabricOutcome::Elsewhere)));
  tell(kMove);
  EXPECT_THAT(tell(kCheckLoud), ElementsAre(Probe{.gateway = "a"}));
}

TEST_F(LanTest, ACheckAsksTheLanAndItsSilenceIsHere) {
  for (const auto& check : {kCheckLoud, kCheckQuiet}) {
    EXPECT_THAT(tell(check), ElementsAre(Probe{.gateway = "a"}));
    EXPECT_THAT(wait(kProbeWait - kTick), IsEmpty());
    EXPECT_THAT(wait(kTick), ElementsAre(answer(8, FabricOutcome::Here)));
  }
}

TEST_F(LanTest, ACheckThatSomebodyAnswersIsElsewhere) {
  tell(kCheckLoud);
  EXPECT_THAT(tell(Claimed{.ip = kV4}), ElementsAre(answer(8, FabricOutcome::Elsewhere)));
  EXPECT_THAT(wait(kProbeWait), IsEmpty());
}

TEST_F(LanTest, AStandbyAsksNobody) {
  EXPECT_THAT(tell(kCheckAbsent), ElementsAre(answer(8, FabricOutcome::Elsewhere)));
  EXPECT_EQ(wake_, std::nullopt);
}

TEST_F(LanTest, AWithdrawalEndsWhatWasBegunAndReleasesTheAddressLater) {
  tell(kMove);
  EXPECT_THAT(tell(Withdrawn{.gateway = "a"}), IsEmpty());
  EXPECT_EQ(wake_, now_ + kLinger);
  EXPECT_THAT(tell(Reached{.ip = kV4}), IsEmpty());
  EXPECT_THAT(wait(kLinger), ElementsAre(Release{.gateway = "a"}));
  EXPECT_EQ(wake_, std::nullopt);
}

TEST_F(LanTest, AMoveAfterAWithdrawalReleasesNothing) {
  tell(Withdrawn{.gateway = "a"});
  tell(kMove);
  EXPECT_THAT(run(2 * kLinger), testing::Not(testing::Contains(Action(Release{.gateway = "a"}))));
}

TEST_F(LanTest, WhatCannotBeSentIsUnknown) {
  tell(kMove);
  EXPECT_THAT(tell(Unsent{.gateway = "a"}), ElementsAre(answer(7, FabricOutcome::Unknown)));
  tell(kCheckLoud);
  EXPECT_THAT(tell(Unsent{.gateway = "a"}), ElementsAre(answer(8, FabricOutcome::Unknown)));
  EXPECT_EQ(wake_, std::nullopt);
}

TEST_F(LanTest, GatewaysThatItDoesNotHaveAreNobodys) {
  EXPECT_THAT(tell(Moved{.gateway = "c", .request = 1}), IsEmpty());
  EXPECT_THAT(tell(Claimed{.ip = *net::Ip::parse("10.9.0.200")}), IsEmpty());
}

// Any history: a request has at most one answer, frames are sent only when asked for or paced, a
// stranger's frames make none be sent, and a withdrawn address is never announced.
RC_GTEST_FIXTURE_PROP(LanTest, WhateverHappensTheContractHolds, ()) {
  std::uint64_t request = 0;
  std::set<std::uint64_t> answered;
  bool withdrawn = true;  // as much as never moved
  for (int i = 0; i < 60; ++i) {
    const auto what = *rc::gen::inRange(0, 7);
    bool stranger = false;
    std::vector<Action> actions;
    switch (what) {
      case 0:
        actions = tell(Moved{.gateway = "a", .request = ++request});
        withdrawn = false;
        break;
      case 1:
        actions = tell(Asked{
            .gateway = "a",
            .request = ++request,
            .presence = *rc::gen::element(Presence::Absent, Presence::Loud, Presence::Quiet)});
        break;
      case 2:
        actions = tell(Withdrawn{.gateway = "a"});
        withdrawn = true;
        break;
      case 3:
        actions = tell(Claimed{.ip = *rc::gen::element(kV4, kV6, kOther)});
        stranger = true;
        break;
      case 4:
        actions = tell(Reached{.ip = *rc::gen::element(kV4, kV6, kOther)});
        stranger = true;
        break;
      default:
        now_ += Duration{*rc::gen::inRange(0, 600)};
        actions = tell(Waited{});
        RC_ASSERT(wake_.value_or(Time::max()) > now_);
        break;
    }
    for (const auto& action : actions) {
      if (const auto* told = std::get_if<FabricAnswer>(&action)) {
        RC_ASSERT(told->request <= request);
        RC_ASSERT(answered.insert(told->request).second);
      }
      const bool announces = std::holds_alternative<Announce>(action);
      RC_ASSERT_FALSE(announces && withdrawn);
      const bool reports = std::holds_alternative<FabricAnswer>(action) ||
                           std::holds_alternative<AddressArrived>(action);
      RC_ASSERT_FALSE(stranger && !reports);
    }
  }
}

}  // namespace
}  // namespace cw::ha::arp
