// SPDX-License-Identifier: Apache-2.0
// Against a real etcd on a loopback address: what ha/arbiter.h promises, also where etcd is down,
// hangs, restarts, forgets, or wants to know who asks.
#include "ha/etcd/arbiter.h"

#include <csignal>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/fetch/poll_loop.h"
#include "tests/unit/ha/etcd/etcd_server.h"
#include "tests/unit/ha/etcd/one_answer.h"

namespace cw::ha::etcd {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::HasSubstr;

const Site kSite{.network = "net-1", .number = 7};
constexpr auto kGateway = "gw-a";
constexpr auto kKey = "/causeway/net-1/7/gw-a";

// What some releases do instead of an answer.
const auto kClosed = HasSubstr("or the token is wrong");

Record owned_by(const std::string& owner, std::uint64_t term = 1) {
  return {.term = term, .owner = owner, .successor = "", .renewal = 0, .serial = 0, .held = 0};
}

// A router's side: an arbiter on a loop of its own, and what it was told.
class Router {
 public:
  explicit Router(Config config) {
    if (config.patience == Duration::zero()) {
      config.patience = Duration{5000};  // a machine under load is not what is tested
    }
    auto opened = Arbiter::open(
        std::move(config), loop_, clock_,
        {.answered = [this](const ArbiterAnswer& answer) { answers[answer.request] = answer; },
         .changed = [this](const RecordChanged& change) { changes.push_back(change); },
         .trouble =
             [this](const Error* trouble) {
               troubles.push_back(trouble == nullptr ? "well" : trouble->to_text());
             }});
    EXPECT_TRUE(opened) << opened.error().to_text();
    arbiter_ = std::move(*opened);
  }

  template <class Done>
  void run_until(Done done) {
    loop_.run_until(*arbiter_, done);
  }

  std::uint64_t begin_read() {
    arbiter_->read({.gateway = kGateway, .request = ++last_});
    EXPECT_FALSE(answers.contains(last_)) << "answered before it returned";
    return last_;
  }

  std::uint64_t begin_write(std::uint64_t expected, const Record& record) {
    arbiter_->write(
        {.gateway = kGateway, .request = ++last_, .expected = expected, .record = record});
    EXPECT_FALSE(answers.contains(last_)) << "answered before it returned";
    return last_;
  }

  ArbiterAnswer answer_to(std::uint64_t request) {
    run_until([&] { return answers.contains(request); });
    return answers[request];
  }

  ArbiterAnswer read() { return answer_to(begin_read()); }

  ArbiterAnswer write(std::uint64_t expected, const Record& record) {
    return answer_to(begin_write(expected, record));
  }

  // As the core does: again and again.
  ArbiterAnswer read_until(ArbiterOutcome outcome) {
    auto answer = read();
    while (answer.outcome != outcome && !::testing::Test::HasFatalFailure()) {
      answer = read();
    }
    return answer;
  }

  void watch() { arbiter_->watch({kGateway}); }

  // Until that is what was announced last.
  void expect_announced(const VersionedRecord& current) {
    run_until([&] { return !changes.empty() && changes.back().current == current; });
  }

  std::map<std::uint64_t, ArbiterAnswer> answers;
  std::vector<RecordChanged> changes;
  std::vector<std::string> troubles;

