// SPDX-License-Identifier: Apache-2.0
#include "router/failover/control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "router/api/json.h"

namespace cw::failover {
namespace {

constexpr gid_t kCauseway = 990;

class Failover final : public Requests {
 public:
  [[nodiscard]] api::FailoverStatus status() override { return {.router = "r1"}; }

  void move(const api::Move& wish, Done done) override {
    moved = wish;
    done({.text = "moved"});
  }

  void drain(bool on, Done done) override {
    drained = on;
    done({.text = "done"});
  }

  std::optional<api::Move> moved;
  std::optional<bool> drained;
};

struct Socket {
  Failover failover;
  agent::Reply reply;

  unsigned ask(const std::string& method, const std::string& path, const std::string& body = {},
               gid_t group = kCauseway) {
    answer({.method = method,
            .path = path,
            .body = body,
            .caller = agent::Caller{.uid = 1000, .gid = 1000, .groups = {group}}},
           kCauseway, failover, [this](agent::Reply given) { reply = std::move(given); });
    return reply.status;
  }
};

TEST(FailoverControl, AnybodyMayLook) {
  Socket socket;
  EXPECT_EQ(socket.ask("GET", "/v1/failover", {}, 0), 200U);
  const auto status = api::failover_status_from_json(socket.reply.body);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->router, "r1");
}

TEST(FailoverControl, AnybodyMayMeasure) {
  Socket socket;
  EXPECT_EQ(socket.ask("GET", "/metrics", {}, 0), 200U);
  EXPECT_THAT(socket.reply.content_type, ::testing::StartsWith("text/plain; version=0.0.4"));
  EXPECT_THAT(socket.reply.body, ::testing::HasSubstr("router=\"r1\""));
}

TEST(FailoverControl, OnlyTheGroupMayChange) {
  Socket socket;
  EXPECT_EQ(socket.ask("POST", "/v1/drain", {}, 100), 403U);
  EXPECT_FALSE(socket.failover.drained);
  EXPECT_EQ(socket.ask("POST", "/v1/drain"), 200U);
  EXPECT_EQ(socket.failover.drained, true);
  EXPECT_EQ(socket.ask("POST", "/v1/serve"), 200U);
  EXPECT_EQ(socket.failover.drained, false);
}

TEST(FailoverControl, AMoveNamesBoth) {
  Socket socket;
  const api::Move wish{.gateway = "prod", .to = "r2"};
  EXPECT_EQ(socket.ask("POST", "/v1/move", api::to_json(wish)), 200U);
  EXPECT_EQ(socket.failover.moved, wish);
  EXPECT_EQ(socket.ask("POST", "/v1/move", "{}"), 400U);
}

TEST(FailoverControl, WhatThereIsNotIsSaid) {
  Socket socket;
  EXPECT_EQ(socket.ask("GET", "/v1/nothing"), 404U);
  EXPECT_EQ(socket.ask("GET", "/v1/move"), 405U);
  EXPECT_EQ(socket.reply.allow, "POST");
}

}  // namespace
}  // namespace cw::failover
