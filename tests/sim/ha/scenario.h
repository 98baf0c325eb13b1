// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "ha/step.h"

// What a seed stands for: who is there, how well the parts work, and what goes wrong when. Plain
// values; the same seed gives the same scenario.
namespace cw::sim {

using Micros = std::int64_t;  // virtual time since the beginning

inline constexpr Micros kMillisecond = 1000;
inline constexpr Micros kSecond = 1'000'000;

// In thousands, and how long things take.
struct Trouble {
  std::uint32_t datagram_loss = 0;
  std::uint32_t datagram_twice = 0;
  std::uint32_t datagram_late = 0;  // overtaken by later ones
  std::uint32_t request_loss = 0;   // arbiter: before it takes effect
  std::uint32_t answer_loss = 0;    // after it took effect
  std::uint32_t request_late = 0;   // takes effect seconds later
  std::uint32_t watch_loss = 0;
  std::uint32_t call_loss = 0;  // fabric, the same three
  std::uint32_t call_answer_loss = 0;
  std::uint32_t call_late = 0;
  std::uint32_t call_refused = 0;
  Micros arbiter_most = 20 * kMillisecond;
  Micros fabric_most = 100 * kMillisecond;
};

struct Partition {  // one way; router == number of routers: the arbiter; +1: the fabric
  std::size_t from = 0;
  std::size_t to = 0;
  Micros lasts = 0;
};

struct ArbiterOutage {
  Micros lasts = 0;
};

struct Pause {
  std::size_t router = 0;
  Micros lasts = 0;
};

// `machine`: its gates are gone with it; else its process alone. In the step in which it becomes
// `at`, with `after` of that step's actions done; at once where there is none.
struct Crash {
  std::size_t router = 0;
  bool machine = true;
  bool owner = false;  // whoever owns gateway 0, instead of `router`
  std::optional<ha::Role> at;
  std::size_t after = 0;
  Micros lasts = 0;  // 0: to the end
};

struct Tell {  // an event from outside of the protocol, to one router
  std::size_t router = 0;
  ha::Event event;
};

struct Skew {  // how far the router's calendar is from the others'
  std::size_t router = 0;
  ha::Duration ahead{0};
};

struct MoveOrder {  // `ha move`, to whoever owns it
  std::size_t gateway = 0;
  std::size_t to = 0;
};

struct Fault {
  Micros at = 0;
  std::variant<Partition, ArbiterOutage, Pause, Crash, Tell, MoveOrder, Skew> what;
};

enum class Kind : std::uint8_t {
  Chaos,
  OneCrash,
  Arbiter,  // nothing but the arbiter fails: no owner may change
  Partitions,
  Pauses,
  Fabric,
  Handovers,
  Conditions,  // health, clocks, netmaps, drains
  Succession,  // the owner goes while the arbiter is down; routers pause
};

inline constexpr std::size_t kKinds = 9;

struct Scenario {
  std::uint64_t seed = 0;
  Kind kind = Kind::Chaos;
  std::vector<std::string> routers;
  std::vector<ha::Config::Gateway> gateways;
  ha::Timers timers;
  Trouble trouble;            // until `healed`
  std::vector<Fault> faults;  // by time
  Micros healed = 0;          // from here on everything works
};

[[nodiscard]] Scenario make_scenario(std::uint64_t seed);
[[nodiscard]] std::string to_text(Kind kind);
[[nodiscard]] std::string to_text(const Scenario& scenario);

}  // namespace cw::sim
