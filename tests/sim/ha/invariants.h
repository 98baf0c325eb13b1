// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ha/values.h"
#include "tests/sim/ha/scenario.h"

// What must hold in every world at every instant, as the facts of the protocol number it. They look
// at the world from outside: at the true record, the true fabric and the true gates, not at what a
// router believes. The first violation is kept.
//   I1 two open gates of a gateway never carry the same epoch
//   I2 a gate open under the arbiter's current term is its owner's
//   I3 nothing is begun (handshakes, a move) but by an owner; handshakes with an open gate only
//   I4 terms grow: the arbiter's by every change of owner, a router's with everything it sees
//   I5 when faults end, every gateway has one owner, which has the address and the one open gate
//   I6 a router that is not owner changes the fabric no longer than its last word from the arbiter
//      allows; once faults are over, an owner without its address gets it back within a
//      reconciliation
//   I7 takeovers from silent owners keep their hold
//   I8 the arbiter alone changes no owner
//   I9 a handover ends with a new owner, or with the old one active
//   I10 nobody becomes active with a netmap older than an owner's before, while a newer one is
//   heard of S1 whom a router takes for silent did not just send it a heartbeat, even one that it
//   did not read S2 an owner that renews is not taken over by suspicion
namespace cw::sim {

class Invariants {
 public:
  explicit Invariants(const Scenario& scenario);

  struct Gate {
    bool open = false;
    ha::Epoch epoch;
  };

  void gate_changed(std::size_t gateway, std::size_t router, Gate gate, Micros now);
  void written(std::size_t gateway, const ha::Record& before, const ha::Record& record, Micros now);
  // `believed`: the owner, as the router knows it.
  void changed(std::size_t gateway, std::size_t router, const ha::Changed& change,
               const std::string& believed, Micros now);
  void saw(std::size_t gateway, std::size_t router, ha::Epoch before, ha::Epoch after, Micros now);
  // `word`: when the arbiter last told this router anything; `down`: it gave up on the arbiter.
  void moves(std::size_t gateway, std::size_t router, const ha::Gateway& state, Micros now);
  void starts_handshakes(std::size_t gateway, std::size_t router, const ha::Gateway& state,
                         Micros now);
  void fabric_is(std::size_t gateway, std::size_t router, Micros now);
  void crashed(std::size_t gateway, std::size_t router, bool gate_stays, Micros now);
  void check_reassertion(std::size_t gateway, Micros now);  // I6, where everything works
  void heartbeat_arrived(std::size_t gateway, std::size_t from, std::size_t to,
                         std::uint64_t serial, Micros now);
  void started(std::size_t router);

  void has_netmap(std::size_t router, std::uint64_t serial) { serials_[router] = serial; }

  void fail(const std::string& what, Micros now);

  [[nodiscard]] const std::optional<std::string>& violation() const { return violation_; }

  [[nodiscard]] const Gate& gate(std::size_t gateway, std::size_t router) const {
    return gateways_[gateway].gates[router];
  }

  [[nodiscard]] const ha::Record& record(std::size_t gateway) const {
    return gateways_[gateway].record;
  }

  [[nodiscard]] std::size_t fabric(std::size_t gateway) const { return gateways_[gateway].fabric; }

  [[nodiscard]] std::uint32_t takeovers() const { return takeovers_; }

 private:
  struct Arrived {
    Micros at = 0;
    std::uint64_t serial = 0;
  };

  struct PerGateway {
    std::vector<Gate> gates;
    ha::Record record;
    Micros owner_since = 0;
    Micros written_at = 0;
    ha::Epoch latest;                           // that anybody owned
    std::vector<std::vector<Arrived>> arrived;  // [from][to]: heartbeats
    std::size_t fabric = 0;
    Micros astray_since = -1;  // the owner serves, and the address is elsewhere
    std::vector<bool> draining;
    std::vector<std::uint64_t> drained_term;
  };

  void check_gates(std::size_t gateway, Micros now);
  void check_silence(std::size_t gateway, std::size_t router, const ha::Changed& change,
                     const std::string& believed, Micros now);
  void check_netmap(std::size_t gateway, std::size_t router, Micros now);

  const Scenario& scenario_;
  std::vector<PerGateway> gateways_;
  std::vector<std::uint64_t> serials_;
  std::optional<std::string> violation_;
  std::uint32_t takeovers_ = 0;
};

}  // namespace cw::sim
