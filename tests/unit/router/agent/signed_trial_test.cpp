// SPDX-License-Identifier: Apache-2.0
// A network that is fetched on trial: when it is given up, and for what.
#include "tests/unit/router/agent/signed_network_on_a_model.h"

namespace cw::agent {
namespace {

TEST_F(SignedNetwork, OnTrialIsGivenUpUnlessItIsConfirmed) {
  publish(1);
  start();
  ASSERT_TRUE(reaches(1));
  remove_peer(0);
  publish(2, std::chrono::seconds(2));
  ASSERT_TRUE(reaches(2));
  EXPECT_EQ(peers(), 9U);
  EXPECT_TRUE(agent_->status().signed_source->goes_back);
  ASSERT_TRUE(reaches(1));
  EXPECT_EQ(peers(), 10U);
  EXPECT_EQ(journal_.count(Event::NetworkGivenUp), 1U);
  ASSERT_TRUE(run_until([&] { return agent_->status().refused.has_value(); }));
  EXPECT_THAT(agent_->status().refused->text, HasSubstr("nobody confirmed"));
  publish(3);
  EXPECT_TRUE(reaches(3));
  EXPECT_EQ(peers(), 9U);
}

TEST_F(SignedNetwork, OnTrialThatIsOverIsNotTakenByARouterThatWasOff) {
  publish(1);
  start();
  ASSERT_TRUE(reaches(1));
  stop();
  const auto netmap = compiled();
  put("net", test::bundle(netmap, {.serial = 2,
                                   .network = netmap.ula,
                                   .time = clock_.wall() - std::chrono::hours(24),
                                   .confirm = std::chrono::seconds(600)}));
  start();
  ASSERT_TRUE(run_until([&] { return agent_->status().refused.has_value(); }));
  EXPECT_THAT(agent_->status().refused->text, HasSubstr("its trial is over"));
  EXPECT_EQ(serial(), 1U);
}

TEST_F(SignedNetwork, OnTrialWhereNothingWasBeforeItIsSaidToStay) {
  const auto says = [this] {
    return std::ranges::any_of(agent_->status().problems, [](const api::Problem& problem) {
      return problem.text.find("none to go back to") != std::string::npos;
    });
  };
  publish(1, std::chrono::seconds(600));
  start();
  ASSERT_TRUE(reaches(1));
  EXPECT_TRUE(says());
  EXPECT_FALSE(agent_->status().signed_source->goes_back);
  publish(2);
  ASSERT_TRUE(reaches(2));
  EXPECT_FALSE(says());
}

TEST_F(SignedNetwork, OnTrialIsGivenUpAlsoWhereItCouldNotBeWritten) {
  publish(1);
  start();
  ASSERT_TRUE(reaches(1));
  ASSERT_TRUE(run_until([&] { return std::filesystem::exists(temp_ / "state/netmap.signed"); }));
  std::filesystem::create_directories(temp_ / "state/netmap.before");
  publish(2, std::chrono::seconds(1));
  ASSERT_TRUE(reaches(2));
  EXPECT_TRUE(reaches(1));
}

TEST_F(SignedNetwork, OnTrialStaysWhenItIsConfirmed) {
  publish(1);
  start();
  ASSERT_TRUE(reaches(1));
  publish(2, std::chrono::seconds(3));
  ASSERT_TRUE(reaches(2));
  publish(3);
  ASSERT_TRUE(reaches(3));
  EXPECT_FALSE(agent_->status().signed_source->goes_back);
}

TEST_F(SignedNetwork, OnTrialIsGivenUpAlsoWhereTheAgentWasAwayMeanwhile) {
  publish(1);
  start();
  ASSERT_TRUE(reaches(1));
  remove_peer(0);
  publish(2, std::chrono::seconds(1));
  ASSERT_TRUE(reaches(2));
  stop();
  const auto gone = clock_.wall() + std::chrono::seconds(2);
  ASSERT_TRUE(run_until([&] { return clock_.wall() > gone; }));
  start();
  EXPECT_EQ(serial(), 1U);
  EXPECT_EQ(peers(), 10U);
  ASSERT_TRUE(run_until([&] { return agent_->status().refused.has_value(); }));
  EXPECT_EQ(serial(), 1U);
  stop();
  start();
  EXPECT_EQ(serial(), 1U);
}

}  // namespace
}  // namespace cw::agent
