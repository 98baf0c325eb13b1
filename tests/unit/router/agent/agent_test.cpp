// SPDX-License-Identifier: Apache-2.0
// The agent's loop, its sources and its socket, on the model kernel: no root, no network.
#include "router/agent/agent.h"

#include <cstring>
#include <future>

#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/file.h"
#include "base/rfc3339.h"
#include "cli/agent_client.h"
#include "cli/http_client.h"
#include "network/netmap_json.h"
#include "router/agent/http_server.h"
#include "router/api/json.h"
#include "tests/support/model_kernel.h"
#include "tests/support/networks.h"
#include "tests/unit/router/agent/temp_folder.h"

namespace cw::agent {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// Far over what anything here takes; a test that needs it has failed.
constexpr auto kPatience = 20s;

class FakeWatch final : public KernelWatch {
 public:
  FakeWatch() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

  [[nodiscard]] std::vector<int> descriptors() const override { return {fd_.get()}; }

  Disturbance drain() override {
    ++drained;
    if (broken_) {  // and stays readable
      return {.any = true, .firewall = true, .what = {}, .broken = Error::invalid("no socket")};
    }
    eventfd_t count = 0;
    (void)::eventfd_read(fd_.get(), &count);
    return std::exchange(pending_, {});
  }

  void announce(Disturbance disturbance) {
    pending_ = std::move(disturbance);
    (void)::eventfd_write(fd_.get(), 1);
  }

  void break_down() {
    broken_ = true;
    (void)::eventfd_write(fd_.get(), 1);
  }

  void mend() { broken_ = false; }

  int drained = 0;

 private:
  UniqueFd fd_;
  Disturbance pending_;
  bool broken_ = false;
};

struct Entry {
  Event event;
  std::string message;
};

class RecordingJournal final : public Journal {
 public:
  void write(Level /*level*/, Event event, std::string_view message,
             const std::vector<agent::Field>& /*fields*/) override {
    entries.push_back({event, std::string(message)});
  }

  [[nodiscard]] std::size_t count(Event event) const {
    return static_cast<std::size_t>(
        std::ranges::count(entries, event, [](const Entry& entry) { return entry.event; }));
  }

  std::vector<Entry> entries;
};

class AgentOnAModel : public ::testing::Test {
 protected:
  AgentOnAModel() {
    temp_.write("network/network.toml",
                "name = \"acme\"\npool = \"100.100.0.0/16\"\nula = \"fd12:3456:789a::/48\"\n");
    temp_.write("network/sites/prod.toml",
                fmt::format("id = 1\nroutes = [\"10.0.0.0/16\"]\n[[router]]\nname = \"r1\"\n"
                            "[[gateway]]\nname = \"prod\"\npublic_key = \"{}\"\n"
                            "endpoint = \"vpn.example.com:51820\"\naddress = \"100.100.0.1\"\n"
                            "routers = [\"r1\"]\n",
                            test::public_key(1).to_text()));
    for (unsigned i = 0; i < 10; ++i) {
      add_peer(i);
    }
  }

  void add_peer(unsigned number) {
    temp_.write(fmt::format("network/peers/p{:04}.toml", number),
                fmt::format("public_key = \"{}\"\naddress = \"100.100.0.{}\"\nuser = \"u\"\n",
                            test::public_key(1000 + number).to_text(), 16 + number));
  }

  void remove_peer(unsigned number) {
    std::filesystem::remove(temp_ / fmt::format("network/peers/p{:04}.toml", number));
  }

  void start() {
    agent::Setup setup;
    setup.host = test::snapshot(1, 0).host;
    setup.config_path = temp_ / "router.toml";
    setup.metrics_listen = metrics_;
    auto agent = Agent::create(std::move(setup), {.loop = loop_,
                                                  .clock = clock_,
                                                  .journal = journal_,
                                                  .sinks = kernel_.sinks(),
                                                  .keys = keys_,
                                                  .folder = folder_,
                                                  .kept = kept_,
                                                  .network = source_,
                                                  .watch = watch_});
    ASSERT_TRUE(agent) << agent.error().to_text();
    agent_ = std::move(*agent);
    auto server = HttpServer::create(
        loop_, *folder_.listen(), "control", {.body = api::kLargestBody},
        [this](const Request& request) { return answer(request, std::nullopt, *agent_); });
    ASSERT_TRUE(server) << server.error().to_text();
    server_ = std::move(*server);
    agent_->start();
  }

  void stop() {
    server_.reset();
    agent_->finish();
    agent_.reset();
  }

  // As a new process would: it knows nothing of the directory.
  void start_anew() {
    NetworkSource fresh(temp_ / "network", clock_);
    source_ = std::move(fresh);
    start();
  }

