// SPDX-License-Identifier: Apache-2.0
// What causeway-failover is told of the source: which netmap can be had from it now.
#include "router/api/assignment.h"
#include "tests/unit/router/agent/signed_network_on_a_model.h"

namespace cw::agent {
namespace {

class SignedOffers : public SignedNetwork {
 protected:
  SignedOffers() {
    failover_ = temp_ / "failover";
    signed_->siblings = failover_;
  }

  void start_with(std::uint64_t serial) {
    publish(serial);
    start();
    ASSERT_TRUE(reaches(serial));
    ASSERT_TRUE(is_offered(serial));
  }

  std::optional<std::uint64_t> offered() {
    const auto text = read_file(temp_ / "run/assignment.json", api::kLargestAssignment);
    const auto told = api::assignment_from_json(text.value_or(""));
    return told ? std::optional(told->offered) : std::nullopt;
  }

  // Long before the next audit.
  bool is_offered(std::uint64_t serial) {
    return run_until([&] { return offered() == serial; });
  }

  bool is_refused() {
    return run_until([&] { return agent_->status().refused.has_value(); });
  }

  std::string needing(const std::string& feature, std::uint64_t serial,
                      std::optional<std::chrono::seconds> confirm = std::nullopt) {
    auto body = network::to_json(compiled());
    const std::string none = "\"features\":[]";
    body.replace(body.find(none), none.size(), "\"features\":[\"" + feature + "\"]");
    return network::make_bundle(
        body,
        {.serial = serial, .network = compiled().ula, .time = clock_.wall(), .confirm = confirm},
        signing_key(1));
  }
};

TEST_F(SignedOffers, WhatThisVersionCannotServeCanBeHadAllTheSame) {
  start_with(5);
  put("net", needing("teleport", 6));
  EXPECT_TRUE(is_offered(6));
  EXPECT_EQ(serial(), 5U);
  publish(7);
  ASSERT_TRUE(reaches(7));
  EXPECT_TRUE(is_offered(7));
}

// A sibling that takes it may go back, and then nobody has a newer one.
TEST_F(SignedOffers, ATrialThatThisVersionCannotServeIsNoOffer) {
  start_with(5);
  put("net", needing("teleport", 6, std::chrono::seconds(600)));
  ASSERT_TRUE(is_refused());
  EXPECT_TRUE(is_offered(5));
}

TEST_F(SignedOffers, ASourceThatIsDownOffersNothing) {
  start_with(5);
  put("net", needing("teleport", 6));
  ASSERT_TRUE(is_offered(6));
  std::filesystem::remove(temp_ / "web/net");
  EXPECT_TRUE(is_offered(0));
  publish(5);
  EXPECT_TRUE(is_offered(5));
}

TEST_F(SignedOffers, WhatNobodyTrustedSignedIsNoOffer) {
  start_with(5);
  const auto netmap = compiled();
  put("net", test::bundle(netmap, {.serial = 6, .network = netmap.ula, .time = clock_.wall()}, 2));
  ASSERT_TRUE(is_refused());
  EXPECT_EQ(offered(), 5U);
}

TEST_F(SignedOffers, ATrialThatWasGivenUpIsNoOffer) {
  start_with(5);
  add_peer(10);
  publish(6, std::chrono::seconds(1));
  ASSERT_TRUE(reaches(6));
  ASSERT_TRUE(reaches(5));
  ASSERT_TRUE(is_refused());  // it is still there
  EXPECT_TRUE(is_offered(5));
}

}  // namespace
}  // namespace cw::agent
