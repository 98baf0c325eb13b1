// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "router/model/ownership.h"
#include "router/plan/desired.h"
#include "router/plan/plan.h"
#include "tests/support/model_kernel.h"
#include "tests/support/networks.h"
#include "tests/unit/router/random_snapshot.h"

// The laws of the plan, over random networks and random damage to the kernel. Those over readings
// of the kernel that fit together in no way are in plan_mixture_test.cpp.
namespace cw::router {
namespace {

using firewall::Depth;

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
  switch (*rc::gen::inRange(0, 13)) {
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
    case 9:
      kernel.replace_translator(device.name, "");
      break;
    case 10:
      kernel.replace_translator(device.name, "foreign");
      break;
    case 11:
      kernel.translated.erase(device.name);
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

TEST(PlanLaws, WhatIsWantedAfterAnotherStateIsWhatIsWantedAnew) {
  EXPECT_TRUE(rc::check([] {
    const auto before = *desired(random_snapshot());
    const auto snapshot = random_snapshot();
    RC_ASSERT(*desired(snapshot, &before) == *desired(snapshot));
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

}  // namespace
}  // namespace cw::router
