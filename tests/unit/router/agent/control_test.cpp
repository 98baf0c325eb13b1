// SPDX-License-Identifier: Apache-2.0
#include "router/agent/control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "router/api/json.h"

namespace cw::agent {
namespace {

using ::testing::HasSubstr;

constexpr gid_t kCausewayGroup = 990;

class Recorder final : public Requests {
 public:
  api::Status status() override { return {}; }

  api::Answer plan() override { return {.text = "nothing to do"}; }

  Result<api::Answer> plan(const std::string& candidate) override {
    if (candidate != "netmap") {
      return Error::invalid("not a netmap");
    }
    return api::Answer{.text = "1 change"};
  }

  void reload(std::function<void(api::Answer)> done) override {
    ++changes;
    done({});
  }

  api::Answer revoke(const std::string& peer) override {
    ++changes;
    return {.text = peer};
  }

  api::Answer down() override {
    ++changes;
    return {};
  }

  int changes = 0;
};

class Control : public ::testing::Test {
 protected:
  Reply ask(const std::string& method, const std::string& path, std::optional<Caller> caller,
            const std::string& body = {}) {
    return reply_to({.method = method, .path = path, .body = body, .caller = std::move(caller)});
  }

  Reply reply_to(const Request& request) {
    Reply given;
    answer(request, kCausewayGroup, requests_, [&](Reply reply) { given = std::move(reply); });
    return given;
  }

  const Caller kRoot{.pid = 1, .uid = 0, .gid = 0, .groups = {}};
  const Caller kMember{.pid = 2, .uid = 1000, .gid = 1000, .groups = {27, kCausewayGroup}};
  const Caller kPrimary{.pid = 3, .uid = 990, .gid = kCausewayGroup, .groups = {}};
  const Caller kStranger{.pid = 4, .uid = 1001, .gid = 1001, .groups = {27}};
  Recorder requests_;
};

TEST_F(Control, AnybodyMayLook) {
  for (const auto* path : {"/v1/status", "/v1/plan", "/metrics"}) {
    EXPECT_EQ(ask("GET", path, kStranger).status, 200U) << path;
  }
  EXPECT_EQ(ask("POST", "/v1/plan", kStranger, "netmap").status, 200U);
}

TEST_F(Control, RootAndMembersMayChange) {
  for (const auto& caller : {kRoot, kMember, kPrimary}) {
    EXPECT_EQ(ask("POST", "/v1/reload", caller).status, 200U);
    EXPECT_EQ(ask("POST", "/v1/down", caller).status, 200U);
  }
  EXPECT_EQ(requests_.changes, 6);
}

TEST_F(Control, NobodyElseMayAndIsToldHow) {
  for (const auto* path : {"/v1/reload", "/v1/down"}) {
    const auto reply = ask("POST", path, kStranger);
    EXPECT_EQ(reply.status, 403U);
    EXPECT_THAT(reply.body, HasSubstr("usermod -aG causeway"));
    EXPECT_EQ(ask("POST", path, std::nullopt).status, 403U);
  }
  EXPECT_EQ(requests_.changes, 0);
}

TEST_F(Control, WithoutAGroupOnlyRootMay) {
  EXPECT_TRUE(may_change(kRoot, std::nullopt));
  EXPECT_FALSE(may_change(kMember, std::nullopt));
}

TEST_F(Control, ACandidateThatIsNoNetmapIsRefused) {
  const auto reply = ask("POST", "/v1/plan", kRoot, "junk");
  EXPECT_EQ(reply.status, 400U);
  EXPECT_THAT(reply.body, HasSubstr("not a netmap"));
}

TEST_F(Control, AWrongMethodIsToldTheRightOnes) {
  EXPECT_EQ(ask("GET", "/v1/down", kRoot).status, 405U);
  EXPECT_EQ(ask("DELETE", "/v1/plan", kRoot).allow, "GET, POST");
  EXPECT_EQ(requests_.changes, 0);
}

TEST_F(Control, ARevocationNamesAPeer) {
  EXPECT_THAT(ask("POST", "/v1/revoke", kMember, "{\"peer\":\"alice\"}").body, HasSubstr("alice"));
  EXPECT_EQ(ask("POST", "/v1/revoke", kMember, "{}").status, 400U);
  EXPECT_EQ(ask("POST", "/v1/revoke", kStranger, "{\"peer\":\"alice\"}").status, 403U);
}

TEST_F(Control, AnUnknownPathIsNotFound) {
  EXPECT_EQ(ask("GET", "/v1/stats", kRoot).status, 404U);
  EXPECT_EQ(ask("POST", "/v1/down/", kRoot).status, 404U);
}

TEST_F(Control, TheMetricsPortServesNothingElse) {
  EXPECT_EQ(answer_metrics_only({.method = "GET", .path = "/metrics"}, requests_).status, 200U);
  EXPECT_EQ(answer_metrics_only({.method = "POST", .path = "/metrics"}, requests_).status, 405U);
  EXPECT_EQ(answer_metrics_only({.method = "GET", .path = "/v1/status"}, requests_).status, 404U);
  EXPECT_EQ(answer_metrics_only({.method = "POST", .path = "/v1/down"}, requests_).status, 404U);
}

TEST_F(Control, ABodyThatWasTooLargeIsRefusedAsAnyOtherMistake) {
  const auto reply = reply_to(
      {.method = "POST", .path = "/v1/plan", .body = {}, .too_large = true, .caller = kMember});
  EXPECT_EQ(reply.status, 413U);
  const auto refused = api::refused_from_json(reply.body);
  ASSERT_TRUE(refused) << refused.error().to_text();
  EXPECT_THAT(refused->message, HasSubstr("larger than 48 MiB"));
  EXPECT_THAT(refused->hint, HasSubstr("causeway check"));
}

}  // namespace
}  // namespace cw::agent
