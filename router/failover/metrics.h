// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "router/api/failover_status.h"

// A failover status as Prometheus text. Pure. Series a gateway and a sibling, a target, a role;
// none a peer.
namespace cw::failover {

[[nodiscard]] std::string to_metrics(const api::FailoverStatus& status);

}  // namespace cw::failover
