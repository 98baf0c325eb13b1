// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "base/result.h"
#include "firewall/ruleset/sink.h"
#include "net/key.h"
#include "netlink/codec/sinks.h"
#include "router/model/desired_state.h"
#include "router/model/kernel_state.h"
#include "router/model/plan.h"
#include "via6/sink.h"

// Reads the kernel into a KernelState and carries out a plan, through sinks. Decides nothing: a
// step that fails is reported and those that depend on it are left out; the next plan, made from
// what the kernel then says, retries. Blocking, one thread.
namespace cw::router {

struct Sinks {
  netlink::RouteSink& routes;
  netlink::WireGuardSink& wireguard;
  netlink::SysctlSink& sysctls;
  firewall::FirewallSink& firewall;
  netlink::ConntrackSink& conntrack;
  via6::TranslatorSink& translators;
  // Called when other rules decide, before what they replace is cleared away; may be none.
  std::function<void()> decided = {};
};

// The private keys, by their public halves.
using KeyRing = std::map<net::PublicKey, net::PrivateKey>;

// Only what `desired` asks about (its sysctls, its sets) and what is ours. A part that cannot be
// read is left incomplete and its error is in `errors`.
struct Reading {
  KernelState state;
  std::vector<Error> errors;
};

[[nodiscard]] Reading read_kernel(Sinks& sinks, const DesiredState& desired, firewall::Depth depth);

// Does not ask for the peers, which costs as much as all else for ten thousand: those devices that
// are there are taken to be as they were left. Depth::Digest. For what is read whole right after.
[[nodiscard]] Reading read_all_but_devices(Sinks& sinks, const DesiredState& desired,
                                           std::vector<Device> left);

struct Outcome {
  std::size_t step = 0;  // its place in the plan
  std::optional<Error> error;
  bool left_out = false;  // an earlier step that it depends on failed
};

struct Report {
  std::vector<Outcome> outcomes;

  [[nodiscard]] bool ok() const;
};

[[nodiscard]] Report apply(const Plan& plan, Sinks& sinks, const KeyRing& keys);

}  // namespace cw::router
