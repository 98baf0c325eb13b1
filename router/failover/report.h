// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/clock.h"
#include "ha/state.h"
#include "router/api/failover_status.h"
#include "router/failover/books.h"
#include "router/failover/story.h"

// A status from what the process holds. Pure.
namespace cw::failover {

// The gateways and what is of the core; the rest is the caller's to fill in.
[[nodiscard]] api::FailoverStatus report(const ha::State& state, const Books& books,
                                         const Story& story, SteadyTime now, WallTime wall);

}  // namespace cw::failover
