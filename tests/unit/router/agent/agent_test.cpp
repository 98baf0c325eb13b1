// SPDX-License-Identifier: Apache-2.0
#include "router/agent/agent.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "cli/http_client.h"
#include "network/load/directory_reader.h"
#include "network/netmap_json.h"
#include "tests/unit/router/agent/agent_on_a_model.h"

namespace cw::agent {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST_F(AgentOnAModel, StartsAndTellsItsStatus) {
  start();
  const auto now = status();
  EXPECT_EQ(now.phase, api::Phase::Running);
  ASSERT_TRUE(now.network);
  EXPECT_EQ(now.network->peers, 10U);
  EXPECT_THAT(now.gateways, SizeIs(1));
  EXPECT_THAT(now.peers, SizeIs(10));
}

TEST_F(AgentOnAModel, TellsWhatTheTranslatorCounts) {
  start();
  kernel_.translated.at("cw-prod").from_tunnel[0] = 12;
  const auto via6 = status().gateways.at(0).via6;
  ASSERT_TRUE(via6 && via6->counted);
  EXPECT_EQ(via6->packets.at(0).from_peers, 12U);
}

TEST_F(AgentOnAModel, TellsHowManyPacketsWereRefused) {
  start();
  kernel_.nft.count("refused", 7);
  EXPECT_EQ(status().refused_packets, 7U);
}

TEST_F(AgentOnAModel, ASecondStartWritesNothing) {
  start();
  const int writes = kernel_.writes;
  stop();
  start();
  EXPECT_EQ(status().phase, api::Phase::Running);
  EXPECT_EQ(kernel_.writes, writes);
}

TEST_F(AgentOnAModel, StoppingLeavesTheDataPath) {
  start();
  const int writes = kernel_.writes;
  stop();
  EXPECT_EQ(kernel_.writes, writes);
  EXPECT_EQ(peers(), 10U);
}

TEST_F(AgentOnAModel, WhatSomebodyElseRemovesComesBackWithinASecond) {
  start();
  kernel_.nft.flush();
  const auto before = std::chrono::steady_clock::now();
  watch_.announce({.any = true, .firewall = true, .what = "nft table causeway"});
  EXPECT_TRUE(run_until([&] { return kernel_.nft.read(firewall::Depth::Digest, {})->present; }));
  EXPECT_LT(std::chrono::steady_clock::now() - before, 1s);
}

TEST_F(AgentOnAModel, AnEditedTableIsReadWholeAndMended) {
  start();
  kernel_.nft.edit_structure();
  const int commits = kernel_.nft.commits;
  watch_.announce({.any = true, .firewall = true, .what = "nft table causeway"});
  EXPECT_TRUE(run_until([&] { return kernel_.nft.commits > commits; }));
  EXPECT_FALSE(kernel_.nft.read(firewall::Depth::Full, {})->edited);
}

TEST_F(AgentOnAModel, OnAKernelWithoutFlowtablesAllElseIsThereAndItSaysSo) {
  flowtable_ = true;
  kernel_.nft.has_flowtables = false;
  start();
  const auto no_fast_path =
      ::testing::Field(&api::Problem::text, HasSubstr("connections over eth0 take no fast path"));
  EXPECT_EQ(status().phase, api::Phase::Running);
  EXPECT_THAT(status().problems, Contains(no_fast_path).Times(1));
  EXPECT_EQ(kernel_.nft.checks, 1);
  EXPECT_EQ(journal_.count(Event::Trouble), 1U);
  kernel_.nft.has_flowtables = true;
  EXPECT_TRUE(ask([this] { return client_.reload(); }));
  EXPECT_THAT(status().problems, Not(Contains(no_fast_path)));
}

TEST_F(AgentOnAModel, AStepThatFailsIsTriedAgainByItself) {
  bool absent = true;
  kernel_.before_write = [&absent](const std::string& what) -> Result<> {
    if (absent && what == "create cw-prod") {
      return Error::make(ErrorKind::Unsupported, "this kernel has no WireGuard");
    }
    return {};
  };
  start();
  const auto now = status();
  EXPECT_EQ(now.phase, api::Phase::Retrying);
  EXPECT_THAT(now.problems,
              Contains(::testing::Field(&api::Problem::text, HasSubstr("no WireGuard"))));
  absent = false;
  EXPECT_TRUE(run_until([&] { return agent_->status().phase == api::Phase::Running; }));
  EXPECT_EQ(journal_.count(Event::Settled), 1U);
}

TEST_F(AgentOnAModel, OnAKernelThatTakesNoTranslatorAllElseIsThereAndItSaysSoOnce) {
  kernel_.before_write = [](const std::string& what) {
    return what.starts_with("4via6")
               ? Result<>(Error::make(ErrorKind::Unsupported, "the verifier says no"))
               : Result<>();
  };
  start();
  const auto now = status();
  EXPECT_EQ(now.phase, api::Phase::Running);
  EXPECT_EQ(peers(), 10U);
  const auto says_no = ::testing::Field(&api::Problem::text, HasSubstr("the verifier says no"));
  EXPECT_THAT(now.problems, Contains(says_no).Times(1));
  EXPECT_THAT(
      journal_.entries,
      Contains(::testing::Field(&Entry::message, HasSubstr("the verifier says no"))).Times(1));
  kernel_.before_write = nullptr;
  const auto answer = ask([this] { return client_.reload(); });
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->done);
  EXPECT_FALSE(kernel_.attached("cw-prod")->from_tunnel.empty());
  EXPECT_THAT(status().problems, ::testing::Not(Contains(says_no)));
}

