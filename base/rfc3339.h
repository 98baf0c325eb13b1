// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

// Times as text, "2027-01-31T18:00:00Z": RFC 3339, always UTC, whole seconds. Pure.
namespace cw {

[[nodiscard]] std::string to_rfc3339(WallTime time);

// Only what to_rfc3339 writes.
Result<WallTime> from_rfc3339(std::string_view text);

}  // namespace cw
