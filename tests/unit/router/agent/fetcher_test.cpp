// SPDX-License-Identifier: Apache-2.0
#include "router/agent/fetcher.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::agent {
namespace {

using ::testing::ElementsAre;

// Answers when the test says so.
class ServerInHand final : public fetch::HttpClient {
 public:
  Result<> get(fetch::Request request, Done done) override {
    asked.push_back(std::move(request));
    done_ = std::move(done);
    return {};
  }

  void on_ready(int /*fd*/, bool /*readable*/, bool /*writable*/) override {}

  void on_time() override {}

  void answer(std::string content, fetch::Version version) {
    std::exchange(done_, {})(fetch::Answer{std::move(content), std::move(version)});
  }

  void say_unchanged(fetch::Version version) {
    std::exchange(done_, {})(fetch::Answer{std::nullopt, std::move(version)});
  }

  std::vector<fetch::Request> asked;

 private:
  Done done_;
};

class Fetching : public ::testing::Test {
 protected:
  Loop loop_ = *Loop::create();
  ServerInHand server_;
  std::vector<std::string> got_;
  std::unique_ptr<Fetcher> fetcher_ = *Fetcher::create(
      loop_, &server_,
      {.from = {fetch::Location::Kind::Https, "https://192.0.2.1/net"},
       .known = {},
       .limits = fetch::kNetmapLimits},
      std::chrono::hours(1), [this](const Result<fetch::Answer>& answer) {
        got_.push_back(answer ? answer->content.value_or("unchanged") : answer.error().to_text());
      });
};

TEST_F(Fetching, SaysWhichContentItHas) {
  fetcher_->ask();
  server_.answer("one", "1");
  fetcher_->ask();
  ASSERT_EQ(server_.asked.size(), 2U);
  EXPECT_EQ(server_.asked[1].known, "1");
  EXPECT_THAT(got_, ElementsAre("one"));
}

TEST_F(Fetching, WhatIsForgottenWhileAnAnswerIsUnderWayIsAskedForWhole) {
  fetcher_->ask();
  fetcher_->forget();
  server_.answer("one", "1");
  fetcher_->ask();
  ASSERT_EQ(server_.asked.size(), 2U);
  EXPECT_EQ(server_.asked[1].known, "");
}

// Whoever asks again and again would never be answered.
TEST_F(Fetching, AnAnswerIsGivenAlsoWhereSomebodyAskedMeanwhile) {
  fetcher_->ask();
  fetcher_->ask();
  server_.answer("one", "1");
  EXPECT_THAT(got_, ElementsAre("one"));
  EXPECT_EQ(fetcher_->asked(), 2U);
  fetcher_->ask();
  server_.answer("two", "2");
  EXPECT_THAT(got_, ElementsAre("one", "two"));
  EXPECT_EQ(server_.asked.size(), 3U);
}

TEST_F(Fetching, UnchangedFromWhatIsForgottenSaysNothing) {
  fetcher_->ask();
  server_.answer("one", "1");
  fetcher_->ask();
  fetcher_->forget();
  server_.say_unchanged("1");
  EXPECT_THAT(got_, ElementsAre("one"));
  ASSERT_EQ(server_.asked.size(), 3U);
  EXPECT_EQ(server_.asked[2].known, "");
}

}  // namespace
}  // namespace cw::agent
