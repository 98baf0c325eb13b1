// SPDX-License-Identifier: Apache-2.0
// Against a real HTTPS server on a loopback address: what it gives, and each way in which it may be
// broken or hostile.
#include <chrono>

#include <sys/resource.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fetch/http/client.h"
#include "fetch/store/store.h"
#include "tests/unit/fetch/poll_loop.h"
#include "tests/unit/fetch/web_server.h"

namespace cw::fetch {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr Limits kHasty{.size = std::size_t{16} << 20U,
                        .total = seconds(20),
                        .slowest_bytes_a_second = 1024,
                        .slow_for = seconds(2)};

// Blocking and on a loop: the same answers from the same server.
enum class Form { Blocking, OnALoop };

class Http : public ::testing::TestWithParam<Form> {
 protected:
  Http() { folder_.write("net", "content"); }

  Result<Answer> ask(const test::WebServer& server, const std::string& name,
                     const Version& known = {}) {
    const Request request{.from = server.at(name), .known = known, .limits = kHasty};
    if (GetParam() == Form::Blocking) {
      return get(request, server.trust());
    }
    test::PollLoop loop;
    auto client = HttpClient::create(loop, server.trust());
    EXPECT_TRUE(client);
    Result<Answer> got;
    bool done = false;
    EXPECT_TRUE((*client)->get(request, [&](Result<Answer> answer) {
      got = std::move(answer);
      done = true;
    }));
    EXPECT_FALSE(done);
    loop.run_until(**client, [&] { return done; });
    return got;
  }

  void expect_refused(const std::string& behaviour, ErrorKind kind, const std::string& words) {
    folder_.write("net.behaviour", behaviour);
    const test::WebServer server(folder_);
    const auto answer = ask(server, "net");
    ASSERT_FALSE(answer) << behaviour;
    EXPECT_EQ(answer.error().kind, kind) << answer.error().to_text();
    EXPECT_THAT(answer.error().to_text(), HasSubstr(words));
  }

  agent::TempFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(Fetch, Http, ::testing::Values(Form::Blocking, Form::OnALoop),
                         [](const auto& form) {
                           return form.param == Form::Blocking ? "Blocking" : "OnALoop";
                         });

TEST_P(Http, GivesAFileOnceAndThenSaysThatItIsStillThat) {
  const test::WebServer server(folder_);
  const auto first = ask(server, "net");
  ASSERT_TRUE(first) << first.error().to_text();
  EXPECT_EQ(first->content, "content");
  EXPECT_NE(first->version, "");
  const auto second = ask(server, "net", first->version);
  ASSERT_TRUE(second) << second.error().to_text();
  EXPECT_EQ(second->content, std::nullopt);
  folder_.write("net", "changed");
  EXPECT_EQ(ask(server, "net", first->version)->content, "changed");
}

TEST_P(Http, GivesAFileOfManyPieces) {
  const std::string large(std::size_t{5} << 20U, 'x');
  folder_.write("net", large);
  const test::WebServer server(folder_);
  const auto answer = ask(server, "net");
  ASSERT_TRUE(answer) << answer.error().to_text();
  EXPECT_TRUE(answer->content == large);
}

TEST_P(Http, SpeaksWithoutTlsToALoopbackAddress) {
  const test::WebServer server(folder_, {"--plain"});
  EXPECT_EQ(ask(server, "net")->content, "content");
}

TEST_P(Http, SaysThatThereIsNoSuchFile) {
  const test::WebServer server(folder_);
  EXPECT_EQ(ask(server, "none").error().kind, ErrorKind::NotFound);
}

TEST_P(Http, SaysThatTheServerIsInTrouble) {
  expect_refused("status 503", ErrorKind::Retryable, "503");
}

TEST_P(Http, GivesUpAGigabyteThatNobodyAnnounced) {
  struct rusage before{};
  ::getrusage(RUSAGE_SELF, &before);
  expect_refused("huge", ErrorKind::Exhausted, "over the limit of 16384 KiB");
  struct rusage after{};
  ::getrusage(RUSAGE_SELF, &after);
#ifndef __SANITIZE_ADDRESS__  // which keeps what was freed
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 3L * 16 * 1024) << "KiB";
#endif
}

TEST_P(Http, RefusesAGigabyteThatIsAnnounced) {
  expect_refused("announced", ErrorKind::Exhausted, "over the limit");
}

TEST_P(Http, RefusesHeadersWithoutEnd) {
  expect_refused("headers", ErrorKind::Exhausted, "over the limit");
}

TEST_P(Http, GivesUpAByteASecond) {
  expect_refused("drip", ErrorKind::Retryable, "too slow");
}

TEST_P(Http, GivesUpAServerThatSaysNothing) {
  expect_refused("silent", ErrorKind::Retryable, "too slow");
}

TEST_P(Http, RefusesAnAnswerThatWasCutOff) {
  expect_refused("cut", ErrorKind::Retryable, "fetching https://127.0.0.1");
}

TEST_P(Http, RefusesARedirectToAFile) {
  expect_refused("redirect file:///etc/hostname", ErrorKind::Invalid, "Protocol \"file\"");
}

TEST_P(Http, RefusesARedirectToHttp) {
  expect_refused("redirect http://127.0.0.1:1/net", ErrorKind::Invalid, "Protocol \"http\"");
}

TEST_P(Http, FollowsARedirectAndRefusesThemWithoutEnd) {
  folder_.write("round.behaviour", "redirect /round");
  folder_.write("there.behaviour", "redirect /net");
  const test::WebServer server(folder_);
  EXPECT_EQ(ask(server, "there")->content, "content");
  const auto round = ask(server, "round");
  ASSERT_FALSE(round);
  EXPECT_EQ(round.error().kind, ErrorKind::Invalid) << round.error().to_text();
}

TEST_P(Http, RefusesACertificateThatHasExpired) {
  const test::WebServer server(folder_, {"--certificate", "expired"});
  const auto answer = ask(server, "net");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::Invalid);
  EXPECT_THAT(answer.error().to_text(), HasSubstr("expired"));
}

