// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"

namespace cw::network {

// Refuses JSON nested deeper than anything of ours (kDeepestNesting): nlohmann's parser keeps its
// own stack, but what it makes is taken apart by recursion. Before parsing, so it takes any text.
Result<> check_depth(std::string_view json);

}  // namespace cw::network
