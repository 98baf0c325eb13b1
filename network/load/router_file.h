// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <tl/expected.hpp>

#include "network/router_config.h"

namespace cw::network {

// Reads and parses router.toml; a file that cannot be read is a diagnostic like any other.
[[nodiscard]] tl::expected<RouterConfig, Diagnostics> read_router_file(const std::string& path);

}  // namespace cw::network
