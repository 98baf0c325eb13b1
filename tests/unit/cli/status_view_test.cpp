// SPDX-License-Identifier: Apache-2.0
#include "cli/status_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::cli {
namespace {

using ::testing::HasSubstr;

const WallTime kNow{std::chrono::seconds(1'800'000'000)};

api::Status status() {
  api::Status status{.version = "0.1.0", .router = "r1", .site = "paris"};
  status.phase = api::Phase::Running;
  status.pid = 42;
  status.started = kNow - std::chrono::hours(76);
  status.now = kNow;
  status.source = "/etc/causeway/network";
  status.network = api::NetworkStatus{
      .name = "acme", .peers = 3, .sites = 1, .taken = kNow - std::chrono::minutes(3)};
  status.gateways = {{.name = "prod",
                      .device = "cw-prod",
                      .public_key = "K=",
                      .listen_port = 51820,
                      .present = true,
                      .peers = 3,
                      .active = 1}};
  status.peers = {{.name = "alice",
                   .gateway = "prod",
                   .address = "100.64.0.5",
                   .endpoint = "203.0.113.2:4000",
                   .last_handshake = kNow - std::chrono::seconds(12),
                   .received_bytes = 1536,
                   .sent_bytes = 10,
                   .active = true},
                  {.name = "bob", .gateway = "prod", .address = "100.64.0.6"},
                  {.name = "carol",
                   .gateway = "prod",
                   .address = "100.64.0.7",
                   .endpoint = "[2001:db8::1]:4000",
                   .last_handshake = kNow - std::chrono::hours(2)}};
  return status;
}

TEST(StatusView, SaysHowManyRulesThePolicyHas) {
  auto with_policy = status();
  with_policy.network->rules = 1;
  EXPECT_THAT(view(with_policy, Peers::Seen, Colour::Off), HasSubstr("policy of 1 rule\n"));
}

TEST(StatusView, ReadsLikeThis) {
  EXPECT_EQ(view(status(), Peers::Seen, Colour::Off),
            "router r1 at site paris: running\n"
            "network acme from /etc/causeway/network: 3 peers, 1 site, taken 3 min ago\n"
            "no policy: every peer reaches every route of its sites\n"
            "agent 0.1.0, process 42, up 3 d 4 h\n"
            "\n"
            "GATEWAY  DEVICE    PORT  PEERS  ACTIVE  PUBLIC KEY\n"
            "prod     cw-prod  51820      3       1  K=\n"
            "\n"
            "PEER   GATEWAY  ADDRESS     ENDPOINT            HANDSHAKE  RECEIVED  SENT\n"
            "alice  prod     100.64.0.5  203.0.113.2:4000     12 s ago   1.5 KiB  10 B\n"
            "carol  prod     100.64.0.7  [2001:db8::1]:4000    2 h ago       0 B   0 B\n"
            "\n"
            "1 peer not connected since the tunnel was made (--all lists them)\n");
}

TEST(StatusView, ListsWhatEachRuleLetBegin) {
  auto with = status();
  with.network->rules = 3;
  with.rules = {{.name = "dba-postgres", .connections = 12},
                {.name = "old\x1b"},
                {.name = "everywhere", .connections = 3400, .partly = true}};
  with.refused_packets = 1;
  with.peers.clear();
  EXPECT_EQ(view(with, Peers::Seen, Colour::Off),
            "router r1 at site paris: running\n"
            "network acme from /etc/causeway/network: 3 peers, 1 site, taken 3 min ago\n"
            "policy of 3 rules\n"
            "refused 1 packet\n"
            "agent 0.1.0, process 42, up 3 d 4 h\n"
            "\n"
            "GATEWAY  DEVICE    PORT  PEERS  ACTIVE  PUBLIC KEY\n"
            "prod     cw-prod  51820      3       1  K=\n"
            "\n"
            "RULE            CONNECTIONS\n"
            "everywhere    at least 3400\n"
            "dba-postgres             12\n"
            "old?                      0\n");
}

TEST(StatusView, ListsWhatBecameOfPacketsBy4via6AndNoReasonWithoutAny) {
  auto with = status();
  with.gateways[0].via6 = api::Via6Status{
      .prefix = "fd12:3456:789a:b1a:0:1::/96",
      .counted = true,
      .packets = {{.outcome = "translated", .meaning = "", .from_peers = 1204, .to_peers = 1180},
                  {.outcome = "never", .meaning = "multicast"},
                  {.outcome = "no_route", .meaning = "outside the routes", .from_peers = 3}}};
  EXPECT_THAT(view(with, Peers::Seen, Colour::Off),
              HasSubstr("\n"
                        "4VIA6  FROM PEERS  TO PEERS  PACKETS\n"
                        "prod         1204      1180  translated, fd12:3456:789a:b1a:0:1::/96\n"
                        "prod            3         0  dropped: outside the routes\n"
                        "\n"));
}

TEST(StatusView, SaysWhere4via6IsNotCounted) {
  auto with = status();
  with.gateways[0].via6 = api::Via6Status{.prefix = "fd12:3456:789a:b1a:0:1::/96"};
  EXPECT_THAT(view(with, Peers::Seen, Colour::Off),
              HasSubstr("4via6 of gateway prod by fd12:3456:789a:b1a:0:1::/96 is not counted"));
}

TEST(StatusView, ListsTheBusiestOfManyRules) {
  auto with = status();
  for (std::uint64_t i = 0; i < 12; ++i) {
    with.rules.push_back({.name = "rule-" + std::to_string(i), .connections = i});
  }
  const auto text = view(with, Peers::Seen, Colour::Off);
  EXPECT_THAT(text, HasSubstr("rule-11"));
  EXPECT_THAT(text, HasSubstr("rule-2 "));
  EXPECT_THAT(text, Not(HasSubstr("rule-1 ")));
  EXPECT_THAT(text, HasSubstr("2 rules more (--json lists them)\n"));
}

TEST(StatusView, ListsAllPeersWhenAsked) {
  const auto text = view(status(), Peers::All, Colour::Off);
  EXPECT_THAT(text, HasSubstr("bob    prod     100.64.0.6  -"));
  EXPECT_THAT(text, HasSubstr("never"));
  EXPECT_THAT(text, Not(HasSubstr("--all")));
}

TEST(StatusView, ProblemsComeBeforeTheTables) {
  auto with = status();
  with.problems = {
      {.severity = api::Severity::Error, .gateway = "prod", .text = "bad\x1b", .hint = "mend it"}};
  with.refused = api::Refusal{.reason = api::RefusalReason::Invalid,
                              .since = kNow - std::chrono::seconds(5),
                              .text = "error: x\n --> y:1\n"};
  EXPECT_THAT(view(with, Peers::Seen, Colour::Off),
              HasSubstr("\n"
                        "A newer network was refused 5 s ago:\n"
                        "  error: x\n"
                        "   --> y:1\n"
                        "\n"
                        "error: gateway prod: bad?\n"
                        "  hint: mend it\n"
                        "\n"
                        "GATEWAY"));
}

TEST(StatusView, SaysThatThereIsNoNetwork) {
  auto without = status();
  without.network.reset();
  without.phase = api::Phase::Waiting;
  EXPECT_THAT(view(without, Peers::Seen, Colour::Off),
              HasSubstr("no network in force; it is read from /etc/causeway/network\n"));
}

TEST(AnswerView, ShowsStepsThenProblems) {
  const api::Answer answer{.steps = {"+ route a", "~ device b"},
                           .problems = {{.severity = api::Severity::Warning, .text = "w"}},
                           .diagnostics = "d\n"};
  EXPECT_EQ(view(answer, Colour::Off), "+ route a\n~ device b\nwarning: w\nd\n");
}

}  // namespace
}  // namespace cw::cli
