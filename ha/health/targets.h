// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ha/health/verdict.h"
#include "ha/values.h"

// What a router says of its site's targets, from tries at each of them, and what it tells people.
//
// A target that nobody reaches is no reason to move anything, and every router finds out at a
// moment of its own. So there are two measures. A standby's is soon bad and late good, an owner's
// the other way round: when an owner has lost a target, each standby that cannot reach it has said
// so, and when the target returns, the owner has it back before any standby claims to be better.
//
// A refused connection is one that failed: whatever stands between this router and the target may
// refuse it alone. Where the service itself is down, all are refused, and nothing moves.
//
// Pure; one thread; a few operations a try.
namespace cw::ha::health {

// How often each target is tried, and for how long: an answer within a VPC takes a millisecond, and
// the kernel repeats a lost SYN after a second.
inline constexpr Duration kTryEvery{2000};
inline constexpr Duration kTryFor{1000};

inline constexpr Verdict::Rows kOfStandby{.bad = 2, .good = 5};
inline constexpr Verdict::Rows kOfOwner{.bad = 4, .good = 2};

// From what happens until the verdict: the first try may be kTryEvery away, and fail at once or
// after kTryFor; then a heartbeat tells it.
inline constexpr Duration kToBeTold{500};
static_assert(kTryEvery * kOfStandby.bad + kTryFor + kToBeTold < kTryEvery * (kOfOwner.bad - 1));
static_assert(kTryEvery * kOfOwner.good + kTryFor < kTryEvery * (kOfStandby.good - 1));

// People are told of a target at once, and of one that comes and goes no more often than this.
inline constexpr Duration kTellEvery{60'000};

class Target {
 public:
  explicit Target(std::string name) : name_(std::move(name)) {}

  // `trouble`: why it was not reached; empty: it was.
  void tried(std::string trouble, Time now);

  // To be told to people now: it went out of reach, or came back.
  [[nodiscard]] bool is_news(Time now);

  [[nodiscard]] const std::string& name() const { return name_; }

  [[nodiscard]] bool was_tried() const { return was_tried_; }

  // By a standby's measure, which is what people are told. Not before it was tried.
  [[nodiscard]] bool reached() const { return of_standby_.good() || !was_tried_; }

  // Of the latest try that failed, while it is not reached.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

  [[nodiscard]] Time since() const { return since_; }  // of reached() being so

  friend OutOfReach out_of_reach(const std::vector<Target>& targets);

 private:
  std::string name_;
  std::string trouble_;
  Verdict of_standby_{kOfStandby, false};  // who just began promises nothing
  Verdict of_owner_{kOfOwner, true};       // and gives nothing away
  bool was_tried_ = false;
  Time since_;
  bool told_reached_ = true;
  std::optional<Time> told_;
};

// The bits of the first 16 (network/limits.h: there are no more).
[[nodiscard]] OutOfReach out_of_reach(const std::vector<Target>& targets);

// `names` in their order; of those that were there before, what is known is kept.
[[nodiscard]] std::vector<Target> configured(std::vector<Target> before,
                                             const std::vector<std::string>& names);

// The names whose bits are set.
[[nodiscard]] std::vector<std::string> named(std::uint16_t bits,
                                             const std::vector<Target>& targets);

}  // namespace cw::ha::health
