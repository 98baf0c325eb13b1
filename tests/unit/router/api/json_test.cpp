// SPDX-License-Identifier: Apache-2.0
#include "router/api/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::api {
namespace {

using ::testing::HasSubstr;

const WallTime kNoon{std::chrono::sys_days(std::chrono::year(2026) / 11 / 20) +
                     std::chrono::hours(12)};

Status full_status() {
  return {
      .version = "0.1.0",
      .router = "r1",
      .site = "paris",
      .phase = Phase::Retrying,
      .pid = 42,
      .started = kNoon,
      .now = kNoon + std::chrono::seconds(61),
      .source = "/etc/causeway/network",
      .network = NetworkStatus{.name = "prod", .peers = 2, .sites = 1, .rules = 3, .taken = kNoon},
      .refused = Refusal{.reason = RefusalReason::HeldBack, .since = kNoon, .text = "a\nb\n"},
      .gateways = {{.name = "gw",
                    .device = "cw-gw",
                    .public_key = "K=",
                    .listen_port = 51820,
                    .present = true,
                    .peers = 2,
                    .active = 1,
                    .via6 = Via6Status{.prefix = "fd00::/96",
                                       .counted = true,
                                       .packets = {{.outcome = "translated",
                                                    .meaning = "translated",
                                                    .from_peers = 18446744073709551615U,
                                                    .to_peers = 2}}}},
                   {.name = "spare", .via6 = Via6Status{.prefix = "fd00::/96"}}},
      .rules = {{.name = "dba", .connections = 18446744073709551615U},
                {.name = "ops", .connections = 7, .partly = true}},
      .refused_packets = 8,
      .problems =
          {{.severity = Severity::Warning, .gateway = "gw", .text = "text", .hint = "hint"}},
      .peers = {{.name = "alice",
                 .gateway = "gw",
                 .public_key = "A=",
                 .address = "100.64.0.5",
                 .endpoint = "203.0.113.2:4000",
                 .last_handshake = kNoon,
                 .received_bytes = 1,
                 .sent_bytes = 18446744073709551615U,
                 .active = true,
                 .flapping = true},
                {.name = "bob", .gateway = "gw", .public_key = "B=", .address = "100.64.0.6"}},
      .counters = {.rounds = 3, .steps = 4, .failed_steps = 5, .refusals = 6}};
}

TEST(ApiJson, StatusComesBackAsItWas) {
  const auto back = status_from_json(to_json(full_status()));
  ASSERT_TRUE(back) << back.error().to_text();
  EXPECT_EQ(*back, full_status());
}

TEST(ApiJson, EmptyStatusComesBackAsItWas) {
  const auto back = status_from_json(to_json(Status{}));
  ASSERT_TRUE(back) << back.error().to_text();
  EXPECT_EQ(*back, Status{});
}

TEST(ApiJson, AnswerComesBackAsItWas) {
  const Answer answer{.done = false,
                      .text = "refused",
                      .steps = {"+ route", "- rule"},
                      .problems = full_status().problems,
                      .diagnostics = "x\n"};
  const auto back = answer_from_json(to_json(answer));
  ASSERT_TRUE(back) << back.error().to_text();
  EXPECT_EQ(*back, answer);
}

TEST(ApiJson, RefusalComesBackAsItWas) {
  const auto back = refused_from_json(to_json(Refused{.message = "no", .hint = "ask"}));
  ASSERT_TRUE(back) << back.error().to_text();
  EXPECT_EQ(*back, (Refused{.message = "no", .hint = "ask"}));
}

TEST(ApiJson, AMissingFieldIsAnError) {
  const auto back = status_from_json(R"({"version": "1"})");
  ASSERT_FALSE(back);
  EXPECT_THAT(back.error().to_text(), HasSubstr("router"));
}

TEST(ApiJson, GarbageIsAnError) {
  for (const auto* text : {"", "{", "[]", "nul", "\"x\"", "{\"done\": 3}"}) {
    EXPECT_FALSE(answer_from_json(text)) << text;
    EXPECT_FALSE(status_from_json(text)) << text;
    EXPECT_FALSE(refused_from_json(text)) << text;
  }
}

TEST(ApiJson, AnUnknownFieldIsIgnored) {
  auto text = to_json(Refused{.message = "no", .hint = "ask"});
  text.replace(0, 1, R"({"later": [1, 2],)");
  EXPECT_TRUE(refused_from_json(text)) << text;
}

TEST(ApiJson, AnUnknownSeverityIsTakenForAnError) {
  auto text = to_json(Answer{.problems = {{.severity = Severity::Note}}});
  text.replace(text.find("\"note\""), 6, "\"omen\"");
  const auto back = answer_from_json(text);
  ASSERT_TRUE(back) << back.error().to_text();
  EXPECT_EQ(back->problems.at(0).severity, Severity::Error);
}

TEST(ApiJson, TextThatIsNotUtf8IsReplacedAndNotLost) {
  const auto back = answer_from_json(to_json(Answer{.text = "kernel says \xff."}));
  ASSERT_TRUE(back) << back.error().to_text();
  EXPECT_THAT(back->text, HasSubstr("kernel says"));
}

TEST(ApiJson, TimesAreRfc3339InUtc) {
  EXPECT_EQ(to_rfc3339(kNoon), "2026-11-20T12:00:00Z");
  const auto back = from_rfc3339("2026-11-20T12:00:00Z");
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, kNoon);
}

TEST(ApiJson, WhatIsNoTimeIsRefused) {
  for (const auto* text :
       {"", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00", "2026-01-01T00:00:00Zx"}) {
    EXPECT_FALSE(from_rfc3339(text)) << text;
  }
}

}  // namespace
}  // namespace cw::api
