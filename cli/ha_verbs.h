// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/failover_client.h"
#include "cli/terminal.h"
#include "cli/verbs.h"

// What `causeway ha VERB` does: asks, prints, and returns the exit status.
namespace cw::cli {

int ha_status(const FailoverClient& failover, Form form, const Terminal& terminal);
int ha_move(const FailoverClient& failover, const api::Move& wish, const Terminal& terminal);
int ha_drain(const FailoverClient& failover, const Terminal& terminal);
int ha_serve(const FailoverClient& failover, const Terminal& terminal);

}  // namespace cw::cli
