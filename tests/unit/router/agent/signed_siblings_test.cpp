// SPDX-License-Identifier: Apache-2.0
// A netmap that a sibling hands over, by causeway-failover's file: judged as one that is fetched.
#include "router/api/assignment.h"
#include "router/api/sibling_files.h"
#include "tests/unit/router/agent/signed_network_on_a_model.h"

namespace cw::agent {
namespace {

class SignedSiblings : public SignedNetwork {
 protected:
  SignedSiblings() {
    signed_->siblings = temp_ / "failover";
    signed_->interval = std::chrono::hours(1);
    std::filesystem::create_directory(*signed_->siblings);
  }

  void hand_over(const std::string& text) {
    ASSERT_TRUE(write_file_atomically(temp_ / "failover/netmap.offered", text));
  }

  void want(std::uint64_t serial) {
    ASSERT_TRUE(write_file_atomically(temp_ / "failover/netmap.wanted", api::wanted_text(serial)));
  }

  // Revokes a peer by a list that no source has.
  std::string list(std::uint64_t serial, const std::string& peer, std::uint8_t key = 1) {
    revoke(serial, peer, key);
    const auto text = read_file(temp_ / "web/net.revoked", network::kLargestRevocations);
    std::filesystem::remove(temp_ / "web/net.revoked");
    return text.value_or("");
  }

  void hand_over_list(const std::string& text) {
    ASSERT_TRUE(write_file_atomically(temp_ / "failover/revoked.offered", text));
  }

  bool is_said(const std::string& words) {
    return std::ranges::any_of(agent_->status().problems, [&](const api::Problem& problem) {
      return problem.text.find(words) != std::string::npos;
    });
  }

  // The source goes: what is fetched then is an error.
  void cut_off() { std::filesystem::remove(temp_ / "web/net"); }

  void start_with(std::uint64_t serial) {
    publish(serial);
    start();
    ASSERT_TRUE(reaches(serial));
  }

