// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <queue>
#include <string>
#include <variant>
#include <vector>

#include "ha/step.h"
#include "tests/sim/ha/invariants.h"
#include "tests/sim/ha/random.h"
#include "tests/sim/ha/scenario.h"

// Routers that run the production's step() in a world of virtual time: datagrams, an arbiter and a
// fabric that fail as their contracts allow, clocks that differ, routers that pause and crash. One
// thread, one queue of what happens next, one source of randomness: a seed is a history.
namespace cw::sim {

// What can be seen of a history from outside; ha/model/ judges it.
struct Mark {
  enum class What : std::uint8_t {
    Ask,      // router asks the arbiter for `epoch`, as owner
    Written,  // the arbiter takes it
    Own,      // router believes to own under `epoch`
    Call,     // router asks the fabric for the address
    Landed,   // the fabric brings it to router
    Open,     // router's gate opens under `epoch`
    Relay,    // router owns no more, its gate is open
    Close,    // router's gate closes
    Die,      // router ends, its gate with it
    Start,    // router begins anew
  };

  Micros at = 0;
  What what = What::Ask;
  std::size_t gateway = 0;
  std::size_t router = 0;
  ha::Epoch epoch;
};

inline constexpr Micros kLatest = 4 * kSecond;  // that a late request or call takes effect

class World {
 public:
  // `told`: gets a line for everything that happens.
  explicit World(Scenario scenario, std::function<void(const std::string&)> told = {});

  // To the end. None, or what went wrong first.
  std::optional<std::string> run();

  [[nodiscard]] const std::vector<Mark>& marks() const { return marks_; }

  [[nodiscard]] std::uint64_t steps() const { return steps_; }

  [[nodiscard]] std::uint32_t takeovers() const { return invariants_.takeovers(); }

  // Kind::OneCrash: from the crash to the last gateway served again.
  [[nodiscard]] std::optional<Micros> outage() const { return outage_; }

  [[nodiscard]] const Scenario& scenario() const { return scenario_; }

 private:
  struct Router {
    std::optional<ha::State> state;  // none: dead
    std::uint64_t life = 0;          // its boots; what was for an earlier one is dropped
    std::int64_t clock_offset = 0;   // microseconds
    std::int64_t clock_ppm = 0;
    ha::Duration skew{0};  // of its calendar
    Micros paused_until = 0;
    std::vector<ha::Event> waiting;  // while it was paused
    std::uint64_t wake = 0;          // the one that counts
    std::uint64_t serial = 1;
    std::vector<Crash> ambushes;  // crashes at a role
    std::vector<bool> claimed;    // by gateway: the kernel of a LAN would answer for its address
  };

  struct ForRouter {
    std::size_t router = 0;
    std::uint64_t life = 0;
    ha::Event event;
  };

  struct WakeUp {
    std::size_t router = 0;
    std::uint64_t wake = 0;
  };

  struct Resume {
    std::size_t router = 0;
  };

  struct Boot {
    std::size_t router = 0;
    std::uint64_t life = 0;  // that died
    bool machine = true;
  };

  struct AtArbiter {
    std::size_t router = 0;
    std::uint64_t life = 0;
    std::variant<ha::ReadRecord, ha::WriteRecord> request;
  };

  struct AtFabric {
    std::size_t router = 0;
    std::uint64_t life = 0;
    std::size_t gateway = 0;
    std::uint64_t request = 0;
    bool move = false;
  };

  struct LinkUp {
    std::size_t from = 0;
    std::size_t to = 0;
  };

  struct ArbiterUp {};

  using Happening =
      std::variant<ForRouter, WakeUp, Resume, Boot, AtArbiter, AtFabric, LinkUp, ArbiterUp, Fault>;

  struct Due {
    Micros at = 0;
    std::uint64_t order = 0;
    std::size_t slot = 0;

    friend bool operator>(const Due& a, const Due& b) {
      return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
  };

  void at(Micros when, Happening happening);
  void happen(Happening happening);
  void boot(std::size_t router, const std::vector<std::string>& open_gates);
  void die(std::size_t router, bool machine, Micros lasts);
  void give(std::size_t router, const ha::Event& event);
  // False: the router died on the way.
  bool do_actions(std::size_t router, const std::vector<ha::Action>& actions);
  bool ambushed(std::size_t router, const std::vector<ha::Action>& actions, std::size_t& done,
                Crash& crash);
  void do_action(std::size_t router, const ha::Action& action);
  void send(std::size_t router, const ha::Beat& beat);
  void ask_arbiter(std::size_t router, std::variant<ha::ReadRecord, ha::WriteRecord> request);
  void ask_fabric(std::size_t router, const std::string& gateway, std::uint64_t request, bool move);
  void at_arbiter(const AtArbiter& asked);
  void write(std::size_t router, std::size_t gateway, const ha::Record& record);
  void at_fabric(const AtFabric& called);
  void strike(const Fault& fault);
  void heal();
  [[nodiscard]] bool converged() const;
  [[nodiscard]] std::size_t router_index(const std::string& name) const;
  [[nodiscard]] std::size_t gateway_index(const std::string& name) const;
  [[nodiscard]] ha::Time local(const Router& router) const;
  [[nodiscard]] ha::Config config_of(std::size_t router) const;
  void mark(Mark::What what, std::size_t gateway, std::size_t router, ha::Epoch epoch = {});
  void tell(const std::string& what);

  Scenario scenario_;
  std::function<void(const std::string&)> told_;
  Random random_;
  Invariants invariants_;
  Trouble trouble_;
  Micros now_ = 0;
  std::uint64_t order_ = 0;
  std::uint64_t steps_ = 0;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> queue_;
  std::vector<Happening> slots_;
  std::vector<std::size_t> free_slots_;
  std::vector<Router> routers_;
  std::vector<std::vector<std::uint32_t>> cut_;  // [from][to]: partitions in force
  std::uint32_t arbiter_out_ = 0;
  std::vector<ha::VersionedRecord> records_;
  std::uint64_t version_ = 0;
  std::vector<Mark> marks_;
  bool healed_ = false;
  std::optional<Micros> crashed_at_;
  std::optional<Micros> outage_;
};

}  // namespace cw::sim
