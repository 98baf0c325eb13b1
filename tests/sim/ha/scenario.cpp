// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/ha/scenario.h"

#include <algorithm>

#include <fmt/format.h>

#include "tests/sim/ha/random.h"

namespace cw::sim {

namespace {

// Time for the first owners to be found.
constexpr Micros kSettled = 2 * kSecond;

// Holds and long waits shortened, so that seconds show what minutes would.
ha::Timers timers_of(Random& random) {
  ha::Timers timers = random.in_thousand(250) ? ha::aws_timers() : ha::lan_timers();
  timers.hold = ha::Duration{3000};
  timers.hold_most = ha::Duration{9000};
  timers.calm = ha::Duration{random.in_thousand(500) ? 4000 : 600'000};
  timers.relay = ha::Duration{6000};
  timers.handover_retry = ha::Duration{2000};
  timers.new_successor = ha::Duration{3000};
  timers.standby_check = ha::Duration{1000};
  timers.fabric_patience = std::min(timers.fabric_patience, ha::Duration{2000});
  return timers;
}

Partition partition(Random& random, std::size_t routers) {
  const std::size_t from = random.below(routers);
  std::size_t to = random.below(routers + 2);
  to = to == from ? routers : to;
  return {.from = from, .to = to, .lasts = random.between(kSecond / 10, 8 * kSecond)};
}

Crash crash(Random& random, std::size_t routers) {
  Crash crash{.router = random.below(routers),
              .machine = random.in_thousand(700),
              .owner = random.in_thousand(500),
              .lasts = random.in_thousand(700) ? random.between(kSecond / 10, 6 * kSecond) : 0};
  if (random.in_thousand(600)) {
    crash.owner = false;
    crash.at = ha::kRoles[random.below(std::size(ha::kRoles))];
    crash.after = random.below(4);
  }
  return crash;
}

Tell condition(Random& random, const Scenario& scenario) {
  const std::size_t router = random.below(scenario.routers.size());
  const auto fitness = static_cast<ha::Fitness>(random.below(3));
  const std::string gateway = scenario.gateways[random.below(scenario.gateways.size())].name;
  switch (random.below(7)) {
    case 0:
      return {router, ha::Checked{.gateway = gateway, .fitness = fitness}};
    case 1:
      return {router, ha::Checked{.gateway = "", .fitness = fitness}};
    case 2:
      return {router, ha::ClockChecked{.synchronised = random.in_thousand(300)}};
    case 3:
      return {router, ha::DrainRouter{.on = random.in_thousand(600)}};
    case 4: {
      // What an owner misses, a standby of it misses as well.
      const auto of_owner = static_cast<std::uint16_t>(random.below(4) & random.below(4));
      const auto of_standby = static_cast<std::uint16_t>(of_owner | random.below(4));
      return {router, ha::TargetsTried{{.of_standby = of_standby, .of_owner = of_owner}}};
    }
    case 5:
      return {router, ha::RestartSoon{ha::Duration{random.between(0, 6000)}}};
    default: {
      const auto serial = static_cast<std::uint64_t>(random.between(1, 5));
      return {router, ha::NetmapChanged{.serial = serial, .offered = random.below(2) * serial}};
    }
  }
}

void add_fault(Random& random, Scenario& scenario) {
  const std::size_t routers = scenario.routers.size();
  Fault fault{.at = random.between(kSettled, kSettled + 8 * kSecond), .what = ArbiterOutage{}};
  std::size_t which = 0;
  switch (scenario.kind) {
    case Kind::Chaos:
      which = random.below(6);
      break;
    case Kind::Partitions:
      which = random.below(8) == 0 ? 3 : 0;
      break;
    case Kind::Arbiter:
      which = 1;
      break;
    case Kind::Pauses:
      which = random.below(6) == 0 ? 3 : 2;
      break;
    case Kind::OneCrash:
    case Kind::Fabric:
      which = 3;
      break;
    case Kind::Handovers:
      which = random.below(3) == 0 ? 3 : 5;
      break;
    case Kind::Conditions:
      which = 4;
      break;
    case Kind::Succession:
      which = random.below(2) == 0 ? 2 : random.below(3) == 0 ? 0 : 3;
      break;
  }
  switch (which) {
    case 0:
      fault.what = partition(random, routers);
      break;
    case 1:
      fault.what = ArbiterOutage{random.between(kSecond / 5, 9 * kSecond)};
      break;
    case 2:
      fault.what = Pause{random.below(routers), random.between(kSecond / 10, 10 * kSecond)};
      break;
    case 3:
      fault.what = crash(random, routers);
      break;
    case 4:
      if (random.in_thousand(150)) {
        fault.what = Skew{random.below(routers), ha::Duration{random.between(-3000, 3000)}};
      } else {
        fault.what = condition(random, scenario);
      }
      break;
    default:
      fault.what = MoveOrder{random.below(scenario.gateways.size()), random.below(routers)};
      break;
  }
  scenario.faults.push_back(std::move(fault));
}

Trouble trouble_of(Random& random, Kind kind, bool slow) {
  Trouble trouble;
  trouble.fabric_most = slow ? 3 * kSecond : 100 * kMillisecond;
  if (kind == Kind::Arbiter) {
    trouble.request_loss = static_cast<std::uint32_t>(random.below(200));
    trouble.answer_loss = static_cast<std::uint32_t>(random.below(200));
    trouble.watch_loss = static_cast<std::uint32_t>(random.below(500));
    trouble.request_late = static_cast<std::uint32_t>(random.below(50));
  }
  if (kind == Kind::Chaos || kind == Kind::Fabric) {
    trouble.call_loss = static_cast<std::uint32_t>(random.below(300));
    trouble.call_answer_loss = static_cast<std::uint32_t>(random.below(300));
    trouble.call_late = static_cast<std::uint32_t>(random.below(300));
    trouble.call_refused = static_cast<std::uint32_t>(random.below(300));
  }
  if (kind == Kind::Chaos || kind == Kind::Handovers || kind == Kind::Partitions) {
    trouble.datagram_loss = static_cast<std::uint32_t>(random.below(300));
    trouble.datagram_twice = static_cast<std::uint32_t>(random.below(200));
    trouble.datagram_late = static_cast<std::uint32_t>(random.below(200));
  }
  if (kind == Kind::Chaos) {
    trouble.request_loss = static_cast<std::uint32_t>(random.below(150));
    trouble.answer_loss = static_cast<std::uint32_t>(random.below(150));
    trouble.request_late = static_cast<std::uint32_t>(random.below(100));
    trouble.watch_loss = static_cast<std::uint32_t>(random.below(300));
  }
  return trouble;
}

}  // namespace

Scenario make_scenario(std::uint64_t seed) {
  Random random(seed);
  Scenario scenario{.seed = seed, .kind = static_cast<Kind>(seed % kKinds)};
  scenario.timers = timers_of(random);
  const std::size_t routers = random.in_thousand(500) ? 2 : random.in_thousand(800) ? 3 : 4;
  for (std::size_t i = 0; i < routers; ++i) {
    scenario.routers.push_back(fmt::format("r{}", i));
  }
  const std::size_t gateways = random.in_thousand(600) ? 1 : 2 + random.below(2);
  for (std::size_t i = 0; i < gateways; ++i) {
    scenario.gateways.push_back({.name = fmt::format("g{}", i), .routers = scenario.routers});
  }
  const bool slow = random.in_thousand(200);
  scenario.trouble = trouble_of(random, scenario.kind, slow);
  if (scenario.kind == Kind::OneCrash) {
    const Micros at = random.between(kSettled, 2 * kSettled);
    scenario.faults.push_back({at, Crash{.owner = true, .lasts = 0}});
    scenario.healed = at;
    return scenario;
  }
  const std::size_t faults = 1 + random.below(scenario.kind == Kind::Chaos ? 6 : 4);
  for (std::size_t i = 0; i < faults; ++i) {
    add_fault(random, scenario);
  }
  if (scenario.kind == Kind::Succession) {
    scenario.faults.push_back({kSettled + random.between(0, 3 * kSecond),
                               ArbiterOutage{random.between(7, 15) * kSecond}});
  }
  std::ranges::stable_sort(scenario.faults, {}, &Fault::at);
  const Micros wait = scenario.kind == Kind::Succession ? 12 * kSecond : 6 * kSecond;
  scenario.healed = scenario.faults.back().at + random.between(kSecond, wait);
  return scenario;
}

std::string to_text(Kind kind) {
  constexpr const char* kNames[] = {"chaos",  "one crash", "arbiter",    "partitions", "pauses",
                                    "fabric", "handovers", "conditions", "succession"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string to_text(const Scenario& scenario) {
  return fmt::format(
      "seed {}: {}, {} routers, {} gateways, {} faults, renew {} ms, healed at {} ms",
      scenario.seed, to_text(scenario.kind), scenario.routers.size(), scenario.gateways.size(),
      scenario.faults.size(), scenario.timers.renew.count(), scenario.healed / kMillisecond);
}

}  // namespace cw::sim
