// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "ha/step.h"

// What the core's actions reach: siblings, the arbiter, the fabric, the gates. Nothing is answered
// here; answers come as events, later.
namespace cw::failover {

class Outlets {
 public:
  virtual ~Outlets() = default;

  virtual void send(const ha::Beat& beat) = 0;
  virtual void read(const ha::ReadRecord& read) = 0;
  virtual void write(const ha::WriteRecord& write) = 0;
  virtual void move(const ha::MoveAddress& move) = 0;
  virtual void check(const ha::CheckAddress& check) = 0;
  virtual void withdraw(const ha::WithdrawAddress& withdraw) = 0;
  virtual void open_gate(const std::string& gateway) = 0;
  virtual void start_handshakes(const std::string& gateway) = 0;
  virtual void stop_initiating(const std::string& gateway) = 0;
  virtual void close_gate(const std::string& gateway) = 0;
  // A sibling hands over; the runner is told Prepared when it may.
  virtual void prepare(const ha::Prepare& prepare) = 0;
  virtual void refused(const ha::MoveRefused& refused) = 0;
  virtual void changed(const ha::Changed& changed) = 0;
  virtual void left() = 0;
  // Step again then at the latest.
  virtual void wake_at(ha::Time when) = 0;
};

}  // namespace cw::failover
