// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "router/model/desired_state.h"
#include "router/model/kernel_state.h"
#include "router/model/plan.h"

// The difference between what should be and what is, as ordered steps. Pure. Laws, tested:
// plan(d, d) is empty; applying plan(d, k) to k gives d; it is deterministic; it never names
// anything that is not ours; what was not read whole is not pruned.
namespace cw::router {

[[nodiscard]] Plan plan(const DesiredState& desired, const KernelState& kernel);

}  // namespace cw::router
