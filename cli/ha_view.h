// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/table.h"
#include "router/api/failover_status.h"

// What causeway-failover says of itself, as text for people: what is wrong first, then who owns
// what. Pure.
namespace cw::cli {

[[nodiscard]] std::string view(const api::FailoverStatus& status, Colour colour);

}  // namespace cw::cli
