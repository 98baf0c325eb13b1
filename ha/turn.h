// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "ha/state.h"
#include "ha/step.h"

// Inside of step(): its parts, by what they are about. Nobody else includes this.
namespace cw::ha {

// One call of step(): the state that changes, the actions so far, the time.
struct Turn {
  State& state;
  std::vector<Action>& actions;
  Time now;

  [[nodiscard]] const Timers& timers() const { return state.config.timers; }

  [[nodiscard]] const std::string& self() const { return state.config.router; }

  void act(Action action) { actions.push_back(std::move(action)); }
};

// turn.cpp
void change(Turn& turn, Gateway& gateway, Role to, Why why);
// To be owner no more, or not yet: Relay while the gate is open, else Standby or Fenced.
void step_back(Turn& turn, Gateway& gateway, Why why);
[[nodiscard]] Gateway* find(State& state, std::string_view gateway);
[[nodiscard]] Sibling* find_sibling(Gateway& gateway, std::string_view router);
[[nodiscard]] const Sibling* find_sibling(const Gateway& gateway, std::string_view router);
// Heard lately enough not to be suspected.
[[nodiscard]] bool is_live(const State& state, const Sibling& sibling, Time now);
[[nodiscard]] Time suspected_at(const State& state, const Sibling& sibling);
[[nodiscard]] bool owns(const State& state, const Gateway& gateway);  // by the record

// record.cpp: the arbiter
void ask(Turn& turn, Gateway& gateway, Request::Kind kind);
void read_record(Turn& turn, Gateway& gateway);
void take_answer(Turn& turn, Gateway& gateway, const ArbiterAnswer& answer);
void learn(Turn& turn, Gateway& gateway, const VersionedRecord& current, bool authoritative);
void follow_record(Turn& turn, Gateway& gateway);
void expire_arbiter(Turn& turn, Gateway& gateway);
void ask_arbiter(Turn& turn, Gateway& gateway);  // what is due
[[nodiscard]] bool arbiter_is_down(const Turn& turn, const Gateway& gateway);

// claim.cpp: who takes over, and when
void claim(Turn& turn, Gateway& gateway, Why why);
void consider_claim(Turn& turn, Gateway& gateway);
void consider_succession(Turn& turn, Gateway& gateway);
[[nodiscard]] std::optional<Why> reason_to_claim(const Turn& turn, const Gateway& gateway);
[[nodiscard]] std::string choose_successor(const Turn& turn, const Gateway& gateway);
[[nodiscard]] std::vector<std::string> queue_for(const Turn& turn, const Gateway& gateway);
[[nodiscard]] Duration hold_of(const Timers& timers, std::uint32_t held);
[[nodiscard]] std::uint32_t owned(const State& state);

// owner.cpp: the fabric, and being owner
void become_owner(Turn& turn, Gateway& gateway, Epoch epoch, Why why);
void supersede(Turn& turn, Gateway& gateway, Why why);
void withdraw(Turn& turn, Gateway& gateway);
void take_answer(Turn& turn, Gateway& gateway, const FabricAnswer& answer);
void arrive(Turn& turn, Gateway& gateway);
void check_soon(const Turn& turn, Gateway& gateway);  // where the address is
void expire_fabric(Turn& turn, Gateway& gateway);
void ask_fabric(Turn& turn, Gateway& gateway);
void tend_relay(Turn& turn, Gateway& gateway);
void close(Turn& turn, Gateway& gateway, Why why);  // a relay's gate
void tend_handshakes(Turn& turn, Gateway& gateway);

// handover.cpp
void begin_handover(Turn& turn, Gateway& gateway, const std::string& to, Why why);
void tend_handover(Turn& turn, Gateway& gateway);    // as owner
void answer_handover(Turn& turn, Gateway& gateway);  // as the sibling that gets it
void refuse_or_move(Turn& turn, Gateway& gateway, const MoveGateway& wish);
void tend_leaving(Turn& turn);

}  // namespace cw::ha
