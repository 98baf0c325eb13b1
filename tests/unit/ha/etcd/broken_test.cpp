// SPDX-License-Identifier: Apache-2.0
// Against a server that answers as etcd does not, or only on a bad day.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ha/etcd/arbiter.h"
#include "tests/unit/fetch/poll_loop.h"
#include "tests/unit/ha/etcd/one_answer.h"

namespace cw::ha::etcd {
namespace {

using ::testing::HasSubstr;

constexpr auto kOk = "HTTP/1.1 200 OK\r\n\r\n";

struct Told {
  ArbiterOutcome outcome = ArbiterOutcome::Done;
  std::string trouble;
  int requests = 0;
};

// What came of the last of so many writes, one after the other.
Told write_to(const std::string& text, int writes = 1,
              test::OneAnswer::Then then = test::OneAnswer::Then::Close) {
  const test::OneAnswer server(text, then);
  test::PollLoop loop;
  const SystemClock clock;
  Config config;
  config.endpoints = {server.endpoint()};
  config.site = {.network = "net-1", .number = 7};
  config.patience = Duration{10'000};
  Told told;
  std::uint64_t answered = 0;
  auto arbiter =
      Arbiter::open(std::move(config), loop, clock,
                    {.answered =
                         [&](const ArbiterAnswer& answer) {
                           told.outcome = answer.outcome;
                           answered = answer.request;
                         },
                     .changed = [](const RecordChanged& /*change*/) {},
                     .trouble = [&](const Error* trouble) { told.trouble = trouble->to_text(); }});
  EXPECT_TRUE(arbiter);
  for (std::uint64_t request = 1; request <= static_cast<std::uint64_t>(writes); ++request) {
    (*arbiter)->write({.gateway = "gw-a",
                       .request = request,
                       .expected = 0,
                       .record = {.term = 1, .owner = "router-a", .successor = ""}});
    loop.run_until(**arbiter, [&] { return answered == request; });
  }
  told.requests = server.requests;
  return told;
}

// libcurl would send it again, and a write that was executed came back as a conflict with itself.
TEST(EtcdArbiterOfABrokenServer, DoesNotKnowAndAsksOnceWhereAKeptConnectionBreaks) {
  const auto told = write_to("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", 2,
                             test::OneAnswer::Then::ReadAndClose);
  EXPECT_EQ(told.outcome, ArbiterOutcome::Unknown);
  EXPECT_EQ(told.requests, 2);
  EXPECT_THAT(told.trouble, ::testing::Not(HasSubstr("status")));
}

TEST(EtcdArbiterOfABrokenServer, DoesNotKnowAndAsksOnceWhereTheConnectionBreaks) {
  const auto told = write_to("");
  EXPECT_EQ(told.outcome, ArbiterOutcome::Unknown);
  EXPECT_EQ(told.requests, 1);
}

TEST(EtcdArbiterOfABrokenServer, DoesNotKnowAfterAnErrorOfTheServers) {
  const auto told = write_to("HTTP/1.1 503 Service Unavailable\r\n\r\nwords of a proxy");
  EXPECT_EQ(told.outcome, ArbiterOutcome::Unknown);
  EXPECT_THAT(told.trouble, HasSubstr("status 503"));
}

TEST(EtcdArbiterOfABrokenServer, DoesNotKnowWhereTheAnswerIsNonsense) {
  const auto told = write_to(std::string(kOk) + "nonsense");
  EXPECT_EQ(told.outcome, ArbiterOutcome::Unknown);
  EXPECT_THAT(told.trouble, HasSubstr("no JSON object"));
}

TEST(EtcdArbiterOfABrokenServer, IsRefusedByWhatIsNotEtcd) {
  const auto told = write_to("HTTP/1.1 404 Not Found\r\n\r\n404 page not found");
  EXPECT_EQ(told.outcome, ArbiterOutcome::Refused);
  EXPECT_THAT(told.trouble, HasSubstr("is the endpoint etcd"));
}

TEST(EtcdArbiterOfABrokenServer, FollowsNoRedirect) {
  const auto told = write_to("HTTP/1.1 307 There\r\nLocation: http://127.0.0.1:1/\r\n\r\n");
  EXPECT_EQ(told.outcome, ArbiterOutcome::Unknown);
  EXPECT_EQ(told.requests, 1);
}

TEST(EtcdArbiterOfABrokenServer, GivesUpAnAnswerThatIsTooLarge) {
  const auto told = write_to(std::string(kOk) + std::string(kMostAnswer + 1, 'x'));
  EXPECT_EQ(told.outcome, ArbiterOutcome::Unknown);
  EXPECT_THAT(told.trouble, HasSubstr("over the limit of 256 KiB"));
}

TEST(EtcdArbiterOfABrokenServer, GivesUpHeadersWithoutEnd) {
  std::string text = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 100; ++i) {
    text += "X: " + std::string(1000, 'x') + "\r\n";
  }
  EXPECT_THAT(write_to(text).trouble, HasSubstr("over the limit"));
}

}  // namespace
}  // namespace cw::ha::etcd
