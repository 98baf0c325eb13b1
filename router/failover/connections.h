// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "ha/replica/looks.h"
#include "ha/replica/owner.h"
#include "ha/replica/standby.h"
#include "ha/reset/ending.h"
#include "netlink/socket/replication.h"

// The tracked connections through one gateway: told to its siblings while this router owns it, and
// given to this kernel while a sibling does, so that they are here before the address comes. Those
// that cannot go on here are not given to it, and are known when this router becomes owner, so that
// their clients can be told. What it decides is in ha/replica and ha/reset; this introduces that to
// the kernel. One thread.
//
// Whatever concerns all connections, of the host or of the gateway, is done by look(), a part with
// each call, of some milliseconds: the loop sends heartbeats in between, and a router that did not
// for 250 ms mistrusts itself (Timers::pause).
namespace cw::failover {

// What the kernel refused (its table is full, or was rebuilt meanwhile) is tried again after this.
inline constexpr ha::Duration kRetryEvery{3'000};

class Connections {
 public:
  using Payload = ha::replica::Payload;

  // `moving`: with the gateway. `start`: grows with each start of this process. As a standby.
  static Result<Connections> open(ha::reset::Moving moving, std::uint64_t start, ha::Time now);

  [[nodiscard]] int fd() const { return kernel_.fd(); }

  // This router owns the gateway by this term. Once for each tenure.
  void own(std::uint64_t term, ha::Time now);

  // It does not, any more.
  void stand_by(ha::Time now);

  [[nodiscard]] bool owns() const { return owner_ != nullptr; }

  // The kernel has something to tell; it calls again where more waits.
  Result<> on_ready(ha::Time now);

  // The next part of whatever there is to look at: what the kernel has, and, when this router
  // became owner, of what the owner before told, what ended.
  struct Looked {
    bool over = false;  // what the kernel has was looked at, or it refused to tell
    Result<> kernel;
    std::vector<netlink::Connection> ended;  // some; each once
  };

  [[nodiscard]] Looked look(ha::Time now);

  // None: never.
  [[nodiscard]] std::optional<ha::Time> look_due() const;

  // More may have ended than look() has said.
  [[nodiscard]] bool is_ending() const { return told_ != nullptr; }

  // From a sibling: one that listens where this router owns the gateway, else from its owner.
  Result<> heard(std::string_view sibling, std::span<const std::uint8_t> payload, ha::Time now);

  struct Turn {
    std::vector<Payload>
        say;          // to all siblings where this router owns the gateway, else to its owner
    Result<> kernel;  // what it said to what was given to it
  };

  [[nodiscard]] Turn step(ha::Time now);

  [[nodiscard]] ha::Time due() const;

  // As a standby: all that the owner has are here.
  [[nodiscard]] bool complete() const { return standby_ && !missing_ && standby_->complete(); }

  [[nodiscard]] std::size_t count() const;

  // As owner: for how long the sibling has not had something. As a standby: since the owner spoke.
  // None: never.
  [[nodiscard]] std::optional<ha::Duration> lag(std::string_view sibling, ha::Time now) const;

 private:
  // How far the look at what the kernel has is.
  enum class Phase : std::uint8_t {
    Begin,
    Dump,
    Sweep,  // what the kernel does not have any more
  };

  Connections(netlink::ReplicationSocket kernel, ha::reset::Moving moving, std::uint64_t start,
              ha::Time now)
      : kernel_(std::move(kernel)), moving_(std::move(moving)), start_(start), looks_(now) {}

  Result<> begin_look(ha::Time now);
  Result<> take_part(ha::Time now);
  void sweep(ha::Time now);
  void end_look(ha::Time now);
  void give_up(const Error& error, Looked& looked, ha::Time now);
  [[nodiscard]] std::vector<netlink::Connection> end_some();

  netlink::ReplicationSocket kernel_;
  ha::reset::Moving moving_;
  std::uint64_t start_;
  // One of the two.
  std::unique_ptr<ha::replica::Owner> owner_;
  std::unique_ptr<ha::replica::Standby> standby_;
  std::unique_ptr<ha::replica::Standby> told_;  // until it is known what of it ended
  ha::replica::Looks looks_;
  Phase phase_ = Phase::Begin;
  bool looked_ = false;   // since this router became owner, or a standby
  bool missing_ = false;  // the kernel refused some of what it was given
  ha::Time retry_at_{};
};

}  // namespace cw::failover