  // Handed over, and it changes nothing but what is said of it.
  void expect_refused(const std::string& offer, const std::string& why) {
    start_with(5);
    const int writes = kernel_.writes;
    hand_over(offer);
    ASSERT_TRUE(run_until([&] {
      return std::ranges::any_of(agent_->status().problems, [&](const api::Problem& problem) {
        return problem.text.find(why) != std::string::npos;
      });
    }));
    EXPECT_EQ(serial(), 5U);
    EXPECT_EQ(kernel_.writes, writes);
    EXPECT_FALSE(agent_->status().refused);
    add_peer(10);
    hand_over(bundle(6));
    EXPECT_TRUE(reaches(6)) << "the next one counts";
  }
};

TEST_F(SignedSiblings, ANewerOneIsTakenWhileTheSourceIsGone) {
  start_with(5);
  cut_off();
  remove_peer(3);
  hand_over(bundle(6));
  ASSERT_TRUE(reaches(6));
  EXPECT_EQ(peers(), 9U);
  stop();
  start();
  EXPECT_EQ(serial(), 6U) << "kept as one that was fetched";
  EXPECT_EQ(peers(), 9U);
}

TEST_F(SignedSiblings, AnOlderOneIsNeverTaken) {
  const auto older = bundle(4);
  start_with(5);
  const int writes = kernel_.writes;
  hand_over(older);
  want(7);  // read after it
  cut_off();
  ASSERT_TRUE(run_until([&] { return agent_->status().signed_source->failed_fetches > 0; }));
  EXPECT_EQ(serial(), 5U);
  EXPECT_EQ(kernel_.writes, writes);
}

TEST_F(SignedSiblings, OneBySomebodyElseIsRefused) {
  const auto netmap = compiled();
  expect_refused(
      test::bundle(netmap, {.serial = 6, .network = netmap.ula, .time = clock_.wall()}, 2),
      "not trusted");
}

TEST_F(SignedSiblings, OneWithABitFlippedIsRefused) {
  auto flipped = bundle(6);
  flipped[flipped.size() - 10] = static_cast<char>(flipped[flipped.size() - 10] ^ 1);
  expect_refused(flipped, "cut off or altered");
}

TEST_F(SignedSiblings, OneOfAnotherNetworkIsRefused) {
  auto netmap = compiled();
  netmap.ula = *net::Prefix::parse("fd99:9999:9999::/48");
  netmap.via_prefix = *net::Prefix::parse("fd99:9999:9999:b1a::/64");
  expect_refused(test::bundle(netmap, {.serial = 6, .network = netmap.ula, .time = clock_.wall()}),
                 "another network");
}

TEST_F(SignedSiblings, AnyBytesAreRefused) {
  expect_refused("nothing that anybody signed\n", "handed over");
}

TEST_F(SignedSiblings, TheFolderMayComeLater) {
  std::filesystem::remove(temp_ / "failover");
  start_with(5);
  std::filesystem::create_directory(temp_ / "failover");
  add_peer(10);
  hand_over(bundle(6));
  ASSERT_TRUE(reaches(6));
  std::filesystem::remove_all(temp_ / "failover");
  (void)run_until([n = 0]() mutable { return ++n > 3; });
  std::filesystem::create_directory(temp_ / "failover");
  add_peer(11);
  hand_over(bundle(7));
  EXPECT_TRUE(reaches(7)) << "and again, as its program restarts";
}

TEST_F(SignedSiblings, WhatWasHandedOverBeforeTheStartIsTaken) {
  publish(5);
  hand_over(bundle(6));
  start();
  EXPECT_TRUE(reaches(6));
}

TEST_F(SignedSiblings, TheSourceIsAskedAtOnceForWhatSiblingsSpeakOf) {
  start_with(5);
  EXPECT_EQ(agent_->status().signed_source->fetches, 1U);
  add_peer(10);
  publish(6);
  want(6);
  ASSERT_TRUE(reaches(6));
  want(6);
  want(7);  // which nobody has
  ASSERT_TRUE(run_until([&] { return agent_->status().signed_source->fetches == 3; }));
}

// Trust in the source is not lent to siblings.
TEST_F(SignedSiblings, TheSourceIsNotHeardByASiblingsWord) {
  start_with(5);
  const auto heard = agent_->status().signed_source->heard;
  cut_off();
  const auto before = clock_.wall();
  ASSERT_TRUE(run_until([&] { return clock_.wall() - before > std::chrono::seconds(1); }));
  hand_over(bundle(6));
  ASSERT_TRUE(reaches(6));
  EXPECT_EQ(agent_->status().signed_source->heard, heard);
}

TEST_F(SignedSiblings, RevocationsCountWhileTheSourceIsGone) {
  failover_ = temp_ / "failover";
  start_with(5);
  cut_off();
  hand_over_list(list(3, "p0003"));
  ASSERT_TRUE(run_until([&] { return peers() == 9; }));
  EXPECT_THAT(agent_->status().revoked, ElementsAre("p0003"));
  const auto text = read_file(temp_ / "run/assignment.json", api::kLargestAssignment).value_or("");
  const auto told = api::assignment_from_json(text);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->revocations, 3U) << "for the next sibling";
  EXPECT_EQ(told->revoked, temp_ / "state/revoked.signed");
  stop();
  std::filesystem::remove(temp_ / "failover/revoked.offered");
  start();
  EXPECT_EQ(peers(), 9U) << "kept as they are that were fetched";
}

// They count here all the same; siblings would look for a file that is not there, again and again.
TEST_F(SignedSiblings, RevocationsThatCannotBeKeptAreOfferedToNobody) {
  failover_ = temp_ / "failover";
  start_with(5);
  std::filesystem::create_directories(temp_ / "state/revoked.signed/in the way");
  hand_over_list(list(3, "p0003"));
  ASSERT_TRUE(run_until([&] { return peers() == 9; }));
  const auto text = read_file(temp_ / "run/assignment.json", api::kLargestAssignment).value_or("");
  const auto told = api::assignment_from_json(text);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->revocations, 0U);
}

TEST_F(SignedSiblings, RevocationsThatAreOlderOrAnybodysAreNot) {
  start_with(5);
  const auto older = list(2, "p0004");
  hand_over_list(list(3, "p0003"));
  ASSERT_TRUE(run_until([&] { return peers() == 9; }));
  hand_over_list(older);
  hand_over_list(list(4, "p0005", 3));
  ASSERT_TRUE(run_until([&] { return is_said("revocations that a sibling handed over"); }));
  EXPECT_EQ(peers(), 9U);
  hand_over_list(older);
  ASSERT_TRUE(run_until([&] { return !is_said("revocations that a sibling handed over"); }));
  EXPECT_THAT(agent_->status().revoked, ElementsAre("p0003"));
}

TEST_F(SignedSiblings, OnePublishedOnTrialIsGivenUpAsWell) {
  start_with(5);
  cut_off();
  add_peer(10);
  hand_over(bundle(6, std::chrono::seconds(1)));
  ASSERT_TRUE(reaches(6));
  EXPECT_TRUE(reaches(5)) << "nobody confirmed it";
  add_peer(11);
  hand_over(bundle(6));
  hand_over(bundle(7));
  EXPECT_TRUE(reaches(7));
}

}  // namespace
}  // namespace cw::agent
