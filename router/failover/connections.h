// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "ha/replica/owner.h"
#include "ha/replica/standby.h"
#include "ha/reset/ending.h"
#include "netlink/socket/replication.h"

// The tracked connections through one gateway: told to its siblings while this router owns it, and
// given to this kernel while a sibling does, so that they are here before the address comes. Those
// that cannot go on here are not given to it, and are known when this router becomes owner, so that
// their clients can be told. What it decides is in ha/replica and ha/reset; this introduces that to
// the kernel. One thread.
namespace cw::failover {

// A flow in a flowtable announces nothing, and connections from before we listened do not announce
// their end: so the owner looks at all of them this often.
inline constexpr ha::Duration kDumpEvery{60'000};
// What the kernel refused (its table is full, or was rebuilt meanwhile) is tried again after this.
inline constexpr ha::Duration kRetryEvery{3'000};
// Events read in one go, a few hundred each; what waits behind them waits for timers, too.
inline constexpr int kMostReads = 16;

class Connections {
 public:
  using Payload = ha::replica::Payload;

  // `moving`: with the gateway. `start`: grows with each start of this process. As a standby.
  static Result<Connections> open(ha::reset::Moving moving, std::uint64_t start, ha::Time now);

  [[nodiscard]] int fd() const { return kernel_.fd(); }

  // This router owns the gateway by this term. Once for each tenure.
  Result<> own(std::uint64_t term, ha::Time now);

  // Those that ended when this router became owner, from standby. Once; empty where the kernel
  // could not be asked what it has itself.
  [[nodiscard]] std::vector<netlink::Connection> ended() { return std::exchange(ended_, {}); }

  // It does not, any more.
  Result<> stand_by(ha::Time now);

  [[nodiscard]] bool owns() const { return owner_ != nullptr; }

  // The kernel has something to tell.
  Result<> on_ready(ha::Time now);

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
  Connections(netlink::ReplicationSocket kernel, ha::reset::Moving moving, std::uint64_t start)
      : kernel_(std::move(kernel)), moving_(std::move(moving)), start_(start) {}

  Result<> dump(ha::Time now);
  void take(const netlink::ConnectionEvent& event, ha::Time now);

  netlink::ReplicationSocket kernel_;
  ha::reset::Moving moving_;
  std::uint64_t start_;
  // One of the two.
  std::unique_ptr<ha::replica::Owner> owner_;
  std::unique_ptr<ha::replica::Standby> standby_;
  std::vector<netlink::Connection> ended_;
  ha::Time dump_at_{};
  bool missing_ = false;  // the kernel refused some of what it was given
  ha::Time retry_at_{};
};

}  // namespace cw::failover
