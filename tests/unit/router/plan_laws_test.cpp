// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "router/model/ownership.h"
#include "router/plan/desired.h"
#include "router/plan/plan.h"
#include "tests/support/model_kernel.h"
#include "tests/support/networks.h"

// The laws of the plan, over random networks and random damage to the kernel.
namespace cw::router {
namespace {

using firewall::Depth;

Snapshot random_snapshot() {
  const auto gateways = *rc::gen::inRange(1U, 3U);
  auto snapshot = test::snapshot(gateways, *rc::gen::inRange(0U, 12U));
  snapshot.host.ipv6 = *rc::gen::arbitrary<bool>();
  for (auto& peer : snapshot.netmap.peers) {
    peer.enabled = *rc::gen::weightedElement<bool>({{4, true}, {1, false}});
    if (*rc::gen::weightedElement<bool>({{3, false}, {1, true}})) {
      snapshot.last_seen[peer.public_key] = {{*net::Ip::parse("203.0.113.2"), 4000}, snapshot.now};
    }
  }
  // Two people who exchange their addresses: the hard case for allowed IPs.
  if (snapshot.netmap.peers.size() > 2 && *rc::gen::arbitrary<bool>()) {
    std::swap(snapshot.netmap.peers[0].address, snapshot.netmap.peers[1].address);
  }
  return snapshot;
}

Plan plan_now(test::ModelKernel& kernel, const DesiredState& wanted) {
  auto sinks = kernel.sinks();
  return plan(wanted, read_kernel(sinks, wanted, Depth::Full).state);
}

void apply_now(test::ModelKernel& kernel, const Plan& plan) {
  auto sinks = kernel.sinks();
  RC_ASSERT(apply(plan, sinks, test::key_ring()).ok());
}

// Things that other programs and people do to a running router.
void damage(test::ModelKernel& kernel, const DesiredState& wanted) {
  const auto& device = wanted.devices.at(*rc::gen::inRange<std::size_t>(0, wanted.devices.size()));
  switch (*rc::gen::inRange(0, 10)) {
    case 0:
      RC_ASSERT(kernel.remove_link(device.name).has_value());
      break;
    case 1:
      kernel.set_down(device.name);
      break;
    case 2:
      kernel.nft.flush();
      break;
    case 3:
      kernel.nft.edit_structure();
      break;
    case 4:
      kernel.sysctls["net/ipv4/ip_forward"] = "0";
      break;
    case 5:
      RC_ASSERT(kernel.remove_rule(*rc::gen::elementOf(wanted.rules)).has_value());
      break;
    case 6:
      RC_ASSERT(kernel.remove_route(*rc::gen::elementOf(wanted.routes)).has_value());
      break;
    case 7:
      RC_ASSERT(kernel
                    .change({.device = device.name,
                             .listen_port = std::uint16_t{1},
                             .fwmark = 7U,
                             .peers = {{.key = test::public_key(4242),
                                        .allowed_ips = {wanted.addresses[0].prefix}}}})
                    .has_value());
      break;
    case 8:
      RC_ASSERT(kernel.create_wireguard("cw-stray", 1500).has_value());
      break;
    default:
      RC_ASSERT(kernel.set_mtu(device.name, 1280).has_value());
      break;
  }
}

TEST(PlanLaws, ApplyingItGivesTheDesiredStateAndThenItIsEmpty) {
  EXPECT_TRUE(rc::check([] {
    const auto wanted = *desired(random_snapshot());
    test::ModelKernel kernel;
    apply_now(kernel, plan_now(kernel, wanted));
    RC_ASSERT(plan_now(kernel, wanted).empty());
  }));
}

TEST(PlanLaws, OnePlanMendsAnyDamage) {
  EXPECT_TRUE(rc::check([] {
    const auto wanted = *desired(random_snapshot());
    test::ModelKernel kernel;
    apply_now(kernel, plan_now(kernel, wanted));
    for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
      // Damage to what an earlier damage removed is none; the model says so with an error.
      if (kernel.links().value().size() == 1 + wanted.devices.size()) {
        damage(kernel, wanted);
      }
    }
    apply_now(kernel, plan_now(kernel, wanted));
    RC_ASSERT(to_lines(plan_now(kernel, wanted)).empty());
  }));
}

TEST(PlanLaws, MovesFromAnyNetworkToAnyOtherInOneStep) {
  EXPECT_TRUE(rc::check([] {
    const auto before = *desired(random_snapshot());
    const auto after = *desired(random_snapshot());
    test::ModelKernel kernel;
    apply_now(kernel, plan_now(kernel, before));
    apply_now(kernel, plan_now(kernel, after));
    RC_ASSERT(to_lines(plan_now(kernel, after)).empty());
  }));
}

TEST(PlanLaws, IsDeterministic) {
  EXPECT_TRUE(rc::check([] {
    const auto snapshot = random_snapshot();
    test::ModelKernel kernel;
    RC_ASSERT(plan_now(kernel, *desired(snapshot)) == plan_now(kernel, *desired(snapshot)));
  }));
}

TEST(PlanLaws, NeverNamesADeviceOfSomebodyElse) {
  EXPECT_TRUE(rc::check([] {
    test::ModelKernel kernel;
    const std::string foreign = *rc::gen::element<std::string>("wg0", "eth1", "tailscale0", "c");
    RC_ASSERT(kernel.create_wireguard(foreign, 1400).has_value());
    const auto wanted = *desired(random_snapshot());
    for (const auto& state : {wanted, DesiredState{}}) {
      for (const auto& line : to_lines(plan_now(kernel, state))) {
        RC_ASSERT(line.find(" " + foreign + " ") == std::string::npos);
      }
    }
  }));
}

TEST(PlanLaws, PrunesNothingThatWasNotReadWhole) {
  EXPECT_TRUE(rc::check([] {
    const auto wanted = *desired(random_snapshot());
    test::ModelKernel kernel;
    apply_now(kernel, plan_now(kernel, wanted));
    auto sinks = kernel.sinks();
    auto state = read_kernel(sinks, wanted, Depth::Full).state;
    state.links.complete = state.devices.complete = state.addresses.complete = false;
    state.routes.complete = state.rules.complete = false;
    state.firewall.reset();
    RC_ASSERT(plan(DesiredState{}, state).empty());
  }));
}

}  // namespace
}  // namespace cw::router
