// SPDX-License-Identifier: Apache-2.0
// Revocations: beside the network that is fetched, and by hand.
#include "tests/unit/router/agent/signed_network_on_a_model.h"

namespace cw::agent {
namespace {

TEST_F(SignedNetwork, WhereTheCopyIsLostNothingOlderIsTakenAndRevocationsHold) {
  publish(7);
  revoke(3, "p0003");
  start();
  ASSERT_TRUE(run_until([&] { return peers() == 9; }));
  stop();
  ASSERT_TRUE(write_file_atomically(temp_ / "state/netmap.signed", "nonsense"));
  std::filesystem::remove(temp_ / "web/net.revoked");
  publish(6);
  start();
  ASSERT_TRUE(run_until([&] { return agent_->status().refused.has_value(); }));
  EXPECT_THAT(agent_->status().refused->text, HasSubstr("older"));
  publish(7);
  ASSERT_TRUE(reaches(7));
  EXPECT_THAT(agent_->status().revoked, ElementsAre("p0003"));
  EXPECT_EQ(peers(), 9U);
}

TEST_F(SignedNetwork, ARevocationBesideItLocksOutUntilItIsAcknowledged) {
  publish(1);
  revoke(1, "p0003");
  start();
  ASSERT_TRUE(reaches(1));
  ASSERT_TRUE(run_until([&] { return peers() == 9; }));
  EXPECT_THAT(agent_->status().revoked, ElementsAre("p0003"));
  std::filesystem::remove(temp_ / "web/net.revoked");
  stop();
  start();
  EXPECT_EQ(peers(), 9U);
  publish(2);
  ASSERT_TRUE(reaches(2));
  EXPECT_EQ(peers(), 9U);
  put("net", bundle(3, {}, 1));  // knows of it, and lets the peer in all the same
  ASSERT_TRUE(reaches(3));
  EXPECT_EQ(peers(), 10U);
  EXPECT_THAT(agent_->status().revoked, IsEmpty());
}

TEST_F(SignedNetwork, ARevocationThatWasRefusedCountsOnceANetmapNamesItsSigner) {
  publish(1);
  revoke(1, "p0003", 3);
  start();
  ASSERT_TRUE(reaches(1));
  ASSERT_TRUE(run_until([&] { return journal_.count(Event::SourceTrouble) == 1; }));
  auto netmap = compiled();
  netmap.revokers = {signing_key(3).public_key()};
  put("net", test::bundle(netmap, {.serial = 2, .network = netmap.ula, .time = clock_.wall()}));
  ASSERT_TRUE(reaches(2));
  EXPECT_TRUE(run_until([&] { return peers() == 9; }));
}

TEST_F(SignedNetwork, ARevocationOnTheRouterHoldsOverARestartUntilTheNetworkSaysSo) {
  publish(1);
  start();
  ASSERT_TRUE(reaches(1));
  const auto answer = ask([this] { return client_.revoke("p0003"); });
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->done) << answer->text;
  EXPECT_EQ(peers(), 9U);
  stop();
  start();
  EXPECT_EQ(peers(), 9U);
  publish(2);
  ASSERT_TRUE(reaches(2));
  EXPECT_EQ(peers(), 9U);
  remove_peer(3);
  publish(3);
  ASSERT_TRUE(reaches(3));
  EXPECT_THAT(agent_->status().revoked, IsEmpty());
  add_peer(3);
  publish(4);
  ASSERT_TRUE(reaches(4));
  EXPECT_EQ(peers(), 10U);
}

// What was given up must not take a revocation with it.
TEST_F(SignedNetwork, ARevocationOutlivesANetmapOnTrial) {
  publish(1);
  start();
  ASSERT_TRUE(reaches(1));
  ASSERT_TRUE(ask([this] { return client_.revoke("p0003"); })->done);
  remove_peer(3);
  publish(2, std::chrono::seconds(1));
  ASSERT_TRUE(reaches(2));
  ASSERT_TRUE(reaches(1));
  EXPECT_EQ(peers(), 9U);
  EXPECT_THAT(agent_->status().revoked, ElementsAre("p0003"));
}

TEST_F(AgentOnAModel, APeerOfADirectoryIsRevokedUntilTheDirectorySaysSo) {
  start();
  ASSERT_TRUE(ask([this] { return client_.revoke("p0003"); })->done);
  EXPECT_EQ(peers(), 9U);
  EXPECT_FALSE(ask([this] { return client_.revoke("nobody"); })->done);
  stop();
  start();
  EXPECT_EQ(peers(), 9U);
  ASSERT_TRUE(ask([this] { return client_.reload(); })->done);
  EXPECT_EQ(peers(), 9U);
  remove_peer(3);
  ASSERT_TRUE(ask([this] { return client_.reload(); })->done);
  add_peer(3);
  ASSERT_TRUE(ask([this] { return client_.reload(); })->done);
  EXPECT_EQ(peers(), 10U);
}

}  // namespace
}  // namespace cw::agent