 private:
  test::PollLoop loop_;
  SystemClock clock_;
  std::unique_ptr<Arbiter> arbiter_;
  std::uint64_t last_ = 0;
};

Config config_of(const test::EtcdServer& server) {
  Config config;
  config.endpoints = {server.endpoint()};
  config.site = kSite;
  return config;
}

Config impatient(const test::EtcdServer& server) {
  auto config = config_of(server);
  config.patience = Duration{300};
  return config;
}

TEST(EtcdArbiter, FindsNothingThenWhatWasWritten) {
  const test::EtcdServer server;
  Router router(config_of(server));
  const auto none = router.read();
  EXPECT_EQ(none.outcome, ArbiterOutcome::Done);
  EXPECT_EQ(none.current, VersionedRecord{});
  const auto written = router.write(0, owned_by("router-a"));
  ASSERT_EQ(written.outcome, ArbiterOutcome::Done);
  EXPECT_GT(written.current.version, 0U);
  EXPECT_EQ(written.current.record, owned_by("router-a"));
  EXPECT_EQ(router.read().current, written.current);
  const auto renewed = router.write(written.current.version, owned_by("router-a", 2));
  ASSERT_EQ(renewed.outcome, ArbiterOutcome::Done);
  EXPECT_GT(renewed.current.version, written.current.version);
  EXPECT_TRUE(router.troubles.empty());
}

TEST(EtcdArbiter, WritesNothingOverAnotherVersionAndShowsIt) {
  test::EtcdServer server;
  Router router(config_of(server));
  const auto first = router.write(0, owned_by("router-a"));
  for (const std::uint64_t expected : {std::uint64_t{0}, first.current.version + 1}) {
    const auto late = router.write(expected, owned_by("router-b"));
    EXPECT_EQ(late.outcome, ArbiterOutcome::Conflict);
    EXPECT_EQ(late.current, first.current);
  }
  server.control({"del", kKey});
  const auto gone = router.write(first.current.version, owned_by("router-a"));
  EXPECT_EQ(gone.outcome, ArbiterOutcome::Conflict);
  EXPECT_EQ(gone.current, VersionedRecord{});
  EXPECT_GT(router.write(0, owned_by("router-a")).current.version, first.current.version);
}

TEST(EtcdArbiter, LetsOneOfTwoWinEachTime) {
  const test::EtcdServer server;
  Router a(config_of(server));
  Router b(config_of(server));
  std::uint64_t version = 0;
  for (std::uint64_t term = 1; term <= 20; ++term) {
    const auto of_a = a.begin_write(version, owned_by("router-a", term));
    const auto of_b = b.begin_write(version, owned_by("router-b", term));
    const auto from_b = b.answer_to(of_b);
    const auto from_a = a.answer_to(of_a);
    ASSERT_NE(from_a.outcome == ArbiterOutcome::Done, from_b.outcome == ArbiterOutcome::Done);
    ASSERT_TRUE(from_a.outcome == ArbiterOutcome::Conflict ||
                from_b.outcome == ArbiterOutcome::Conflict);
    ASSERT_EQ(from_a.current, from_b.current);
    version = from_a.current.version;
  }
}

TEST(EtcdArbiter, AnnouncesWhatIsThereAndWhatChanges) {
  test::EtcdServer server;
  Router writer(config_of(server));
  Router watcher(config_of(server));
  watcher.watch();
  watcher.expect_announced({});
  const auto first = writer.write(0, owned_by("router-a")).current;
  watcher.expect_announced(first);
  const auto second = writer.write(first.version, owned_by("router-b", 2)).current;
  watcher.expect_announced(second);
  server.control({"del", kKey});
  watcher.expect_announced({});
  EXPECT_EQ(watcher.changes.size(), 4U);
  EXPECT_TRUE(watcher.troubles.empty());
}

TEST(EtcdArbiter, GoesOnWatchingAfterARestart) {
  test::EtcdServer server;
  Router router(config_of(server));
  router.watch();
  router.expect_announced({});
  const auto first = router.write(0, owned_by("router-a")).current;
  router.expect_announced(first);
  server.kill();
  router.run_until([&] { return !router.troubles.empty(); });
  server.start();
  Router other(config_of(server));
  const auto second = other.write(first.version, owned_by("router-b", 2)).current;
  router.expect_announced(second);
  EXPECT_EQ(router.changes.size(), 3U) << "something was announced twice";
  router.run_until([&] { return router.troubles.back() == "well"; });
}

TEST(EtcdArbiter, ReadsAgainWhatWasCompactedWhileItWasAway) {
  test::EtcdServer server;
  Router router(config_of(server));
  router.watch();
  router.expect_announced({});
  const auto first = router.write(0, owned_by("router-a")).current;
  router.expect_announced(first);
  server.kill();
  server.start();
  Router other(config_of(server));
  const auto second = other.write(first.version, owned_by("router-b", 2)).current;
  const auto third = other.write(second.version, owned_by("router-b", 3)).current;
  server.control({"compact", std::to_string(third.version)});
  router.expect_announced(third);
  EXPECT_THAT(router.troubles, Contains(HasSubstr("compaction")));
  const auto fourth = other.write(third.version, owned_by("router-b", 4)).current;
  router.expect_announced(fourth);
}

TEST(EtcdArbiter, RefusesWhereNobodyListens) {
  test::EtcdServer server;
  server.kill();
  Router router(impatient(server));
  EXPECT_EQ(router.read().outcome, ArbiterOutcome::Refused);
  EXPECT_EQ(router.write(0, owned_by("router-a")).outcome, ArbiterOutcome::Refused);
  ASSERT_EQ(router.troubles.size(), 1U) << "told more than once";
  EXPECT_THAT(router.troubles[0], HasSubstr("Connection refused"));
  server.start();
  EXPECT_EQ(router.read_until(ArbiterOutcome::Done).current, VersionedRecord{});
  EXPECT_EQ(router.troubles.back(), "well");
}

TEST(EtcdArbiter, DoesNotKnowWhatAHangingServerDid) {
  const test::EtcdServer server;
  Router router(impatient(server));
  ASSERT_EQ(router.read_until(ArbiterOutcome::Done).outcome, ArbiterOutcome::Done);
  server.signal(SIGSTOP);
  const auto before = std::chrono::steady_clock::now();
  const auto answer = router.write(0, owned_by("router-a"));
  EXPECT_EQ(answer.outcome, ArbiterOutcome::Unknown);
  EXPECT_GE(std::chrono::steady_clock::now() - before, Duration{300});
  EXPECT_THAT(router.troubles, Contains(HasSubstr("no answer within 300 ms")));
  server.signal(SIGCONT);
  const auto later = router.read_until(ArbiterOutcome::Done);
  EXPECT_TRUE(!later.current.record || later.current.record == owned_by("router-a"));
}

TEST(EtcdArbiter, AsksTheNextEndpointTheNextTime) {
  test::EtcdServer dead;
  const auto nobody = dead.endpoint();
  dead.kill();
  const test::EtcdServer server;
  auto config = config_of(server);
  config.endpoints.insert(config.endpoints.begin(), nobody);
  Router router(std::move(config));
  EXPECT_EQ(router.read().outcome, ArbiterOutcome::Refused);
  EXPECT_EQ(router.read().outcome, ArbiterOutcome::Done);
  router.watch();
  router.expect_announced({});
  const auto first = router.write(0, owned_by("router-a")).current;
  router.expect_announced(first);
}

// `"cluster_id":N`, as etcdctl shows it among other things.
std::string cluster_of(test::EtcdServer& server) {
  const auto status = server.control({"endpoint", "status", "-w", "json"});
  const auto begin = status.find("\"cluster_id\":") + 13;
  return status.substr(begin, status.find(',', begin) - begin);
}

TEST(EtcdArbiter, LeavesAnEndpointThatAnswersAndHangs) {
  test::EtcdServer server;
  // To a request it is nonsense, to a watch the beginning.
  const test::OneAnswer deaf("HTTP/1.1 200 OK\r\n\r\n{\"result\":{\"header\":{\"cluster_id\":\"" +
                                 cluster_of(server) + "\",\"revision\":\"1\"},\"created\":true}}\n",
                             test::OneAnswer::Then::Silence);
  auto config = impatient(server);
  config.endpoints.insert(config.endpoints.begin(), deaf.endpoint());
  Router router(std::move(config));
  EXPECT_EQ(router.read().outcome, ArbiterOutcome::Unknown);
  router.watch();
  router.expect_announced({});
  router.run_until([&] { return deaf.requests == 2; });
  const auto first = router.read_until(ArbiterOutcome::Done);
  const auto written = router.write(first.current.version, owned_by("router-a")).current;
  router.expect_announced(written);
  EXPECT_THAT(router.troubles, Contains(HasSubstr("taken for dead")));
}

TEST(EtcdArbiter, BelievesOneClusterOnly) {
  auto first = std::make_unique<test::EtcdServer>();
  const test::EtcdServer second;
  auto config = config_of(*first);
  config.endpoints.push_back(second.endpoint());
  Router router(std::move(config));
  EXPECT_EQ(router.read().outcome, ArbiterOutcome::Done);
  first.reset();
  EXPECT_NE(router.read().outcome, ArbiterOutcome::Done);
  EXPECT_EQ(router.read().outcome, ArbiterOutcome::Refused);
  EXPECT_THAT(router.troubles, Contains(HasSubstr("another etcd cluster")));
}

TEST(EtcdArbiter, TellsOfARecordThatIsNone) {
  test::EtcdServer server;
  Router router(config_of(server));
  router.watch();
  router.expect_announced({});
  server.control({"put", kKey, "nonsense"});
  EXPECT_EQ(router.read().outcome, ArbiterOutcome::Refused);
  EXPECT_EQ(router.write(0, owned_by("router-a")).outcome, ArbiterOutcome::Refused);
  EXPECT_EQ(router.write(1, owned_by("router-a")).outcome, ArbiterOutcome::Refused);
  EXPECT_THAT(router.troubles, Contains(HasSubstr(kKey)));
  EXPECT_EQ(router.changes.size(), 1U);
  server.control({"del", kKey});
  router.run_until([&] { return router.changes.size() == 2; });
}

TEST(EtcdArbiter, ShowsItsCertificateAndLogsIn) {
  test::EtcdServer server(test::EtcdServer::Tls::On);
  server.demand_users();
  auto config = config_of(server);
  config.tls = {.ca_file = server.certificate(),
                .certificate_file = server.certificate(),
                .key_file = server.key()};
  config.user = "router";
  config.password = net::Secret("secret");
  Router router(std::move(config));
  router.watch();
  EXPECT_EQ(router.read().outcome, ArbiterOutcome::Refused);  // no token yet
  EXPECT_TRUE(router.troubles.empty());
  ASSERT_EQ(router.read_until(ArbiterOutcome::Done).outcome, ArbiterOutcome::Done);
  router.expect_announced({});
  const auto first = router.write(0, owned_by("router-a")).current;
  router.expect_announced(first);
  server.forget_tokens();
  ASSERT_EQ(router.read_until(ArbiterOutcome::Done).current, first);
  EXPECT_THAT(router.troubles, Contains(AnyOf(HasSubstr("invalid auth token"), kClosed)));
  router.expect_announced(router.write(first.version, owned_by("router-a", 2)).current);
}

TEST(EtcdArbiter, SaysThatThePasswordIsWrongAndNotWhichItIs) {
  test::EtcdServer server;
  server.demand_users();
  auto config = config_of(server);
  config.user = "router";
  config.password = net::Secret("mistyped");
  Router router(std::move(config));
  // The login may have been turned away before anybody asks, and then it is told to who asks next.
  while (router.troubles.empty()) {
    ASSERT_EQ(router.read().outcome, ArbiterOutcome::Refused);
  }
  EXPECT_THAT(router.troubles[0], HasSubstr("logging in as router"));
  EXPECT_THAT(router.troubles[0], AnyOf(HasSubstr("check the user and its password"), kClosed));
  EXPECT_EQ(router.troubles[0].find("mistyped"), std::string::npos);
}

TEST(EtcdArbiter, RefusesACertificateOfAnAuthorityThatIsNotTrusted) {
  const test::EtcdServer server(test::EtcdServer::Tls::On);
  Router router(config_of(server));
  EXPECT_EQ(router.read().outcome, ArbiterOutcome::Refused);
  EXPECT_THAT(router.troubles, Contains(HasSubstr("no authority that is trusted here")));
}

TEST(EtcdArbiter, IsNotOpenedWithWhatCannotBe) {
  test::PollLoop loop;
  const SystemClock clock;
  const auto open = [&](const std::string& endpoint, const std::string& certificate = "") {
    Config config;
    config.endpoints = {endpoint};
    config.site = kSite;
    config.tls.certificate_file = certificate;
    config.patience = Duration{300};
    return Arbiter::open(std::move(config), loop, clock, {}).has_value();
  };
  EXPECT_TRUE(open("https://etcd.example:2379/"));
  EXPECT_FALSE(open("http://etcd.example:2379"));
  EXPECT_FALSE(open("/etc/etcd"));
  EXPECT_FALSE(open("https://user:secret@etcd.example:2379"));
  EXPECT_FALSE(open("https://etcd.example:2379", "half.pem"));
}

}  // namespace
}  // namespace cw::ha::etcd
