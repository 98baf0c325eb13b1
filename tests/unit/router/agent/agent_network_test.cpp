// SPDX-License-Identifier: Apache-2.0
// Which network is in force: what is taken, refused, held back and kept.
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/rfc3339.h"
#include "router/agent/settle.h"
#include "tests/unit/router/agent/agent_on_a_model.h"

namespace cw::agent {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;

class NetworkInForce : public AgentOnAModel {};

TEST_F(NetworkInForce, ANewPeerFileIsTakenAfterASilence) {
  start();
  add_peer(10);
  EXPECT_TRUE(run_until([&] { return peers() == 11; }));
}

TEST_F(NetworkInForce, ReloadTakesAtOnceWhatIsThere) {
  start();
  add_peer(10);
  const auto answer = ask([this] { return client_.reload(); });
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->done);
  EXPECT_THAT(answer->steps, Contains(HasSubstr("p0010")));
  EXPECT_EQ(peers(), 11U);
}

// The kernel announces no writing by another name; a network file system announces less.
TEST_F(NetworkInForce, ReloadTakesAlsoWhatNobodyAnnounced) {
  std::filesystem::create_hard_link(temp_ / "network/peers/p0003.toml", temp_ / "other.toml");
  start();
  add_peer(10);
  temp_.write("other.toml", fmt::format("public_key = \"{}\"\naddress = \"100.100.0.19\"\n",
                                        test::public_key(2003).to_text()));
  const auto answer = ask([this] { return client_.reload(); });
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->done);
  EXPECT_THAT(answer->steps, Contains(HasSubstr("p0010")));
  EXPECT_THAT(answer->steps, Contains(HasSubstr("p0003")));
  EXPECT_EQ(status().network->peers, 11U);
}

TEST_F(NetworkInForce, ABadNetworkIsRefusedAndTheOldOneStays) {
  start();
  const int writes = kernel_.writes;
  temp_.write("network/peers/p0003.toml", "public_key = 3\n");
  const auto answer = ask([this] { return client_.reload(); });
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_FALSE(answer->done);
  EXPECT_THAT(answer->diagnostics, HasSubstr("p0003.toml"));
  const auto now = status();
  ASSERT_TRUE(now.refused);
  EXPECT_EQ(now.refused->reason, api::RefusalReason::Invalid);
  EXPECT_EQ(now.phase, api::Phase::Running);
  EXPECT_EQ(kernel_.writes, writes);
  add_peer(3);
  EXPECT_TRUE(run_until([&] { return !agent_->status().refused; }));
}

TEST_F(NetworkInForce, AChangeThatRemovesManyPeersIsHeldBackUntilReload) {
  start();
  for (unsigned i = 0; i < 4; ++i) {
    remove_peer(i);
  }
  EXPECT_TRUE(run_until([&] { return journal_.count(Event::NetworkHeldBack) > 0; }));
  EXPECT_EQ(peers(), 10U);
  const auto now = status();
  ASSERT_TRUE(now.refused);
  EXPECT_EQ(now.refused->reason, api::RefusalReason::HeldBack);
  ASSERT_TRUE(ask([this] { return client_.reload(); }));
  EXPECT_EQ(peers(), 6U);
  EXPECT_FALSE(status().refused);
}

TEST_F(NetworkInForce, AGatewayThatThisRouterServesNoMoreIsHeldBack) {
  start();
  auto site = *read_file(temp_ / "network/sites/prod.toml", 4096);
  site.replace(site.find("routers = [\"r1\"]"), std::strlen("routers = [\"r1\"]"),
               "routers = [\"r2\"]\n[[router]]\nname = \"r2\"");
  temp_.write("network/sites/prod.toml", site);
  EXPECT_TRUE(run_until([&] { return journal_.count(Event::NetworkHeldBack) > 0; }));
  EXPECT_EQ(peers(), 10U);
}

