// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "firewall/ruleset/revoked.h"
#include "router/agent/runtime_folder.h"
#include "router/apply/apply.h"
#include "router/model/snapshot.h"
#include "router/plan/guard.h"
#include "router/plan/overlap.h"

// Makes the kernel what the network says, one round at a time: desired, read, plan, apply, read
// again, and the second plan must be empty. Holds the netmap, and of the kernel only what the
// last round left, which decides what is worth writing first and nothing else (ADR 0025).
// Knows no loop and no timer; whoever calls decides when to try again. Blocking, one thread; a
// round without a difference costs one dump and writes nothing.
namespace cw::agent {

struct FailedStep {
  std::string line;  // the step, as router::to_lines says it
  Error error;
};

struct Round {
  bool settled = false;                     // the kernel is as wanted, and all of it was read
  std::vector<std::string> done;            // steps made, a line each
  bool wrote_firewall = false;              // one of them, or tried to
  std::vector<FailedStep> failed;           // steps the kernel refused
  std::vector<std::string> left;            // steps that a second look still asks for
  std::vector<Error> errors;                // what could not be read, decided or remembered
  std::vector<FailedStep> refused;          // translators, and in nothing above; see refusals()
  router::Dump<netlink::WgDevice> devices;  // as they were found
};

// A network that could be taken, and what it would make of the kernel.
struct Candidate {
  network::Netmap netmap;
  std::vector<router::Overlap> overlaps;
  router::DesiredState desired;
};

class Reconciler {
 public:
  // All of these outlive this.
  Reconciler(router::Sinks sinks, const router::KeyRing& keys, const RuntimeFolder& folder)
      : sinks_(std::move(sinks)), keys_(keys), folder_(folder) {}

  void set_host(router::Host host);
  // What it asks of this router. ErrorKind::Invalid: this router cannot serve it (router::desired).
  [[nodiscard]] Result<Candidate> prepare(network::Netmap netmap, WallTime now);
  // In force from the next round on, also after go_down(). Without a preparation: the same errors,
  // and what was in force still is.
  void take(Candidate candidate);
  Result<> take(network::Netmap netmap, WallTime now);
  void go_down();  // nothing of ours is wanted, and the sysctls as they were

  [[nodiscard]] bool is_down() const { return down_; }

  // Prefixes of the network in force that the host uses for something else.
  [[nodiscard]] const std::vector<router::Overlap>& overlaps() const { return snapshot_.overlaps; }

  // Looks again: what was left out for one that is gone is wanted from the next round on.
  void look_for_overlaps();

  [[nodiscard]] const router::Host& host() const { return snapshot_.host; }

  // None until the first was taken.
  [[nodiscard]] const network::Netmap* netmap() const {
    return has_netmap_ ? &snapshot_.netmap : nullptr;
  }

  // Peers' endpoints from a complete dump, for the day their device is deleted.
  void remember_endpoints(const std::vector<netlink::WgDevice>& devices, WallTime now);

  // A gateway of this router is being replaced: where its peers are is to be looked at often.
  [[nodiscard]] bool is_replacing() const;

  // With no netmap and not down: does nothing and is not settled.
  Round run(firewall::Depth depth, WallTime now);

  // What run() would do, or what it would with another network. Writes nothing.
  [[nodiscard]] Result<router::Plan> preview(WallTime now);
  [[nodiscard]] router::Plan preview(const Candidate& candidate);

  // The devices now, for a status. ErrorKind::NotFound devices are left out.
  [[nodiscard]] router::Dump<netlink::WgDevice> read_devices(WallTime now);
  [[nodiscard]] Result<std::vector<firewall::ForeignChain>> foreign_chains();
  // What the firewall has counted, for a status; no round asks for it.
  [[nodiscard]] Result<std::vector<firewall::Counter>> counters();

  // Whom the network in force lets in, and where there is none, whom the kernel's devices of ours
  // do, whoever made them.
  [[nodiscard]] Result<std::vector<router::Access>> let_in(WallTime now);