TEST_F(AgentOnAModel, ATranslatorThatTheKernelRefusesLeavesTheOneThatIsThere) {
  start();
  const auto before = kernel_.attached("cw-prod")->from_tunnel;
  kernel_.before_write = [](const std::string& what) {
    return what.starts_with("4via6") ? Result<>(Error::from_errno(EPERM, what)) : Result<>();
  };
  kernel_.replace_translator("cw-prod", "another version's");
  const auto answer = ask([this] { return client_.reload(); });
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->done);
  EXPECT_EQ(kernel_.attached("cw-prod")->from_tunnel, "another version's");
  EXPECT_THAT(status().problems,
              Contains(::testing::Field(&api::Problem::text, HasSubstr("no 4via6 on cw-prod"))));
  kernel_.before_write = nullptr;
  ASSERT_TRUE(ask([this] { return client_.reload(); }));
  EXPECT_EQ(kernel_.attached("cw-prod")->from_tunnel, before);
}

TEST_F(AgentOnAModel, ATranslatorThatFailsForNowIsTriedAgain) {
  int left = 1;
  kernel_.before_write = [&left](const std::string& what) {
    return what.starts_with("4via6") && left-- > 0 ? Result<>(Error::from_errno(EINVAL, what))
                                                   : Result<>();
  };
  start();
  EXPECT_TRUE(run_until([&] { return !kernel_.attached("cw-prod")->from_tunnel.empty(); }));
  EXPECT_EQ(status().phase, api::Phase::Running);
}

TEST_F(AgentOnAModel, DownRemovesItAllAndReloadBringsItBack) {
  start();
  ASSERT_TRUE(ask([this] { return client_.down(); }));
  EXPECT_EQ(status().phase, api::Phase::Down);
  EXPECT_FALSE(kernel_.nft.read(firewall::Depth::Digest, {})->present);
  ASSERT_TRUE(ask([this] { return client_.reload(); }));
  EXPECT_EQ(status().phase, api::Phase::Running);
  EXPECT_EQ(peers(), 10U);
}

TEST_F(AgentOnAModel, ThePlanOfWhatIsInForceIsEmpty) {
  start();
  const auto answer = ask([this] { return client_.plan(); });
  ASSERT_TRUE(answer);
  EXPECT_THAT(answer->steps, SizeIs(0));
}

TEST_F(AgentOnAModel, ThePlanOfACandidateNamesWhatItChangesAndChangesNothing) {
  start();
  const int writes = kernel_.writes;
  add_peer(10);
  network::DirectoryReader reader(temp_ / "network", clock_);
  ASSERT_TRUE(reader.refresh());
  const auto candidate = network::to_json(*reader.compile().netmap);
  const auto answer = ask([&, this] { return client_.plan(candidate); });
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_THAT(answer->steps, Contains(HasSubstr("p0010")));
  EXPECT_EQ(kernel_.writes, writes);
  const auto refused = ask([this] { return client_.plan("{}"); });
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("netmap"));
}