TEST_F(NetworkInForce, WhoExpiredWhileNoAgentRanIsNoReasonToHoldBack) {
  start();
  stop();
  for (unsigned i = 0; i < 4; ++i) {
    temp_.write(fmt::format("network/peers/p{:04}.toml", i),
                fmt::format("public_key = \"{}\"\naddress = \"100.100.0.{}\"\nuser = \"u\"\n"
                            "expires = 2020-01-01T00:00:00Z\n",
                            test::public_key(1000 + i).to_text(), 16 + i));
  }
  forget_what_was_kept();
  start();
  EXPECT_EQ(status().phase, api::Phase::Running);
  EXPECT_EQ(peers(), 6U);
}

TEST_F(NetworkInForce, WhatWasHeldBackStaysHeldBackOverARestart) {
  start();
  stop();
  for (unsigned i = 0; i < 4; ++i) {
    remove_peer(i);
  }
  start();
  EXPECT_EQ(status().phase, api::Phase::Running);
  EXPECT_THAT(status().problems,
              Contains(::testing::Field(&api::Problem::hint, HasSubstr("causeway reload"))));
  EXPECT_EQ(peers(), 10U);
  remove_peer(4);  // a change is nobody's word either
  EXPECT_TRUE(run_until([&] { return journal_.count(Event::NetworkHeldBack) > 1; }));
  EXPECT_EQ(peers(), 10U);
  ASSERT_TRUE(ask([this] { return client_.reload(); }));
  EXPECT_EQ(peers(), 5U);
}

TEST_F(NetworkInForce, WhatWasHeldBackStaysSoAlsoWhereNoNetworkWasKept) {
  start();
  stop();
  forget_what_was_kept();
  for (unsigned i = 0; i < 4; ++i) {
    remove_peer(i);
  }
  start();
  EXPECT_EQ(status().phase, api::Phase::Waiting);
  EXPECT_EQ(peers(), 10U);
}

TEST_F(NetworkInForce, ABadNetworkAtStartLeavesTheDataPathAndIsTriedAgain) {
  start();
  stop();
  forget_what_was_kept();
  const int writes = kernel_.writes;
  temp_.write("network/network.toml", "[[[[");
  start();
  EXPECT_EQ(status().phase, api::Phase::Waiting);
  EXPECT_EQ(kernel_.writes, writes);
  temp_.write("network/network.toml",
              "name = \"acme\"\npool = \"100.100.0.0/16\"\nula = \"fd12:3456:789a::/48\"\n");
  EXPECT_TRUE(run_until([&] { return agent_->status().phase == api::Phase::Running; }));
  EXPECT_EQ(kernel_.writes, writes);
}

TEST_F(NetworkInForce, WithABadNetworkAtStartTheKeptOneIsRepaired) {
  start();
  stop();
  temp_.write("network/network.toml", "[[[[");
  const int writes = kernel_.writes;
  start();
  EXPECT_EQ(kernel_.writes, writes);
  const auto now = status();
  EXPECT_EQ(now.phase, api::Phase::Running);
  EXPECT_THAT(now.problems, Contains(::testing::Field(&api::Problem::text,
                                                      HasSubstr("running on the network of 20"))));
  EXPECT_THAT(journal_.entries,
              Contains(::testing::Field(&Entry::message, HasSubstr("running on the network of"))));
  kernel_.nft.flush();
  watch_.announce({.any = true, .firewall = true, .what = "nft table causeway"});
  EXPECT_TRUE(run_until([&] { return kernel_.nft.read(firewall::Depth::Digest, {})->present; }));
  temp_.write("network/network.toml",
              "name = \"acme\"\npool = \"100.100.0.0/16\"\nula = \"fd12:3456:789a::/48\"\n");
  EXPECT_TRUE(run_until([&] { return !agent_->status().refused; }));
  EXPECT_THAT(status().problems,
              Not(Contains(::testing::Field(&api::Problem::text, HasSubstr("running on")))));
}

