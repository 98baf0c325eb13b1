// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "router/api/status.h"

// A status as Prometheus text (exposition format 0.0.4). Pure. Numbers a gateway, never a series a
// peer: 10,000 peers would be 10,000 series that change names with the people; only a key that is
// flapping is named, since somebody has to be told.
namespace cw::agent {

[[nodiscard]] std::string to_metrics(const api::Status& status);

}  // namespace cw::agent
