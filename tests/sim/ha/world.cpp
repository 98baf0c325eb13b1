// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/ha/world.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "tests/sim/ha/trace.h"

namespace cw::sim {

namespace {

constexpr Micros kQuietMost = 60 * kSecond;  // from the end of faults to I5
constexpr Micros kStable = 2 * kSecond;      // and it must stay so
constexpr Micros kDatagramMost = 2 * kMillisecond;
constexpr Micros kDatagramLate = 300 * kMillisecond;
constexpr Micros kBeginning = 1000 * kSecond;  // of the local clocks, away from kNever

}  // namespace

World::World(Scenario scenario, std::function<void(const std::string&)> told)
    : scenario_(std::move(scenario)),
      told_(std::move(told)),
      random_(scenario_.seed ^ 0x5eed),
      invariants_(scenario_),
      trouble_(scenario_.trouble) {
  const std::size_t count = scenario_.routers.size();
  routers_.resize(count);
  cut_.assign(count + 2, std::vector<std::uint32_t>(count + 2));
  records_.resize(scenario_.gateways.size());
  for (std::size_t i = 0; i < count; ++i) {
    routers_[i].clock_offset = kBeginning + random_.between(0, 1000 * kSecond);
    routers_[i].clock_ppm = random_.between(-200, 200);
    at(random_.between(0, kSecond / 2), Boot{.router = i, .life = 0, .machine = true});
  }
  for (const Fault& fault : scenario_.faults) {
    at(fault.at, fault);
  }
}

void World::at(Micros when, Happening happening) {
  std::size_t slot = slots_.size();
  if (free_slots_.empty()) {
    slots_.push_back(std::move(happening));
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
    slots_[slot] = std::move(happening);
  }
  queue_.push({.at = std::max(when, now_), .order = order_++, .slot = slot});
}

std::optional<std::string> World::run() {
  std::optional<Micros> good_since;
  while (!queue_.empty() && !invariants_.violation()) {
    const Due due = queue_.top();
    queue_.pop();
    now_ = due.at;
    Happening happening = std::move(slots_[due.slot]);
    free_slots_.push_back(due.slot);
    if (!healed_ && now_ >= scenario_.healed) {
      heal();
    }
    happen(std::move(happening));
    if (!healed_) {
      continue;
    }
    const bool good = converged();
    if (!good) {
      if (good_since) {
        good_since.reset();
      }
      if (now_ > scenario_.healed + kQuietMost) {
        invariants_.fail("I5: a minute after the last fault there is no order yet", now_);
      }
    } else if (!good_since) {
      good_since = now_;
      outage_ = crashed_at_ ? std::optional(now_ - *crashed_at_) : std::nullopt;
    }
    for (std::size_t g = 0; g < records_.size() && now_ > scenario_.healed + kLatest; ++g) {
      invariants_.check_reassertion(g, now_);
    }
    if (good_since && now_ - *good_since >= kStable) {
      break;
    }
  }
  return invariants_.violation();
}

void World::happen(Happening happening) {
  if (auto* mail = std::get_if<ForRouter>(&happening)) {
    if (routers_[mail->router].life == mail->life) {
      if (const auto* heard = std::get_if<ha::Heard>(&mail->event)) {
        invariants_.heartbeat_arrived(gateway_index(heard->beat.gateway),
                                      router_index(heard->beat.router), mail->router,
                                      heard->beat.serial, now_);
      }
      give(mail->router, mail->event);
    }
  } else if (const auto* wake = std::get_if<WakeUp>(&happening)) {
    if (routers_[wake->router].wake == wake->wake) {
      give(wake->router, ha::Tick{});
    }
  } else if (const auto* resume = std::get_if<Resume>(&happening)) {
    Router& router = routers_[resume->router];
    if (now_ >= router.paused_until && router.state) {
      tell(fmt::format("r{} runs again", resume->router));
      const std::vector<ha::Event> waiting = std::exchange(router.waiting, {});
      const std::uint64_t life = router.life;
      for (const ha::Event& event : waiting) {
        if (router.life == life && router.state) {
          give(resume->router, event);
        }
      }
    }
  } else if (const auto* again = std::get_if<Boot>(&happening)) {
    if (!routers_[again->router].state && routers_[again->router].life == again->life) {
      std::vector<std::string> open;
      for (std::size_t g = 0; g < records_.size(); ++g) {
        if (invariants_.gate(g, again->router).open) {
          open.push_back(scenario_.gateways[g].name);
        }
      }
      boot(again->router, open);
    }
  } else if (const auto* asked = std::get_if<AtArbiter>(&happening)) {
    at_arbiter(*asked);
  } else if (const auto* called = std::get_if<AtFabric>(&happening)) {
    at_fabric(*called);
  } else if (const auto* link = std::get_if<LinkUp>(&happening)) {
    std::uint32_t& cut = cut_[link->from][link->to];
    cut = cut > 0 ? cut - 1 : 0;
  } else if (std::holds_alternative<ArbiterUp>(happening)) {
    arbiter_out_ = arbiter_out_ > 0 ? arbiter_out_ - 1 : 0;
  } else if (const auto* fault = std::get_if<Fault>(&happening)) {
    strike(*fault);
  }
}

void World::boot(std::size_t index, const std::vector<std::string>& open_gates) {
  Router& router = routers_[index];
  ++router.life;
  router.paused_until = 0;
  router.waiting.clear();
  invariants_.started(index);
  tell(fmt::format("r{} starts", index));
  router.state = ha::start(config_of(index), open_gates, local(router));
  router.claimed.resize(records_.size());
  for (std::size_t g = 0; g < records_.size(); ++g) {  // as the process does at its start
    const bool open = std::ranges::find(open_gates, scenario_.gateways[g].name) != open_gates.end();
    router.claimed[g] = router.claimed[g] && open;
  }
  for (std::size_t g = 0; g < records_.size(); ++g) {
    mark(Mark::What::Start, g, index);
  }
  give(index, ha::NetmapChanged{.serial = router.serial, .offered = 0});
}

void World::die(std::size_t index, bool machine, Micros lasts) {
  Router& router = routers_[index];
  if (!router.state) {
    return;
  }
  tell(fmt::format("r{} dies ({})", index, machine ? "machine" : "process"));
  router.state.reset();
  for (std::size_t g = 0; g < records_.size(); ++g) {
    if (machine) {
      mark(Mark::What::Die, g, index);
      router.claimed[g] = false;
    }
    invariants_.crashed(g, index, !machine, now_);
  }
  if (lasts > 0) {
    at(now_ + lasts, Boot{.router = index, .life = router.life, .machine = machine});
  }
}

void World::give(std::size_t index, const ha::Event& event) {
  Router& router = routers_[index];
  if (!router.state) {
    return;
  }
  if (now_ < router.paused_until) {
    const bool tick = std::holds_alternative<ha::Tick>(event);
    if (tick || router.waiting.size() < 64) {  // a socket's buffer
      router.waiting.push_back(event);
    }
    return;
  }
  ++steps_;
  if (const auto* netmap = std::get_if<ha::NetmapChanged>(&event)) {
    invariants_.has_netmap(index, netmap->serial);
  }
  std::vector<ha::Epoch> seen;
  for (const ha::Gateway& gateway : router.state->gateways) {
    seen.push_back(gateway.seen);
  }
  if (told_ && !std::holds_alternative<ha::Tick>(event)) {
    tell(fmt::format("r{} <- {}", index, describe(event)));
  }
  ha::Step done = ha::step(std::move(*router.state), event, local(router));
  router.state = std::move(done.state);
  for (std::size_t g = 0; g < seen.size(); ++g) {
    const ha::Gateway& gateway = router.state->gateways[g];
    invariants_.saw(g, index, seen[g], gateway.seen, now_);
    if (ha::is_owning(gateway.role) && gateway.record.record &&
        gateway.record.record->term > gateway.epoch.term &&
        gateway.record.record->owner != scenario_.routers[index]) {
      invariants_.fail(fmt::format("R1: r{} has read that it is owner no more, and goes on", index),
                       now_);
    }
  }
  const Micros wait =
      std::chrono::duration_cast<std::chrono::microseconds>(done.wake - router.state->stepped)
          .count();
  if (wait <= 0) {
    invariants_.fail(fmt::format("r{} wants to be woken in the past", index), now_);
  }
  at(now_ + wait + random_.between(0, kMillisecond),
     WakeUp{.router = index, .wake = ++router.wake});
  do_actions(index, done.actions);
}

bool World::ambushed(std::size_t index, const std::vector<ha::Action>& actions, std::size_t& done,
                     Crash& crash) {
  std::vector<Crash>& ambushes = routers_[index].ambushes;
  for (std::size_t i = 0; i < ambushes.size(); ++i) {
    for (const ha::Action& action : actions) {
      const auto* change = std::get_if<ha::Changed>(&action);
      if (change != nullptr && change->to == ambushes[i].at) {
        crash = ambushes[i];
        done = std::min(crash.after, actions.size());
        ambushes.erase(ambushes.begin() + static_cast<std::ptrdiff_t>(i));
        return true;
      }
    }
  }
  return false;
}

bool World::do_actions(std::size_t index, const std::vector<ha::Action>& actions) {
  std::size_t count = actions.size();
  Crash crash;
  const bool dies = !routers_[index].ambushes.empty() && ambushed(index, actions, count, crash);
  for (std::size_t i = 0; i < count; ++i) {
    do_action(index, actions[i]);
  }
  if (dies) {
    die(index, crash.machine, crash.lasts);
  }
  return !dies;
}

void World::do_action(std::size_t index, const ha::Action& action) {
  const auto state_of = [&](const std::string& name) -> const ha::Gateway& {
    return routers_[index].state->gateways[gateway_index(name)];
  };
  if (const auto* beat = std::get_if<ha::SendBeat>(&action)) {
    send(index, beat->beat);
    return;
  }
  if (told_) {
    tell(fmt::format("r{} -> {}", index, describe(action)));
  }
  if (const auto* read = std::get_if<ha::ReadRecord>(&action)) {
    ask_arbiter(index, *read);
  } else if (const auto* write = std::get_if<ha::WriteRecord>(&action)) {
    const std::size_t g = gateway_index(write->gateway);
    const ha::Gateway& gateway = state_of(write->gateway);
    if (!gateway.record.record || gateway.record.record->term != write->record.term) {
      mark(Mark::What::Ask, g, index, {.term = write->record.term});
    }
    ask_arbiter(index, *write);
  } else if (const auto* move = std::get_if<ha::MoveAddress>(&action)) {
    const std::size_t g = gateway_index(move->gateway);
    mark(Mark::What::Call, g, index, state_of(move->gateway).epoch);
    invariants_.moves(g, index, state_of(move->gateway), now_);
    routers_[index].claimed[g] = true;
    ask_fabric(index, move->gateway, move->request, true);
  } else if (const auto* withdraw = std::get_if<ha::WithdrawAddress>(&action)) {
    routers_[index].claimed[gateway_index(withdraw->gateway)] = false;
  } else if (const auto* check = std::get_if<ha::CheckAddress>(&action)) {
    ask_fabric(index, check->gateway, check->request, false);
  } else if (const auto* open = std::get_if<ha::OpenGate>(&action)) {
    const std::size_t g = gateway_index(open->gateway);
    mark(Mark::What::Open, g, index, open->epoch);
    invariants_.gate_changed(g, index, {.open = true, .epoch = open->epoch}, now_);
  } else if (const auto* kick = std::get_if<ha::StartHandshakes>(&action)) {
    invariants_.starts_handshakes(gateway_index(kick->gateway), index, state_of(kick->gateway),
                                  now_);
  } else if (const auto* close = std::get_if<ha::CloseGate>(&action)) {
    const std::size_t g = gateway_index(close->gateway);
    mark(Mark::What::Close, g, index);
    invariants_.gate_changed(g, index, {}, now_);
  } else if (const auto* prepare = std::get_if<ha::Prepare>(&action)) {
    if (random_.in_thousand(950)) {
      at(now_ + random_.between(20, 300) * kMillisecond,
         ForRouter{index, routers_[index].life,
                   ha::Prepared{.gateway = prepare->gateway, .handover = prepare->handover}});
    }
  } else if (const auto* change = std::get_if<ha::Changed>(&action)) {
    const std::size_t g = gateway_index(change->gateway);
    if (change->to == ha::Role::Move) {
      mark(Mark::What::Own, g, index, change->epoch);
    } else if (change->to == ha::Role::Relay) {
      mark(Mark::What::Relay, g, index, change->epoch);
    }
    const ha::Record record = state_of(change->gateway).record.record.value_or(ha::Record{});
    invariants_.changed(g, index, *change, record.owner, now_);
  }
}

void World::send(std::size_t index, const ha::Beat& beat) {
  for (std::size_t to = 0; to < routers_.size(); ++to) {
    const auto ahead = routers_[to].skew - routers_[index].skew;
    if (to == index || cut_[index][to] > 0 || !routers_[to].state) {
      continue;
    }
    int copies = random_.in_thousand(trouble_.datagram_loss) ? 0 : 1;
    copies += random_.in_thousand(trouble_.datagram_twice) ? 1 : 0;
    for (int i = 0; i < copies; ++i) {
      const Micros most =
          random_.in_thousand(trouble_.datagram_late) ? kDatagramLate : kDatagramMost;
      at(now_ + random_.between(kMillisecond / 10, most),
         ForRouter{to, routers_[to].life, ha::Heard{.beat = beat, .ahead = ahead}});
    }
  }
}

// I5: each gateway's owner is alive, active and has the address; nobody else's gate is open or
// claims the address, but that of a process that died with the machine going on.
bool World::converged() const {
  for (std::size_t g = 0; g < records_.size(); ++g) {
    if (!records_[g].record) {
      return false;
    }
    bool served = false;
    for (std::size_t i = 0; i < routers_.size(); ++i) {
      const bool owner = records_[g].record->owner == scenario_.routers[i];
      const auto& state = routers_[i].state;
      const Invariants::Gate& gate = invariants_.gate(g, i);
      if (owner) {
        served = state && state->gateways[g].role == ha::Role::Active && gate.open &&
                 gate.epoch == ha::Epoch{.term = records_[g].record->term} &&
                 invariants_.fabric(g) == i;
      } else if (state &&
                 (gate.open || routers_[i].claimed[g] || ha::is_owning(state->gateways[g].role))) {
        return false;
      }
    }
    if (!served) {
      return false;
    }
  }
  return true;
}

std::size_t World::router_index(const std::string& name) const {
  return static_cast<std::size_t>(name[1] - '0');  // r0, r1, ...
}

std::size_t World::gateway_index(const std::string& name) const {
  return static_cast<std::size_t>(name[1] - '0');  // g0, g1, ... (make_scenario)
}

ha::Time World::local(const Router& router) const {
  return ha::Time{
      std::chrono::microseconds{router.clock_offset + now_ + now_ / kSecond * router.clock_ppm}};
}

ha::Config World::config_of(std::size_t router) const {
  return {.router = scenario_.routers[router],
          .gateways = scenario_.gateways,
          .timers = scenario_.timers};
}

void World::mark(Mark::What what, std::size_t gateway, std::size_t router, ha::Epoch epoch) {
  marks_.push_back(
      {.at = now_, .what = what, .gateway = gateway, .router = router, .epoch = epoch});
}

void World::tell(const std::string& what) {
  if (told_) {
    told_(fmt::format("{:3}.{:06} {}", now_ / kSecond, now_ % kSecond, what));
  }
}

}  // namespace cw::sim