  // Those that the kernel has as wanted, for a status.
  [[nodiscard]] std::vector<router::Translator> translators();
  // Of those that are wanted, the devices whose translator this kernel does not take, and why. What
  // is there stays as it is, and the rest of a round is made as if it were as wanted.
  [[nodiscard]] std::map<std::string, Error> refusals() const;

  // At the next round; else not before another agent runs.
  void forget_refusals() { refusals_.clear(); }

  // What the translator of a device has counted. ErrorKind::NotFound: nothing keeps it.
  [[nodiscard]] Result<via6::Counters> translated(const std::string& device);

  // When time alone changes what is wanted; of the last round.
  [[nodiscard]] std::optional<WallTime> next_change() const;

 private:
  Result<const router::DesiredState*> wanted(WallTime now);
  Result<const router::DesiredState*> renew(WallTime now);  // for a network that is there
  [[nodiscard]] std::vector<router::Overlap> overlaps_of(const network::Netmap& netmap);
  [[nodiscard]] Result<std::vector<router::Overlap>> look_at_host(
      const std::vector<router::GatewayPrefix>& ours);
  Result<std::vector<netlink::WgDevice>> devices_of_ours();
  bool note_moves(const router::Dump<netlink::WgDevice>& devices);
  router::Reading read(const router::DesiredState& desired, firewall::Depth depth);
  [[nodiscard]] router::Plan plan(const router::DesiredState& desired,
                                  const router::KernelState& kernel) const;
  [[nodiscard]] bool is_as_left(const router::KernelState& kernel) const;
  const router::DesiredState& replace_desired(router::DesiredState fresh);
  Result<> remember_sysctls(const router::Plan& plan);
  void carry_out(const router::Plan& plan, const router::DesiredState& desired, Round& round);
  [[nodiscard]] bool is_in_force(const firewall::Ruleset& ruleset);
  void forget_desired();
  void forget_revoked(const router::DesiredState& desired, Round& round);
  [[nodiscard]] const router::DesiredState* known() const;
  void leave();
  void note_gone(std::vector<net::Alias> aliases);
  void write_ahead(const router::DesiredState& desired, Round& round);
  void look_and_mend(Result<const router::DesiredState*> desired, WallTime now, Round& round);
  void finish(Round& round);
  void second_look(const router::DesiredState& desired, Round& round);

  router::Sinks sinks_;
  const router::KeyRing& keys_;
  const RuntimeFolder& folder_;
  router::Snapshot snapshot_;
  bool has_netmap_ = false;
  bool down_ = false;
  // Kept between rounds, since it follows from the netmap, the host and the time alone; the
  // endpoints in it may be older than last_seen, and are made afresh before they are used.
  std::optional<router::DesiredState> desired_;
  bool endpoints_are_old_ = false;
  bool settled_ = false;  // by the last round, which was of desired_
  // Those of before, which the last round found or made as they were to be. A round uses them up.
  std::vector<router::Device> left_;
  // The ruleset in force before the netmap changed: the contents of the sets that the kernel's
  // digest stands for, so that they need not be listed.
  std::optional<firewall::Ruleset> previous_ruleset_;
  std::optional<firewall::Filter> previous_filter_;  // of what was wanted, while nothing is
  std::optional<Error> host_unread_;       // why nobody knows what the host uses its addresses for
  std::map<std::string, Error> refusals_;  // by device, also of one that has gone
  // All of the table is to be read: somebody asked for it, or writing it failed, and since then it
  // has not been read.
  bool look_whole_ = false;
  // Among these connections may be tracked that the ruleset in force would not let begin. At first
  // among all: who knows what ran before.
  std::vector<firewall::Openings> revoked_ = {firewall::Openings{}};
  std::vector<net::Alias> gone_aliases_;  // by which some of them may have come
};

}  // namespace cw::agent
