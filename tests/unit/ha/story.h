// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "ha/step.h"
#include "tests/sim/ha/trace.h"

// What happens to r0 of three routers that serve g, and what it does about it, as a person reads
// it. Heartbeats and looks at the fabric without news are left out. UPDATE_GOLDEN=1 rewrites the
// files that stories are compared with, and skips.
namespace cw::ha {

class Story {
 public:
  // `open`: gates that a process before it left so.
  explicit Story(const std::vector<std::string>& open = {}) {
    Config config{.router = "r0",
                  .gateways = {{.name = "g", .routers = {"r0", "r1", "r2"}}},
                  .timers = lan_timers()};
    state_ = start(std::move(config), open, now_);
    state_.serial = 5;
  }

  // In words where it is news.
  void happens(const Event& event) {
    if (!std::holds_alternative<Tick>(event)) {
      text_ += fmt_time() + "<- " + sim::describe(event) + "\n";
    }
    Step done = step(std::move(state_), event, now_);
    state_ = std::move(done.state);
    for (const Action& action : done.actions) {
      last_ =
          std::holds_alternative<ReadRecord>(action) ? std::get<ReadRecord>(action).request : last_;
      if (const auto* write = std::get_if<WriteRecord>(&action)) {
        last_ = write->request;
        written_ = write->record;
      }
      if (const auto* check = std::get_if<CheckAddress>(&action)) {
        checks_ = check->request;
        continue;
      }
      if (const auto* move = std::get_if<MoveAddress>(&action)) {
        moves_ = move->request;
      }
      const auto* beat = std::get_if<SendBeat>(&action);
      if (beat != nullptr && beat->beat.role == told_ && !beat->beat.goodbye) {
        continue;
      }
      told_ = beat != nullptr ? beat->beat.role : told_;
      text_ += fmt_time() + "-> " + sim::describe(action) + "\n";
    }
  }

  // In steps of 50 ms; the siblings named are heard meanwhile, the fabric says `where`, and the
  // arbiter answers reads and takes renewals if `arbiter`.
  void passes(int milliseconds, const std::vector<Beat>& heard, bool arbiter = true) {
    for (int i = 0; i < milliseconds; i += 50) {
      now_ += Duration{50};
      for (const Beat& beat : heard) {
        quietly(Heard{.beat = beat, .ahead = ahead});
      }
      happens(Tick{});
      quietly(FabricAnswer{.gateway = "g", .request = checks_, .outcome = where});
      if (arbiter) {
        answer_quietly();
      }
    }
  }

  void answer(ArbiterOutcome outcome, VersionedRecord current) {
    happens(ArbiterAnswer{
        .gateway = "g", .request = last_, .outcome = outcome, .current = std::move(current)});
  }

  void moved() {
    happens(FabricAnswer{.gateway = "g", .request = moves_, .outcome = FabricOutcome::Here});
    where = FabricOutcome::Here;
  }

  // The arbiter takes what was written last.
  void takes() {
    record = {.version = record.version + 1, .record = written_};
    answer(ArbiterOutcome::Done, record);
  }

  void compare(const std::string& name) const {
    const std::string path = CW_SOURCE_DIR "/tests/unit/ha/golden/" + name + ".txt";
    if (std::getenv("UPDATE_GOLDEN") != nullptr) {
      std::ofstream(path) << text_;
      GTEST_SKIP() << "wrote " << path;
    }
    const std::ifstream file(path);
    std::stringstream golden;
    golden << file.rdbuf();
    EXPECT_EQ(text_, golden.str());
  }

  [[nodiscard]] const Gateway& gateway() const { return state_.gateways[0]; }

  [[nodiscard]] Fitness fitness() const { return fitness_of(state_, gateway()); }

  VersionedRecord record{
      .version = 7, .record = Record{.term = 3, .owner = "r1", .successor = "r0", .serial = 5}};
  FabricOutcome where = FabricOutcome::Elsewhere;
  Duration ahead{0};  // of those that are heard

 private:
  void quietly(const Event& event) {
    const std::string kept = text_;
    const Role before = gateway().role;
    happens(event);
    if (gateway().role == before) {
      text_ = kept;
    }
  }

  void answer_quietly() {
    const auto& asking = state_.gateways[0].asking;
    if (!asking || asking->kind == Request::Kind::Claim) {
      return;
    }
    if (asking->kind == Request::Kind::Renew) {
      record = {.version = record.version + 1, .record = written_};
    }
    quietly(ArbiterAnswer{
        .gateway = "g", .request = asking->id, .outcome = ArbiterOutcome::Done, .current = record});
  }

  [[nodiscard]] std::string fmt_time() const {
    const auto since = std::chrono::duration_cast<Duration>(now_ - kBegin).count();
    const std::string digits = std::to_string(since);
    return std::string(digits.size() < 6 ? 6 - digits.size() : 0, ' ') + digits + " ";
  }

  static constexpr Time kBegin{std::chrono::hours{1}};
  Time now_ = kBegin;
  State state_;
  std::string text_;
  std::uint64_t last_ = 0;
  std::uint64_t checks_ = 0;
  std::uint64_t moves_ = 0;
  Record written_;
  std::optional<Role> told_;
};

inline Beat owner(std::uint64_t term = 3) {
  return {.gateway = "g",
          .router = "r1",
          .epoch = {.term = term},
          .role = Role::Active,
          .serial = 5,
          .owned = 1};
}

inline Beat sibling() {
  return {.gateway = "g", .router = "r2", .epoch = {.term = 3}, .serial = 5, .owned = 1};
}

// r0 as the owner, by a claim of what nobody owned.
inline Story active() {
  Story story;
  story.record = {};
  story.passes(600, {sibling()});
  story.takes();
  story.moved();
  return story;
}

}  // namespace cw::ha