TEST_F(AgentOnAModel, AStrangerMayLookButNotChange) {
  if (::getuid() != 0) {
    GTEST_FAIL() << "needs root, to be somebody else for a moment";
  }
  start();
  ASSERT_EQ(::chmod(temp_.path().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(folder_.socket_path().c_str(), 0666), 0);
  const auto as_nobody = [this](const char* method, const char* path) {
    return ask([&, this] {
      constexpr uid_t kNobody = 65534;
      // One thread only: the system call itself, not the library's for the whole process.
      EXPECT_EQ(::syscall(SYS_setresgid, kNobody, kNobody, kNobody), 0);
      EXPECT_EQ(::syscall(SYS_setresuid, kNobody, kNobody, kNobody), 0);
      return cli::exchange(folder_.socket_path(), method, path, "");
    });
  };
  const auto looked = as_nobody("GET", "/v1/status");
  ASSERT_TRUE(looked) << looked.error().to_text();
  EXPECT_EQ(looked->status, 200U);
  const auto changed = as_nobody("POST", "/v1/down");
  ASSERT_TRUE(changed) << changed.error().to_text();
  EXPECT_EQ(changed->status, 403U);
  EXPECT_THAT(changed->body, HasSubstr("usermod"));
  EXPECT_EQ(status().phase, api::Phase::Running);
}

TEST_F(AgentOnAModel, ABodyOverTheLimitIsRefused) {
  start();
  const auto response = ask([this] {
    return cli::exchange(folder_.socket_path(), "POST", "/v1/plan",
                         std::string(api::kLargestBody + 1, 'x'));
  });
  ASSERT_TRUE(response) << response.error().to_text();
  EXPECT_EQ(response->status, 413U);
  const auto refused = api::refused_from_json(response->body);
  ASSERT_TRUE(refused) << refused.error().to_text();
  EXPECT_THAT(refused->message, HasSubstr("larger than"));
}

TEST_F(AgentOnAModel, AMetricsPortInUseIsAProblemUntilItIsFree) {
  auto taken = listen_tcp({*net::Ip::parse("127.0.0.1"), 0});
  ASSERT_TRUE(taken) << taken.error().to_text();
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ASSERT_EQ(::getsockname(taken->get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  metrics_ = net::SocketAddress{*net::Ip::parse("127.0.0.1"), ntohs(address.sin_port)};
  start();
  const auto text = ::testing::Field(&api::Problem::hint, HasSubstr("ss -tlpn"));
  EXPECT_EQ(status().phase, api::Phase::Running);
  EXPECT_THAT(status().problems, Contains(text));
  *taken = UniqueFd();
  EXPECT_TRUE(
      run_until([&] { return !::testing::Value(agent_->status().problems, Contains(text)); }));
}

TEST_F(AgentOnAModel, AWatchThatFailsIsAskedAgainLaterAndNotAtOnce) {
  start();
  watch_.break_down();
  const auto end = std::chrono::steady_clock::now() + kFirstListen / 2;
  EXPECT_TRUE(run_until([&] { return std::chrono::steady_clock::now() > end; }));
  EXPECT_LE(watch_.drained, 2);
  EXPECT_THAT(status().problems,
              Contains(::testing::Field(&api::Problem::text, HasSubstr("cannot be heard"))));
  watch_.mend();
  EXPECT_TRUE(run_until([&] {
    return !::testing::Value(
        agent_->status().problems,
        Contains(::testing::Field(&api::Problem::text, HasSubstr("cannot be heard"))));
  }));
  kernel_.nft.flush();
  watch_.announce({.any = true, .firewall = true, .what = "nft table causeway"});
  EXPECT_TRUE(run_until([&] { return kernel_.nft.read(firewall::Depth::Digest, {})->present; }));
}

TEST_F(AgentOnAModel, AnIdleAgentWakesForNothing) {
  start();
  // What start() left to do, then nothing for longer than any other timer but the audit's.
  const auto end = std::chrono::steady_clock::now() + 2 * kTidy;
  EXPECT_TRUE(run_until([&] { return std::chrono::steady_clock::now() > end; }));
  EXPECT_EQ(sd_event_run(loop_.get(), 2'500'000), 0);
}

}  // namespace
}  // namespace cw::agent