TEST_P(Http, RefusesAnotherHostsCertificate) {
  const test::WebServer server(folder_, {"--certificate", "elsewhere"});
  const auto answer = ask(server, "net");
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().to_text(), HasSubstr("does not match"));
}

TEST_P(Http, RefusesACertificateOfAnAuthorityThatIsNotTrusted) {
  const test::WebServer server(folder_);
  const auto answer = get({.from = server.at("net"), .known = {}, .limits = kHasty}, {});
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().to_text(), HasSubstr("no authority that is trusted here"));
}

TEST(HttpClients, FetchTwoFilesAtOnceAndForgetWhatWasUnderWay) {
  const agent::TempFolder folder;
  folder.write("a", "1");
  folder.write("b", "2");
  folder.write("c.behaviour", "silent");
  const test::WebServer server(folder);
  test::PollLoop loop;
  auto client = *HttpClient::create(loop, server.trust());
  std::string got;
  bool done = false;
  const auto note = [&](Result<Answer> answer) {
    got += answer ? answer->content.value_or("") : answer.error().to_text();
    done = got.size() >= 2;
  };
  ASSERT_TRUE(client->get({.from = server.at("c"), .known = {}}, note));
  ASSERT_TRUE(client->get({.from = server.at("a"), .known = {}}, note));
  ASSERT_TRUE(client->get({.from = server.at("b"), .known = {}}, note));
  loop.run_until(*client, [&] { return done; });
  EXPECT_THAT(got, ::testing::AnyOf("12", "21"));
  client.reset();
}

TEST(HttpClients, WaitWithoutTurning) {
  const agent::TempFolder folder;
  folder.write("a.behaviour", "silent");
  const test::WebServer server(folder);
  test::PollLoop loop;
  auto client = *HttpClient::create(loop, server.trust());
  bool done = false;
  ASSERT_TRUE(client->get({.from = server.at("a"), .known = {}, .limits = kHasty},
                          [&](const Result<Answer>& /*answer*/) { done = true; }));
  loop.run_until(*client, [&] { return done; });
  EXPECT_LT(loop.wakes, 60);
}

TEST(HttpPut, WritesAFileAndNotOverSomebodyElses) {
  const agent::TempFolder folder;
  const test::WebServer server(folder);
  const auto first =
      put({.to = server.at("net"), .content = "one", .replaces = {}}, server.trust());
  ASSERT_TRUE(first) << first.error().to_text();
  const auto second =
      put({.to = server.at("net"), .content = "two", .replaces = *first}, server.trust());
  ASSERT_TRUE(second) << second.error().to_text();
  const auto late =
      put({.to = server.at("net"), .content = "three", .replaces = *first}, server.trust());
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::Exists);
  EXPECT_EQ(get({.from = server.at("net"), .known = {}}, server.trust())->content, "two");
}

TEST(HttpPut, WritesANewFileOnlyWhereThereIsNone) {
  const agent::TempFolder folder;
  const test::WebServer server(folder);
  const Upload first{.to = server.at("net"), .content = "one", .replaces = {}, .only_new = true};
  ASSERT_TRUE(put(first, server.trust()));
  auto second = first;
  second.content = "two";
  const auto late = put(second, server.trust());
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::Exists);
  EXPECT_EQ(get({.from = server.at("net"), .known = {}}, server.trust())->content, "one");
}

TEST(HttpPut, FollowsNoRedirect) {
  const agent::TempFolder folder;
  folder.write("net.behaviour", "redirect /elsewhere");
  const test::WebServer server(folder);
  const auto put_it =
      put({.to = server.at("net"), .content = "one", .replaces = {}}, server.trust());
  ASSERT_FALSE(put_it);
  EXPECT_THAT(put_it.error().to_text(), HasSubstr("a redirect that is not followed"));
  EXPECT_EQ(get({.from = server.at("elsewhere"), .known = {}}, server.trust()).error().kind,
            ErrorKind::NotFound);
}

}  // namespace
}  // namespace cw::fetch