  void forget_what_was_kept() { std::filesystem::remove_all(temp_ / "state"); }

  template <class Done>
  bool run_until(Done done) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) {
        return false;
      }
      EXPECT_GE(sd_event_run(loop_.get(), 20'000), 0);
    }
    return true;
  }

  // Asks from another thread, as another process would, while the loop turns.
  template <class Ask>
  auto ask(Ask ask) {
    auto answer = std::async(std::launch::async, ask);
    EXPECT_TRUE(run_until([&] { return answer.wait_for(0s) == std::future_status::ready; }));
    return answer.get();
  }

  api::Status status() {
    const auto status = ask([this] { return client_.status(); });
    EXPECT_TRUE(status) << status.error().message;
    return status.value_or(api::Status{});
  }

  std::size_t peers() { return kernel_.wireguard("cw-prod").peers.size(); }

  TempFolder temp_;
  SystemClock clock_;
  test::ModelKernel kernel_;
  router::KeyRing keys_ = test::key_ring();
  RuntimeFolder folder_ = *RuntimeFolder::claim(temp_ / "run");
  KeptNetwork kept_{temp_ / "state"};
  NetworkSource source_{temp_ / "network", clock_};
  FakeWatch watch_;
  RecordingJournal journal_;
  std::optional<net::SocketAddress> metrics_;
  Loop loop_ = *Loop::create();
  cli::AgentClient client_{folder_.socket_path()};
  std::unique_ptr<Agent> agent_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(AgentOnAModel, StartsAndTellsItsStatus) {
  start();
  const auto now = status();
  EXPECT_EQ(now.phase, api::Phase::Running);
  ASSERT_TRUE(now.network);
  EXPECT_EQ(now.network->peers, 10U);
  EXPECT_THAT(now.gateways, SizeIs(1));
  EXPECT_THAT(now.peers, SizeIs(10));
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

TEST_F(AgentOnAModel, ANewPeerFileIsTakenAfterASilence) {
  start();
  add_peer(10);
  EXPECT_TRUE(run_until([&] { return peers() == 11; }));
}

TEST_F(AgentOnAModel, ReloadTakesAtOnceWhatIsThere) {
  start();
  add_peer(10);
  const auto answer = ask([this] { return client_.reload(); });
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->done);
  EXPECT_THAT(answer->steps, Contains(HasSubstr("p0010")));
  EXPECT_EQ(peers(), 11U);
}

TEST_F(AgentOnAModel, ABadNetworkIsRefusedAndTheOldOneStays) {
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

TEST_F(AgentOnAModel, AChangeThatRemovesManyPeersIsHeldBackUntilReload) {
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

TEST_F(AgentOnAModel, AGatewayThatThisRouterServesNoMoreIsHeldBack) {
  start();
  auto site = *read_file(temp_ / "network/sites/prod.toml", 4096);
  site.replace(site.find("routers = [\"r1\"]"), std::strlen("routers = [\"r1\"]"),
               "routers = [\"r2\"]\n[[router]]\nname = \"r2\"");
  temp_.write("network/sites/prod.toml", site);
  EXPECT_TRUE(run_until([&] { return journal_.count(Event::NetworkHeldBack) > 0; }));
  EXPECT_EQ(peers(), 10U);
}

TEST_F(AgentOnAModel, WhoExpiredWhileNoAgentRanIsNoReasonToHoldBack) {
  start();
  stop();
  for (unsigned i = 0; i < 4; ++i) {
    temp_.write(fmt::format("network/peers/p{:04}.toml", i),
                fmt::format("public_key = \"{}\"\naddress = \"100.100.0.{}\"\nuser = \"u\"\n"
                            "expires = 2020-01-01T00:00:00Z\n",
                            test::public_key(1000 + i).to_text(), 16 + i));
  }
  forget_what_was_kept();
  start_anew();
  EXPECT_EQ(status().phase, api::Phase::Running);
  EXPECT_EQ(peers(), 6U);
}

TEST_F(AgentOnAModel, WhatWasHeldBackStaysHeldBackOverARestart) {
  start();
  stop();
  for (unsigned i = 0; i < 4; ++i) {
    remove_peer(i);
  }
  start_anew();
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

TEST_F(AgentOnAModel, WhatWasHeldBackStaysSoAlsoWhereNoNetworkWasKept) {
  start();
  stop();
  forget_what_was_kept();
  for (unsigned i = 0; i < 4; ++i) {
    remove_peer(i);
  }
  start_anew();
  EXPECT_EQ(status().phase, api::Phase::Waiting);
  EXPECT_EQ(peers(), 10U);
}

TEST_F(AgentOnAModel, ABadNetworkAtStartLeavesTheDataPathAndIsTriedAgain) {
  start();
  stop();
  forget_what_was_kept();
  const int writes = kernel_.writes;
  temp_.write("network/network.toml", "[[[[");
  start_anew();
  EXPECT_EQ(status().phase, api::Phase::Waiting);
  EXPECT_EQ(kernel_.writes, writes);
  temp_.write("network/network.toml",
              "name = \"acme\"\npool = \"100.100.0.0/16\"\nula = \"fd12:3456:789a::/48\"\n");
  EXPECT_TRUE(run_until([&] { return agent_->status().phase == api::Phase::Running; }));
  EXPECT_EQ(kernel_.writes, writes);
}

TEST_F(AgentOnAModel, WithABadNetworkAtStartTheKeptOneIsRepaired) {
  start();
  stop();
  temp_.write("network/network.toml", "[[[[");
  const int writes = kernel_.writes;
  start_anew();
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

TEST_F(AgentOnAModel, AKeptNetworkComesUpOnAnEmptyKernelAndPeersExpireInIt) {
  temp_.write("network/peers/p0009.toml",
              fmt::format("public_key = \"{}\"\naddress = \"100.100.0.25\"\nuser = \"u\"\n"
                          "expires = {}\n",
                          test::public_key(1009).to_text(), to_rfc3339(clock_.wall() + 2s)));
  start();
  stop();
  temp_.write("network/network.toml", "[[[[");
  kernel_.nft.flush();
  ASSERT_TRUE(kernel_.remove_link("cw-prod"));
  start_anew();
  EXPECT_EQ(status().phase, api::Phase::Running);
  EXPECT_TRUE(run_until([&] { return peers() == 9; }));
}

TEST_F(AgentOnAModel, ADamagedKeptNetworkIsSaidOnceAndWrittenAnew) {
  temp_.write("state/netmap.json", "{\"format\":1,");
  start();
  EXPECT_EQ(journal_.count(Event::Trouble), 1U);
  EXPECT_EQ(status().phase, api::Phase::Running);
  stop();
  EXPECT_TRUE(kept_.read()->has_value());
}

TEST_F(AgentOnAModel, ANetworkThatCannotBeKeptIsAStandingProblemUntilItCan) {
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

TEST_F(AgentOnAModel, ANetworkDirectoryThatAppearsLaterIsTaken) {
  std::filesystem::rename(temp_ / "network", temp_ / "elsewhere");
  start();
  EXPECT_THAT(status().refused->text, HasSubstr("network"));
  std::filesystem::rename(temp_ / "elsewhere", temp_ / "network");
  EXPECT_TRUE(run_until([&] { return agent_->status().phase == api::Phase::Running; }));
}

TEST_F(AgentOnAModel, ADirectoryBehindASymbolicLinkMayBeExchanged) {
  std::filesystem::rename(temp_ / "network", temp_ / "one");
  std::filesystem::create_directory_symlink(temp_ / "one", temp_ / "network");
  start();
  std::filesystem::copy(temp_ / "one", temp_ / "two", std::filesystem::copy_options::recursive);
  std::filesystem::remove(temp_ / "two/peers/p0001.toml");
  std::filesystem::create_directory_symlink(temp_ / "two", temp_ / "next");
  std::filesystem::rename(temp_ / "next", temp_ / "network");
  EXPECT_TRUE(run_until([&] { return peers() == 9; }));
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

TEST_F(AgentOnAModel, DownRemovesItAllAndReloadBringsItBack) {
  start();
  ASSERT_TRUE(ask([this] { return client_.down(); }));
  EXPECT_EQ(status().phase, api::Phase::Down);
  EXPECT_FALSE(kernel_.nft.read(firewall::Depth::Digest, {})->present);
  ASSERT_TRUE(ask([this] { return client_.reload(); }));
  EXPECT_EQ(status().phase, api::Phase::Running);
  EXPECT_EQ(peers(), 10U);
}

TEST_F(AgentOnAModel, AChangedFileDoesNotBringItUpAfterDown) {
  start();
  ASSERT_TRUE(ask([this] { return client_.down(); }));
  add_peer(11);
  // Longer than the silence and both readings take.
  const auto end = std::chrono::steady_clock::now() + 2 * kSilence;
  EXPECT_TRUE(run_until([&] { return std::chrono::steady_clock::now() > end; }));
  EXPECT_EQ(status().phase, api::Phase::Down);
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
  source_.refresh();
  const auto candidate = network::to_json(*source_.compile().netmap);
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

TEST_F(AgentOnAModel, WhatAnEditorWritesBesideAPeerPostponesNothing) {
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
