// SPDX-License-Identifier: Apache-2.0
#include "router/failover/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::failover {
namespace {

class StoppedClock final : public Clock {
 public:
  [[nodiscard]] WallTime wall() const override { return {}; }

  [[nodiscard]] SteadyTime steady() const override { return now; }

  SteadyTime now = SteadyTime(std::chrono::hours(1));
};

// Writes down what the core does, and answers as an arbiter without records and a fabric that
// moves.
class Recorder final : public Outlets {
 public:
  void send(const ha::Beat& beat) override { last_beat = beat; }

  void read(const ha::ReadRecord& read) override { reads.push_back(read); }

  void write(const ha::WriteRecord& write) override { writes.push_back(write); }

  void move(const ha::MoveAddress& move) override { moves.push_back(move); }

  void check(const ha::CheckAddress& check) override { checks.push_back(check); }

  void withdraw(const ha::WithdrawAddress& /*withdraw*/) override {}

  void open_gate(const std::string& gateway) override { told.push_back("open " + gateway); }

  void start_handshakes(const std::string& gateway) override { told.push_back("kick " + gateway); }

  void stop_initiating(const std::string& gateway) override { told.push_back("stop " + gateway); }

  void close_gate(const std::string& gateway) override { told.push_back("close " + gateway); }

  void prepare(const ha::Prepare& prepare) override {
    told.emplace_back("prepare");
    if (runner != nullptr) {
      runner->take(ha::Prepared{.gateway = prepare.gateway, .handover = prepare.handover});
      EXPECT_NE(runner->find(prepare.gateway)->ready, prepare.handover) << "the step is not over";
    }
  }

  void refused(const ha::MoveRefused& /*refused*/) override { told.emplace_back("refused"); }

  void changed(const ha::Changed& changed) override {
    told.push_back(std::string(ha::to_text(changed.to)));
  }

  void left() override { told.emplace_back("left"); }

  void wake_at(ha::Time when) override { wake = when; }

  Runner* runner = nullptr;
  ha::Beat last_beat;
  std::vector<ha::ReadRecord> reads;
  std::vector<ha::WriteRecord> writes;
  std::vector<ha::MoveAddress> moves;
  std::vector<ha::CheckAddress> checks;
  std::vector<std::string> told;
  ha::Time wake;
};

ha::Config config() {
  return {.router = "r1",
          .gateways = {{.name = "prod", .routers = {"r1", "r2"}}},
          .timers = ha::lan_timers()};
}

TEST(Runner, StepsUntilItOwnsTheGatewayOfNobody) {
  StoppedClock clock;
  Recorder recorder;
  Runner runner(ha::start(config(), {}, clock.now), clock, recorder);
  for (int i = 0; i < 40 && recorder.writes.empty(); ++i) {
    runner.take(ha::Tick{});
    for (const auto& read : std::exchange(recorder.reads, {})) {
      runner.take(ha::ArbiterAnswer{
          .gateway = "prod", .request = read.request, .outcome = ha::ArbiterOutcome::Done});
    }
    for (const auto& check : std::exchange(recorder.checks, {})) {
      runner.take(ha::FabricAnswer{
          .gateway = "prod", .request = check.request, .outcome = ha::FabricOutcome::Elsewhere});
    }
    EXPECT_GT(recorder.wake, clock.now);
    clock.now += std::chrono::milliseconds(50);
  }
  ASSERT_FALSE(recorder.writes.empty());
  const auto write = recorder.writes.front();
  EXPECT_EQ(write.record.owner, "r1");
  runner.take(ha::ArbiterAnswer{.gateway = "prod",
                                .request = write.request,
                                .outcome = ha::ArbiterOutcome::Done,
                                .current = {.version = 1, .record = write.record}});
  ASSERT_FALSE(recorder.moves.empty());
  runner.take(ha::FabricAnswer{.gateway = "prod",
                               .request = recorder.moves.front().request,
                               .outcome = ha::FabricOutcome::Here});
  EXPECT_THAT(recorder.told, ::testing::ElementsAre("claim", "move", "open prod", "active"));
  EXPECT_EQ(recorder.last_beat.role, ha::Role::Active);
}

TEST(Runner, WhatAnActionBringsAboutWaitsForTheStepToEnd) {
  const StoppedClock clock;
  Recorder recorder;
  Runner runner(ha::start(config(), {}, clock.now), clock, recorder);
  recorder.runner = &runner;
  const ha::VersionedRecord owned{.version = 1, .record = ha::Record{.term = 1, .owner = "r2"}};
  runner.take(ha::RecordChanged{.gateway = "prod", .current = owned});
  runner.take(ha::Heard{.beat = {.gateway = "prod",
                                 .router = "r2",
                                 .epoch = {.term = 1},
                                 .role = ha::Role::Drain,
                                 .handover = ha::Handover{.id = 5, .to = "r1"}},
                        .ahead = {}});
  EXPECT_THAT(recorder.told, ::testing::Contains("prepare"));
  EXPECT_EQ(runner.find("prod")->ready, 5U);
  EXPECT_EQ(recorder.last_beat.ready, 5U);
}

}  // namespace
}  // namespace cw::failover