TEST_F(NetworkInForce, AKeptNetworkComesUpOnAnEmptyKernelAndPeersExpireInIt) {
  temp_.write("network/peers/p0009.toml",
              fmt::format("public_key = \"{}\"\naddress = \"100.100.0.25\"\nuser = \"u\"\n"
                          "expires = {}\n",
                          test::public_key(1009).to_text(), to_rfc3339(clock_.wall() + 2s)));
  start();
  stop();
  temp_.write("network/network.toml", "[[[[");
  kernel_.nft.flush();
  ASSERT_TRUE(kernel_.remove_link("cw-prod"));
  start();
  EXPECT_EQ(status().phase, api::Phase::Running);
  EXPECT_TRUE(run_until([&] { return peers() == 9; }));
}

TEST_F(NetworkInForce, ADamagedKeptNetworkIsSaidOnceAndWrittenAnew) {
  temp_.write("state/netmap.json", "{\"format\":1,");
  start();
  EXPECT_EQ(journal_.count(Event::Trouble), 1U);
  EXPECT_EQ(status().phase, api::Phase::Running);
  stop();
  EXPECT_TRUE(kept_.read()->has_value());
}

TEST_F(NetworkInForce, ANetworkThatCannotBeKeptIsAStandingProblemUntilItCan) {
  temp_.write("state", "a file in the way");
  start();
  agent_->finish();
  EXPECT_THAT(agent_->status().problems,
              Contains(::testing::Field(&api::Problem::text, HasSubstr("cannot be kept"))));
  std::filesystem::remove(temp_ / "state");
  add_peer(10);
  ASSERT_TRUE(ask([this] { return client_.reload(); }));
  agent_->finish();
  EXPECT_THAT(agent_->status().problems,
              Not(Contains(::testing::Field(&api::Problem::text, HasSubstr("cannot be kept")))));
}

TEST_F(NetworkInForce, ANetworkDirectoryThatAppearsLaterIsTaken) {
  std::filesystem::rename(temp_ / "network", temp_ / "elsewhere");
  start();
  EXPECT_THAT(status().refused->text, HasSubstr("network"));
  std::filesystem::rename(temp_ / "elsewhere", temp_ / "network");
  EXPECT_TRUE(run_until([&] { return agent_->status().phase == api::Phase::Running; }));
}

TEST_F(NetworkInForce, ADirectoryBehindASymbolicLinkMayBeExchanged) {
  std::filesystem::rename(temp_ / "network", temp_ / "one");
  std::filesystem::create_directory_symlink(temp_ / "one", temp_ / "network");
  start();
  std::filesystem::copy(temp_ / "one", temp_ / "two", std::filesystem::copy_options::recursive);
  std::filesystem::remove(temp_ / "two/peers/p0001.toml");
  std::filesystem::create_directory_symlink(temp_ / "two", temp_ / "next");
  std::filesystem::rename(temp_ / "next", temp_ / "network");
  EXPECT_TRUE(run_until([&] { return peers() == 9; }));
}

TEST_F(NetworkInForce, AChangedFileDoesNotBringItUpAfterDown) {
  start();
  ASSERT_TRUE(ask([this] { return client_.down(); }));
  add_peer(11);
  // Longer than the silence and both readings take.
  const auto end = std::chrono::steady_clock::now() + 2 * kSilence;
  EXPECT_TRUE(run_until([&] { return std::chrono::steady_clock::now() > end; }));
  EXPECT_EQ(status().phase, api::Phase::Down);
}

TEST_F(NetworkInForce, WhatAnEditorWritesBesideAPeerPostponesNothing) {
  start();
  add_peer(10);
  const auto before = std::chrono::steady_clock::now();
  EXPECT_TRUE(run_until([&] {
    temp_.write("network/peers/.p0010.toml.swp", "half");
    temp_.write("network/peers/notes.txt", "words");
    return peers() == 11;
  }));
  EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
}

}  // namespace
}  // namespace cw::agent
