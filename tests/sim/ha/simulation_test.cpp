// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/sim/ha/world.h"

// Ten thousand histories. CW_HA_SEEDS says how many instead, CW_HA_FIRST from which; a seed that
// failed is seen again, step by step, with CW_HA_SEED=N and
// --gtest_filter=HaSimulation.OneSeedIsTold.
namespace cw::sim {
namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t kSeeds = 1000;
#else
constexpr std::uint64_t kSeeds = 10'000;
#endif
constexpr int kMostFailures = 5;  // of which the seeds are printed

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  if (text == nullptr) {
    return otherwise;
  }
  std::uint64_t number = otherwise;
  std::from_chars(text, text + std::strlen(text), number);
  return number;
}

TEST(HaSimulation, InvariantsHoldInEveryHistory) {
  const std::uint64_t first = number_from("CW_HA_FIRST", 1);
  const std::uint64_t seeds = number_from("CW_HA_SEEDS", kSeeds);
  std::uint64_t steps = 0;
  std::uint64_t takeovers = 0;
  int failures = 0;
  std::array<std::vector<Micros>, 1> outages;
  for (std::uint64_t seed = first; seed < first + seeds && failures < kMostFailures; ++seed) {
    World world(make_scenario(seed));
    const auto violation = world.run();
    steps += world.steps();
    takeovers += world.takeovers();
    if (violation) {
      ++failures;
      ADD_FAILURE() << to_text(world.scenario()) << "\n  " << *violation
                    << "\n  step by step: CW_HA_SEED=" << seed
                    << " ha_simulation_test --gtest_filter=HaSimulation.OneSeedIsTold";
    }
  }
  fmt::print("{} histories, {} steps, {} takeovers from silent owners\n", seeds, steps, takeovers);
  EXPECT_GT(takeovers, seeds / 10) << "the histories have become too quiet to show anything";
}

// The same seed, the same history to the last line; and the one that CW_HA_SEED names is printed.
TEST(HaSimulation, OneSeedIsTold) {
  const std::uint64_t seed = number_from("CW_HA_SEED", 8);
  std::array<std::string, 2> told;
  std::optional<std::string> violation;
  for (std::string& each : told) {
    World world(make_scenario(seed), [&](const std::string& line) { each += line + '\n'; });
    violation = world.run();
  }
  EXPECT_EQ(told[0], told[1]);
  EXPECT_NE(told[0].find("active"), std::string::npos);
  if (std::getenv("CW_HA_SEED") != nullptr) {
    fmt::print("{}\n{}", to_text(make_scenario(seed)), told[0]);
    EXPECT_EQ(violation, std::nullopt);
  }
}

}  // namespace
}  // namespace cw::sim
